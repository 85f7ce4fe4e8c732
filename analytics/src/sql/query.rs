//! INSERT INTO … SELECT: the query is checked, planned by DataFusion, checked again for types, and lowered.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::ScalarValue;
use datafusion_expr::LogicalPlan;
use datafusion_optimizer::analyzer::Analyzer;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{Column, Literal, cast};
use sqlparser::ast::{Query, SelectItem, SetExpr, Spanned, Statement};
use sqlparser::tokenizer::{Location, TokenWithSpan};

use super::context::{Context, options};
use super::lower::{Chain, lower};
use super::script::Script;
use super::source::WINDOW_COLUMNS;
use super::syntax::parse_query;
use super::window::{WindowFunction, extract};
use super::{SqlError, SqlType, guard, tokens};
use crate::program::{Insert, Operator, Sink, WindowColumns};

/// Where the parts of the outermost SELECT stand, for refusals that only the plan shows.
#[derive(Debug)]
struct Places {
    query: Location,
    items: Vec<Location>,
    selection: Location,
    having: Location,
}

/// Compiles one INSERT; its sink index is set by the caller.
pub(crate) fn compile_insert(
    script: &mut Script,
    query: &[TokenWithSpan],
    place: Location,
    sink: &Sink,
    columns: Option<&[(String, Location)]>,
) -> Result<Insert, SqlError> {
    if !(tokens::is_keyword(&query[0].token, "SELECT") || tokens::is_keyword(&query[0].token, "WITH")) {
        return Err(SqlError::at(place, "write INSERT INTO sink SELECT … FROM source"));
    }
    let (rewritten, functions) = extract(query)?;
    let query = parse_query(rewritten, place)?;
    for token in script.tables.keys().cloned().collect::<Vec<_>>() {
        if mentions(&query, &token) || functions.iter().any(|function| function.table == token) {
            script.plan_source(&token)?;
        }
    }
    let places = Places::of(&query, place);
    let windows = functions.iter().map(|function| window(script, function)).collect::<Result<Vec<_>, _>>()?;
    let context = context(script, &functions, &windows);
    let statement = Statement::Query(Box::new(query));
    let planned = context.planner().sql_statement_to_plan(statement);
    let plan =
        planned.map_err(|error| condition(&error, &places).unwrap_or_else(|| SqlError::planner(&error, place)))?;
    check_types(&plan, &places, true)?;
    let analyzed = Analyzer::new().execute_and_check(plan, options(), |_, _| {});
    let plan = analyzed.map_err(|error| SqlError::planner(&error, place))?;
    let chain = lower(&plan, place)?;
    let index = functions.iter().position(|function| function.name == chain.table);
    let (source, windows) = match index {
        Some(index) => {
            let (source, columns) = windows.into_iter().nth(index).ok_or_else(|| unknown(&chain.table, place))?;
            (source, Some(columns))
        }
        None => (script.source(&chain.table).ok_or_else(|| unknown(&chain.table, place))?, None),
    };
    finish(chain, source, windows, sink, columns, place)
}

fn unknown(table: &str, place: Location) -> SqlError {
    SqlError::at(place, format!("there is no table {table}; it must be created above"))
}

/// Whether a name is written as a relation anywhere in the query.
fn mentions(query: &Query, table: &str) -> bool {
    let found = sqlparser::ast::visit_relations(query, |name| {
        let last = name.0.last().and_then(|part| part.as_ident());
        if last.is_some_and(|ident| ident.value == table) {
            return std::ops::ControlFlow::Break(());
        }
        std::ops::ControlFlow::Continue(())
    });
    found.is_break()
}

/// The source and the columns of a window function.
fn window(script: &Script, function: &WindowFunction) -> Result<(usize, WindowColumns), SqlError> {
    let source = script.source(&function.table).ok_or_else(|| unknown(&function.table, function.table_place))?;
    let table = &script.planned[source];
    let Some((time, _)) = table.source.schema.column_with_name(&function.time_column) else {
        let message = format!("table {} has no column {}", function.table, function.time_column);
        return Err(SqlError::at(function.time_place, message));
    };
    if table.source.watermark.as_ref().is_none_or(|watermark| watermark.column != time) {
        let column = &function.time_column;
        let hint = format!(
            "{column} has no watermark; declare WATERMARK FOR {column} AS {column} - INTERVAL '5' SECOND in {}",
            function.table
        );
        return Err(SqlError::at(function.time_place, hint));
    }
    if let Some(taken) = WINDOW_COLUMNS.iter().find(|name| table.source.schema.column_with_name(name).is_some()) {
        let message = format!("table {} has a column {taken} of its own; rename it", function.table);
        return Err(SqlError::at(function.place, message));
    }
    Ok((source, WindowColumns { time, windowing: function.windowing, schema: table.windowed_schema() }))
}

fn context(script: &Script, functions: &[WindowFunction], windows: &[(usize, WindowColumns)]) -> Context {
    let plain = script.planned.iter().map(|table| (table.source.name.clone(), table.source.schema.clone()));
    let windowed = functions.iter().zip(windows).map(|(function, (_, w))| (function.name.clone(), w.schema.clone()));
    Context::new(plain.chain(windowed).collect::<HashMap<_, _>>())
}

impl Places {
    fn of(query: &Query, place: Location) -> Self {
        let or_place = |location: Location| if location.line == 0 { place } else { location };
        let mut places = Self { query: place, items: Vec::new(), selection: place, having: place };
        if let SetExpr::Select(select) = &*query.body {
            let plain =
                |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
            if select.projection.iter().all(plain) {
                places.items = select.projection.iter().map(|item| or_place(item.span().start)).collect();
            }
            places.selection = select.selection.as_ref().map_or(place, |e| or_place(e.span().start));
            places.having = select.having.as_ref().map_or(place, |e| or_place(e.span().start));
        }
        places
    }
}

/// DataFusion's refusal of a WHERE that is not BOOLEAN, in our words and place.
fn condition(error: &datafusion_common::DataFusionError, places: &Places) -> Option<SqlError> {
    let text = error.find_root().strip_backtrace();
    let (_, data_type) = text.split_once("non-boolean predicate")?.1.rsplit_once(" returning ")?;
    let known = data_type.parse::<DataType>().ok().and_then(|data_type| SqlType::of_arrow(&data_type));
    let name = known.map_or_else(|| data_type.to_string(), |known| known.to_string());
    Some(SqlError::at(places.selection, format!("the condition of WHERE is {name}, not BOOLEAN")))
}

/// Checks the types in every expression of the plan, as the user wrote them.
fn check_types(plan: &LogicalPlan, places: &Places, outermost: bool) -> Result<(), SqlError> {
    for input in plan.inputs() {
        let inner = outermost && !matches!(plan, LogicalPlan::SubqueryAlias(_));
        check_types(input, places, inner)?;
        for (index, expression) in plan.expressions().iter().enumerate() {
            let place = match plan {
                LogicalPlan::Projection(_) if outermost => places.items.get(index).copied(),
                LogicalPlan::Filter(f) if outermost && matches!(&*f.input, LogicalPlan::Aggregate(_)) => {
                    Some(places.having)
                }
                LogicalPlan::Filter(_) if outermost => Some(places.selection),
                _ => None,
            };
            let checked = guard::check(expression, input.schema());
            checked.map_err(|error| SqlError::planner(&error, place.unwrap_or(places.query)))?;
        }
    }
    Ok(())
}

/// Brings the columns of the query into those of the sink.
fn finish(
    chain: Chain,
    source: usize,
    windows: Option<WindowColumns>,
    sink: &Sink,
    columns: Option<&[(String, Location)]>,
    place: Location,
) -> Result<Insert, SqlError> {
    let targets = targets(sink, columns)?;
    let given = chain.schema.fields();
    if targets.len() != given.len() {
        let message = format!("{} takes {} columns, the query gives {}", sink.name, targets.len(), given.len());
        return Err(SqlError::at(place, message));
    }
    let mut expressions: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
    for (index, column) in sink.columns.iter().enumerate() {
        let wanted = column.sql_type.arrow();
        let Some(position) = targets.iter().position(|target| *target == index) else {
            if column.not_null {
                let message = format!("{}.{} is NOT NULL and the query does not give it", sink.name, column.name);
                return Err(SqlError::at(place, message));
            }
            let null = ScalarValue::try_from(&wanted).map_err(|error| SqlError::planner(&error, place))?;
            expressions.push(Arc::new(Literal::new(null)));
            continue;
        };
        let field = &given[position];
        let fits = field.data_type() == &DataType::Null
            || SqlType::of_arrow(field.data_type()).is_some_and(|from| from.widens_to(column.sql_type));
        if !fits {
            let from = SqlType::of_arrow(field.data_type()).map_or(field.data_type().to_string(), |t| t.to_string());
            let hint = "CAST it in the query or change the table";
            let message = format!(
                "column {} of the query is {from}, {}.{} is {}; {hint}",
                position + 1,
                sink.name,
                column.name,
                column.sql_type
            );
            return Err(SqlError::at(place, message));
        }
        let read = Arc::new(Column::new(field.name(), position));
        let cast = cast(read, &chain.schema, wanted).map_err(|error| SqlError::planner(&error, place))?;
        expressions.push(cast);
    }
    let fields: Vec<_> = sink.columns.iter().map(|c| Field::new(&c.name, c.sql_type.arrow(), true)).collect();
    let project = Operator::Project { expressions, schema: Arc::new(Schema::new(fields)) };
    let Chain { mut before, aggregate, mut after, .. } = chain;
    if aggregate.is_some() {
        after.push(project)
    } else {
        before.push(project)
    }
    Ok(Insert { source, windows, before, aggregate, after, sink: 0 })
}

/// The sink's column for each column of the query.
fn targets(sink: &Sink, columns: Option<&[(String, Location)]>) -> Result<Vec<usize>, SqlError> {
    let Some(names) = columns else { return Ok((0..sink.columns.len()).collect()) };
    let mut targets = Vec::with_capacity(names.len());
    for (name, place) in names {
        let index = sink.columns.iter().position(|column| column.name == *name);
        let index = index.ok_or_else(|| SqlError::at(*place, format!("table {} has no column {name}", sink.name)))?;
        if targets.contains(&index) {
            return Err(SqlError::at(*place, format!("column {name} is given twice")));
        }
        targets.push(index);
    }
    Ok(targets)
}
