//! Conditions of requests: an expression, or the legacy maps from before, never both.

use std::collections::BTreeMap;

use companions::dynamodb::{Condition, ConditionalOperator, Expected, Expressions, Path, Role, conditions};
use wire::dynamodb::ExpectedAttributeValue;

use super::attribute::{Attributes, item, value};
use super::invalid;
use crate::error::ApiError;

/// The names and values that stand for something in the expressions of a request.
pub(super) fn expressions(
    names: Option<BTreeMap<String, String>>,
    values: Option<Attributes>,
) -> Result<Expressions, ApiError> {
    Ok(Expressions::new(names, values.map(item).transpose()?))
}

/// Legacy parameters of a request, with the name that each has.
pub(super) struct Legacy<'n> {
    /// `Expected`, `QueryFilter`, `ScanFilter` or `KeyConditions`.
    pub(super) name: &'n str,
    /// Conditions by attribute.
    pub(super) map: Option<BTreeMap<String, ExpectedAttributeValue>>,
    /// `ConditionalOperator`.
    pub(super) operator: Option<String>,
}

impl Legacy<'_> {
    /// One for `Expected`.
    pub(super) fn expected(map: Option<BTreeMap<String, ExpectedAttributeValue>>, operator: Option<String>) -> Self {
        Self { name: "Expected", map, operator }
    }
}

/// The condition that a request sets, in either language; without any, the one that always holds.
pub(super) fn condition(
    expressions: &mut Expressions,
    role: Role,
    text: Option<&str>,
    legacy: Legacy<'_>,
) -> Result<Condition, ApiError> {
    let Legacy { name, map, operator } = legacy;
    if let Some(text) = text {
        if map.is_some() || operator.is_some() {
            let name = if map.is_some() { name } else { "ConditionalOperator" };
            return Err(mixed(name, role.name()));
        }
        return Ok(expressions.condition(role, text)?);
    }
    let operator = match operator.as_deref() {
        None => ConditionalOperator::And,
        Some(_) if map.is_none() => {
            return Err(invalid(format!("ConditionalOperator can only be used with {name}")));
        }
        Some("OR") => ConditionalOperator::Or,
        Some(_) => ConditionalOperator::And,
    };
    let expected = map.unwrap_or_default().into_iter().map(|(attribute, one)| Ok((attribute, expected(one)?)));
    Ok(conditions(expected.collect::<Result<_, ApiError>>()?, operator)?)
}

/// The two languages in one request.
pub(super) fn mixed(legacy: &str, expression: &str) -> ApiError {
    invalid(format!(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: \
         {{{legacy}}} Expression parameters: {{{expression}}}"
    ))
}

fn expected(one: ExpectedAttributeValue) -> Result<Expected, ApiError> {
    let ExpectedAttributeValue { attribute_value_list, comparison_operator, exists, value: equal } = one;
    let values = attribute_value_list.map(|list| list.into_iter().map(value).collect()).transpose()?;
    Ok(Expected { exists, value: equal.map(value).transpose()?, operator: comparison_operator, values })
}

/// What a read keeps of items: a projection, or the legacy list of attributes.
pub(super) fn projection(
    expressions: &mut Expressions,
    text: Option<&str>,
    attributes: Option<Vec<String>>,
) -> Result<Option<Vec<Path>>, ApiError> {
    match (text, attributes) {
        (Some(_), Some(_)) => Err(mixed("AttributesToGet", "ProjectionExpression")),
        (Some(text), None) => Ok(Some(expressions.projection(text)?)),
        (None, attributes) => Ok(attributes.map(|names| names.into_iter().map(Path::attribute).collect())),
    }
}
