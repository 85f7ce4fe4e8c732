//! DataFusion's logical plan to operators: a chain from one table, with at most one aggregation over windows.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::{Aggregate, Expr, LogicalPlan};
use datafusion_physical_expr::aggregate::LoweredAggregateBuilder;
use sqlparser::tokenizer::Location;

use super::SqlError;
use super::physical::{physical, with_simple_arguments};
use super::source::WINDOW_COLUMNS;
use crate::program::{AggregateCall, Operator, WindowAggregate};

/// The operators of a query.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The table read, or the name of a window function over it.
    pub(crate) table: String,
    pub(crate) before: Vec<Operator>,
    pub(crate) aggregate: Option<WindowAggregate>,
    pub(crate) after: Vec<Operator>,
    pub(crate) schema: SchemaRef,
    /// Which columns are still a bound of the window.
    roles: Vec<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Start,
    End,
    Other,
}

/// Lowers an analysed plan; `place` is that of the query.
pub(crate) fn lower(plan: &LogicalPlan, place: Location) -> Result<Chain, SqlError> {
    let planner = |error: DataFusionError| SqlError::planner(&error, place);
    match plan {
        LogicalPlan::TableScan(scan) => {
            let table = scan.table_name.table().to_string();
            let schema = scan.source.schema();
            // Only a window function's name starts with this character.
            let windowed = table.starts_with('\u{1}');
            let bounds = |name: &String| match WINDOW_COLUMNS.iter().position(|known| windowed && known == name) {
                Some(0) => Role::Start,
                Some(1) => Role::End,
                _ => Role::Other,
            };
            let roles = schema.fields().iter().map(|field| bounds(field.name())).collect();
            Ok(Chain { table, before: Vec::new(), aggregate: None, after: Vec::new(), schema, roles })
        }
        LogicalPlan::SubqueryAlias(alias) => lower(&alias.input, place),
        LogicalPlan::Filter(filter) => {
            let mut chain = lower(&filter.input, place)?;
            let predicate = physical(&filter.predicate, filter.input.schema()).map_err(planner)?;
            chain.push(Operator::Filter(predicate));
            Ok(chain)
        }
        LogicalPlan::Projection(projection) => {
            let mut chain = lower(&projection.input, place)?;
            let input = projection.input.schema();
            let mut expressions = Vec::with_capacity(projection.expr.len());
            let mut roles = Vec::with_capacity(projection.expr.len());
            for expression in &projection.expr {
                expressions.push(physical(expression, input).map_err(planner)?);
                roles.push(chain.role(expression, input));
            }
            chain.schema = renamed(projection.schema.as_arrow());
            chain.roles = roles;
            let schema = chain.schema.clone();
            chain.push(Operator::Project { expressions, schema });
            Ok(chain)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let chain = lower(&aggregate.input, place)?;
            chain.aggregated(aggregate, place)
        }
        LogicalPlan::Distinct(_) => Err(SqlError::at(place, "DISTINCT is supported in COUNT(DISTINCT x) only")),
        other => {
            let message = format!("{} is not supported in a streaming query", other.display());
            Err(SqlError::at(place, message))
        }
    }
}

/// A plan's columns may share a name; a batch is only read by index, so only the types matter. All may be NULL.
fn renamed(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(
        schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>(),
    ))
}

impl Chain {
    fn push(&mut self, operator: Operator) {
        if self.aggregate.is_some() { self.after.push(operator) } else { self.before.push(operator) }
    }

    fn role(&self, expression: &Expr, input: &DFSchema) -> Role {
        match expression.clone().unalias() {
            Expr::Column(column) => input.index_of_column(&column).map_or(Role::Other, |index| self.roles[index]),
            _ => Role::Other,
        }
    }

    fn aggregated(mut self, aggregate: &Aggregate, place: Location) -> Result<Self, SqlError> {
        let planner = |error: DataFusionError| SqlError::planner(&error, place);
        if self.aggregate.is_some() {
            return Err(SqlError::at(
                place,
                "an aggregation over an aggregation is not supported; write the first result to a stream and read it",
            ));
        }
        let input = aggregate.input.schema();
        let mut roles: Vec<_> = aggregate.group_expr.iter().map(|key| self.role(key, input)).collect();
        let position = |role: Role| roles.iter().position(|known| *known == role);
        let (Some(start), Some(end)) = (position(Role::Start), position(Role::End)) else {
            let hint = "an aggregation needs a window: FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)) \
                        GROUP BY window_start, window_end [, keys]";
            return Err(SqlError::at(place, hint));
        };
        let keys = aggregate.group_expr.iter().map(|key| physical(key, input)).collect::<Result<Vec<_>, _>>();
        let mut calls = Vec::with_capacity(aggregate.aggr_expr.len());
        for call in &aggregate.aggr_expr {
            let call = with_simple_arguments(call, input).map_err(planner)?;
            let lowered = LoweredAggregateBuilder::new(&call, input, input.as_arrow(), &ExecutionProps::new()).build();
            let lowered = lowered.map_err(planner)?;
            if !lowered.order_bys.is_empty() {
                return Err(SqlError::at(place, "ORDER BY inside an aggregate is not supported"));
            }
            calls.push(AggregateCall { function: lowered.aggregate, filter: lowered.filter });
        }
        roles.extend(calls.iter().map(|_| Role::Other));
        self.schema = renamed(aggregate.schema.as_arrow());
        self.roles = roles;
        let schema = self.schema.clone();
        self.aggregate = Some(WindowAggregate { keys: keys.map_err(planner)?, start, end, calls, schema });
        Ok(self)
    }
}
