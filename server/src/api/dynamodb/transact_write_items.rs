//! TransactWriteItems.

use std::collections::BTreeMap;

use companions::dynamodb::{Action, Condition, Expressions, Role, Write};
use companions::{CancellationReason, CompanionsError};
use wire::dynamodb::{AttributeValue, TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput};
use wire::{Encode, Encoder};

use super::answer::capacity;
use super::attribute::{Attributes, required, shown};
use super::condition::expressions;
use super::{invalid, table_name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: TransactWriteItemsInput,
) -> Result<TransactWriteItemsOutput, ApiError> {
    let items = input.transact_items.unwrap_or_default();
    let read = items.into_iter().map(|item| write(caller, item)).collect::<Result<Vec<_>, _>>()?;
    let (writes, on_failure): (Vec<Write>, Vec<Option<String>>) = read.into_iter().unzip();
    let mut units = BTreeMap::<String, f64>::new();
    for write in &writes {
        // A transaction reads and writes each item.
        *units.entry(write.table.as_str().to_owned()).or_default() += 2.0;
    }
    let done = app.dynamodb.transact(&caller.scope, writes, input.client_request_token).await;
    done.map_err(|error| canceled(error, &on_failure))?;
    let asked = input.return_consumed_capacity.as_deref();
    let consumed: Vec<_> = units.iter().filter_map(|(table, units)| capacity(asked, table, *units)).collect();
    Ok(TransactWriteItemsOutput {
        consumed_capacity: (!consumed.is_empty()).then_some(consumed),
        item_collection_metrics: None,
    })
}

/// One write, and what it wants to be told when its condition fails.
fn write(caller: &Caller, item: TransactWriteItem) -> Result<(Write, Option<String>), ApiError> {
    let TransactWriteItem { condition_check, delete, put, update } = item;
    match (condition_check, delete, put, update) {
        (Some(check), None, None, None) => {
            let mut read = expressions(check.expression_attribute_names, check.expression_attribute_values)?;
            let action = Action::Check(required(check.key)?);
            let condition = condition(&mut read, check.condition_expression.as_deref())?;
            finish(caller, check.table_name, action, condition, read, check.return_values_on_condition_check_failure)
        }
        (None, Some(delete), None, None) => {
            let mut read = expressions(delete.expression_attribute_names, delete.expression_attribute_values)?;
            let action = Action::Delete(required(delete.key)?);
            let condition = condition(&mut read, delete.condition_expression.as_deref())?;
            finish(caller, delete.table_name, action, condition, read, delete.return_values_on_condition_check_failure)
        }
        (None, None, Some(put), None) => {
            let mut read = expressions(put.expression_attribute_names, put.expression_attribute_values)?;
            let action = Action::Put(required(put.item)?);
            let condition = condition(&mut read, put.condition_expression.as_deref())?;
            finish(caller, put.table_name, action, condition, read, put.return_values_on_condition_check_failure)
        }
        (None, None, None, Some(update)) => {
            let mut read = expressions(update.expression_attribute_names, update.expression_attribute_values)?;
            let change = read.update(&update.update_expression.unwrap_or_default())?;
            let action = Action::Update(required(update.key)?, change);
            let condition = condition(&mut read, update.condition_expression.as_deref())?;
            finish(caller, update.table_name, action, condition, read, update.return_values_on_condition_check_failure)
        }
        _ => Err(invalid("TransactItems can only contain one of Check, Put, Update or Delete")),
    }
}

fn condition(expressions: &mut Expressions, text: Option<&str>) -> Result<Condition, ApiError> {
    Ok(text.map_or(Ok(Condition::ALWAYS), |text| expressions.condition(Role::Condition, text))?)
}

fn finish(
    caller: &Caller,
    table: Option<String>,
    action: Action,
    condition: Condition,
    expressions: Expressions,
    on_failure: Option<String>,
) -> Result<(Write, Option<String>), ApiError> {
    expressions.finish()?;
    Ok((Write { table: table_name(caller, table.as_deref())?, action, condition }, on_failure))
}

/// The error with a reason for each write.
fn canceled(error: CompanionsError, on_failure: &[Option<String>]) -> ApiError {
    let CompanionsError::TransactionCanceled(reasons) = &error else { return error.into() };
    let reasons = reasons.iter().zip(on_failure).map(|(reason, wanted)| Reason {
        code: reason.code(),
        message: match reason {
            CancellationReason::None => None,
            CancellationReason::ConditionFailed { .. } => Some("The conditional request failed".to_owned()),
            CancellationReason::Invalid(message) => Some(message.clone()),
        },
        item: match reason {
            CancellationReason::ConditionFailed { item: Some(item) } if wanted.as_deref() == Some("ALL_OLD") => {
                Some(shown(item))
            }
            _ => None,
        },
    });
    let reasons: Vec<Reason> = reasons.collect();
    ApiError::from(error).with_member("CancellationReasons", &reasons)
}

/// Model shape `CancellationReason`; errors are not generated.
struct Reason {
    code: &'static str,
    message: Option<String>,
    item: Option<Attributes>,
}

impl Encode for Reason {
    fn encode(&self, out: &mut dyn Encoder) {
        out.begin_structure("CancellationReason");
        out.member("Code");
        out.string(self.code);
        if let Some(message) = &self.message {
            out.member("Message");
            out.string(message);
        }
        if let Some(item) = &self.item {
            out.member("Item");
            BTreeMap::<String, AttributeValue>::encode(item, out);
        }
        out.end_structure();
    }
}
