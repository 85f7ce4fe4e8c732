//! UpdateItem.

use std::collections::BTreeMap;

use companions::dynamodb::{
    Action, AttributeUpdate, Expressions, Item, Path, Role, Update, Write, Written, project, updates,
};
use wire::dynamodb::{AttributeValueUpdate, UpdateItemInput, UpdateItemOutput};

use super::answer::{capacity, write_error, write_units};
use super::attribute::{Attributes, required, shown, value};
use super::condition::{Legacy, condition, expressions, mixed};
use super::table_name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: UpdateItemInput) -> Result<UpdateItemOutput, ApiError> {
    let table = table_name(caller, input.table_name.as_deref())?;
    if input.update_expression.is_some() && input.expected.is_some() {
        return Err(mixed("Expected", "UpdateExpression"));
    }
    if input.condition_expression.is_some() && input.attribute_updates.is_some() {
        return Err(mixed("AttributeUpdates", "ConditionExpression"));
    }
    let mut expressions = expressions(input.expression_attribute_names, input.expression_attribute_values)?;
    let update = update(&mut expressions, input.update_expression.as_deref(), input.attribute_updates)?;
    let legacy = Legacy::expected(input.expected, input.conditional_operator);
    let condition = condition(&mut expressions, Role::Condition, input.condition_expression.as_deref(), legacy)?;
    expressions.finish()?;
    let places = update.places();
    let write = Write { table: table.clone(), action: Action::Update(required(input.key)?, update), condition };
    let written = app.dynamodb.write(&caller.scope, write).await;
    let on_failure = input.return_values_on_condition_check_failure;
    let written = written.map_err(|error| write_error(error, on_failure.as_deref()))?;
    Ok(UpdateItemOutput {
        attributes: returned(input.return_values.as_deref(), &written, &places),
        consumed_capacity: capacity(input.return_consumed_capacity.as_deref(), table.as_str(), write_units(&written)),
        item_collection_metrics: None,
    })
}

/// The update in either language; without any, the one that changes nothing.
fn update(
    expressions: &mut Expressions,
    text: Option<&str>,
    legacy: Option<BTreeMap<String, AttributeValueUpdate>>,
) -> Result<Update, ApiError> {
    match (text, legacy) {
        (Some(_), Some(_)) => Err(mixed("AttributeUpdates", "UpdateExpression")),
        (Some(text), None) => Ok(expressions.update(text)?),
        (None, legacy) => {
            let one = |(name, update): (String, AttributeValueUpdate)| {
                let action = update.action.unwrap_or_else(|| "PUT".to_owned());
                Ok((name, AttributeUpdate { action, value: update.value.map(value).transpose()? }))
            };
            let all = legacy.unwrap_or_default().into_iter().map(one).collect::<Result<_, ApiError>>()?;
            Ok(updates(all)?)
        }
    }
}

/// What ReturnValues asks for; nothing instead of an empty map.
fn returned(asked: Option<&str>, written: &Written, places: &[Path]) -> Option<Attributes> {
    let (old, new) = (written.old.as_deref(), written.new.as_deref());
    let changed = |item: &Item| project(item, places);
    let item = match asked {
        Some("ALL_OLD") => old.cloned(),
        Some("ALL_NEW") => new.cloned(),
        Some("UPDATED_OLD") => old.map(changed),
        Some("UPDATED_NEW") => new.map(changed),
        _ => None,
    };
    item.filter(|item| !item.is_empty()).map(|item| shown(&item))
}
