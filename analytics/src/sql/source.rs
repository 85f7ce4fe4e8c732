//! Declared tables to planned ones: computed columns and watermarks become physical expressions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::DFSchema;
use datafusion_common::tree_node::TreeNode;
use datafusion_expr::ExprSchemable;
use datafusion_optimizer::analyzer::type_coercion::TypeCoercionRewriter;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_sql::planner::PlannerContext;
use sqlparser::ast::{Expr as AstExpr, Spanned};
use sqlparser::tokenizer::Location;

use super::context::Context;
use super::physical::physical;
use super::syntax::check_expression;
use super::table::{ColumnKind, TableDeclaration};
use super::{SqlError, SqlType, guard};
use crate::program::{Input, InputKind, Sink, SinkColumn, Source, TableColumn, Watermark};

/// The three columns that a window function adds.
pub(crate) const WINDOW_COLUMNS: [&str; 3] = ["window_start", "window_end", "window_time"];

/// A source and what queries see of it.
#[derive(Debug)]
pub(crate) struct SourceTable {
    pub(crate) source: Source,
}

impl SourceTable {
    /// Plans a table that is read.
    pub(crate) fn plan(table: &TableDeclaration, idle_timeout: Duration) -> Result<Self, SqlError> {
        let mut inputs = Vec::new();
        for column in &table.columns {
            let (sql_type, kind) = match column.kind {
                ColumnKind::Physical { sql_type, not_null } => (sql_type, InputKind::Field { not_null }),
                ColumnKind::Metadata { sql_type, key } => (sql_type, InputKind::Metadata(key)),
                ColumnKind::Computed(_) => continue,
            };
            inputs.push(Input { name: column.name.clone(), sql_type, kind });
        }
        let fields: Vec<_> = inputs.iter().map(|i| Field::new(&i.name, i.sql_type.arrow(), true)).collect();
        let input_schema: SchemaRef = Arc::new(Schema::new(fields));
        let (columns, schema) = plan_columns(table, &inputs, &input_schema)?;
        let watermark = plan_watermark(table, &schema)?;
        let options = &table.options;
        let source = Source {
            name: table.name.clone(),
            stream: options.stream.clone(),
            position: options.position,
            idle_timeout: options.idle_timeout.unwrap_or(idle_timeout),
            ignore_parse_errors: options.ignore_parse_errors,
            fail_on_missing_field: options.fail_on_missing_field,
            timestamps: options.timestamps,
            inputs,
            input_schema,
            columns,
            schema,
            watermark,
        };
        Ok(Self { source })
    }

    /// The columns of a window over the table.
    pub(crate) fn windowed_schema(&self) -> SchemaRef {
        let added = WINDOW_COLUMNS.map(|name| Arc::new(Field::new(name, SqlType::Timestamp.arrow(), true)));
        Arc::new(Schema::new(self.source.schema.fields().iter().cloned().chain(added).collect::<Vec<_>>()))
    }
}

fn plan_columns(
    table: &TableDeclaration,
    inputs: &[Input],
    input_schema: &SchemaRef,
) -> Result<(Vec<TableColumn>, SchemaRef), SqlError> {
    let (mut columns, mut fields) = (Vec::new(), Vec::new());
    for column in &table.columns {
        match &column.kind {
            ColumnKind::Computed(expression) => {
                let (planned, data_type) = plan_expression(expression, input_schema, column.place)?;
                fields.push(Field::new(&column.name, data_type, true));
                columns.push(TableColumn::Computed(planned));
            }
            _ => {
                // Every other column is an input, in the same order.
                let index = columns.iter().filter(|c| matches!(c, TableColumn::Input(_))).count();
                fields.push(Field::new(&column.name, inputs[index].sql_type.arrow(), true));
                columns.push(TableColumn::Input(index));
            }
        }
    }
    Ok((columns, Arc::new(Schema::new(fields))))
}

fn plan_watermark(table: &TableDeclaration, schema: &SchemaRef) -> Result<Option<Watermark>, SqlError> {
    let Some(declared) = &table.watermark else { return Ok(None) };
    let Some((column, field)) = schema.column_with_name(&declared.column) else {
        return Err(SqlError::at(declared.place, format!("there is no column {}", declared.column)));
    };
    if !SqlType::of_arrow(field.data_type()).is_some_and(SqlType::is_timestamp) {
        let hint = "the watermark needs a TIMESTAMP(3) or TIMESTAMP_LTZ(3) column; declare a computed column, such as \
                    ts AS TO_TIMESTAMP_LTZ(epoch_millis, 3)";
        return Err(SqlError::at(declared.place, hint));
    }
    let place = declared.expression.span().start;
    let place = if place.line == 0 { declared.place } else { place };
    let (expression, data_type) = plan_expression(&declared.expression, schema, place)?;
    if !SqlType::of_arrow(&data_type).is_some_and(SqlType::is_timestamp) {
        return Err(SqlError::at(place, "a watermark is a time, such as ts - INTERVAL '5' SECOND"));
    }
    Ok(Some(Watermark { column, expression }))
}

/// Plans an expression over the columns of one table.
fn plan_expression(
    expression: &AstExpr,
    schema: &SchemaRef,
    place: Location,
) -> Result<(Arc<dyn PhysicalExpr>, DataType), SqlError> {
    let mut expression = expression.clone();
    check_expression(&mut expression, place)?;
    let context = Context::new(HashMap::new());
    let plan = || -> datafusion_common::Result<_> {
        let schema = DFSchema::try_from(schema.as_ref().clone())?;
        let logical = context.planner().sql_to_expr(expression, &schema, &mut PlannerContext::new())?;
        guard::check(&logical, &schema)?;
        let coerced = logical.rewrite(&mut TypeCoercionRewriter::new(&schema))?.data;
        let data_type = coerced.get_type(&schema)?;
        Ok((physical(&coerced, &schema)?, data_type))
    };
    let (planned, data_type) = plan().map_err(|error| SqlError::planner(&error, place))?;
    if SqlType::of_arrow(&data_type).is_none() {
        return Err(SqlError::at(place, format!("a column cannot be of type {data_type}; CAST it")));
    }
    Ok((planned, data_type))
}

/// Plans a table that is written.
pub(crate) fn plan_sink(table: &TableDeclaration) -> Result<Sink, SqlError> {
    let mut columns = Vec::new();
    for column in &table.columns {
        if let ColumnKind::Physical { sql_type, not_null } = column.kind {
            columns.push(SinkColumn { name: column.name.clone(), sql_type, not_null });
        }
    }
    if columns.is_empty() {
        return Err(SqlError::at(table.place, format!("{} has no column to write", table.name)));
    }
    let index = |name: &String| columns.iter().position(|column| column.name == *name);
    let partitioned_by = table.partitioned_by.iter().filter_map(index).collect();
    Ok(Sink {
        name: table.name.clone(),
        stream: table.options.stream.clone(),
        timestamps: table.options.timestamps,
        partitioned_by,
        partition_delimiter: table.options.partition_delimiter.clone(),
        columns,
    })
}
