//! Query.

use companions::dynamodb::{PageRequest, Role, What};
use wire::dynamodb::{QueryInput, QueryOutput};

use super::answer::{capacity, read_units};
use super::condition::{Legacy, condition, expressions, mixed, projection};
use super::page::{self, Shown};
use super::{invalid, table_name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: QueryInput) -> Result<QueryOutput, ApiError> {
    let table = table_name(caller, input.table_name.as_deref())?;
    let mut expressions = expressions(input.expression_attribute_names, input.expression_attribute_values)?;
    let key = match (input.key_condition_expression.as_deref(), page::legacy(input.key_conditions)) {
        (None, None) => {
            return Err(invalid(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the \
                                request.",
            ));
        }
        (Some(_), Some(_)) => return Err(mixed("KeyConditions", "KeyConditionExpression")),
        (text, map) => {
            let legacy = Legacy { name: "KeyConditions", map, operator: None };
            condition(&mut expressions, Role::KeyCondition, text, legacy)?
        }
    };
    let legacy =
        Legacy { name: "QueryFilter", map: page::legacy(input.query_filter), operator: input.conditional_operator };
    let filter = condition(&mut expressions, Role::Filter, input.filter_expression.as_deref(), legacy)?;
    let projection = projection(&mut expressions, input.projection_expression.as_deref(), input.attributes_to_get)?;
    expressions.finish()?;
    let selection = page::selection(input.select.as_deref(), projection.as_deref(), input.index_name.as_deref())?;
    let consistent = input.consistent_read == Some(true);
    let request = PageRequest {
        table,
        index: input.index_name,
        filter,
        projection,
        limit: page::limit(input.limit)?,
        start: page::start(input.exclusive_start_key)?,
        consistent,
        all_attributes: selection.all_attributes,
        what: What::Query { key, forward: input.scan_index_forward != Some(false) },
    };
    let found = app.dynamodb.page(&caller.scope, &request)?;
    let units = read_units(found.bytes, consistent);
    let Shown { items, count, scanned_count, last_evaluated_key } = Shown::of(&found, selection);
    let consumed_capacity = capacity(input.return_consumed_capacity.as_deref(), request.table.as_str(), units);
    Ok(QueryOutput { consumed_capacity, count, items, last_evaluated_key, scanned_count })
}
