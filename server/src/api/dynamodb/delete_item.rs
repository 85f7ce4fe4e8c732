//! DeleteItem.

use companions::dynamodb::{Action, Role, Write};
use wire::dynamodb::{DeleteItemInput, DeleteItemOutput};

use super::answer::{capacity, write_error, write_units};
use super::attribute::{required, shown_if};
use super::condition::{Legacy, condition, expressions};
use super::{old_wanted, table_name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteItemInput) -> Result<DeleteItemOutput, ApiError> {
    let table = table_name(caller, input.table_name.as_deref())?;
    let old_wanted = old_wanted(input.return_values.as_deref())?;
    let mut expressions = expressions(input.expression_attribute_names, input.expression_attribute_values)?;
    let legacy = Legacy::expected(input.expected, input.conditional_operator);
    let condition = condition(&mut expressions, Role::Condition, input.condition_expression.as_deref(), legacy)?;
    expressions.finish()?;
    let write = Write { table: table.clone(), action: Action::Delete(required(input.key)?), condition };
    let written = app.dynamodb.write(&caller.scope, write).await;
    let on_failure = input.return_values_on_condition_check_failure;
    let written = written.map_err(|error| write_error(error, on_failure.as_deref()))?;
    Ok(DeleteItemOutput {
        attributes: shown_if(written.old.as_ref().filter(|_| old_wanted)),
        consumed_capacity: capacity(input.return_consumed_capacity.as_deref(), table.as_str(), write_units(&written)),
        item_collection_metrics: None,
    })
}
