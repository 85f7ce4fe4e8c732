//! Attribute values and items, from the wire and to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use companions::dynamodb::{Binary, Item, Number, Value};
use wire::Blob;
use wire::dynamodb::AttributeValue;

use super::invalid;
use crate::error::ApiError;

/// Attributes by name, as requests and answers hold them.
pub(super) type Attributes = BTreeMap<String, AttributeValue>;

/// An item or key.
pub(super) fn item(attributes: Attributes) -> Result<Item, ApiError> {
    attributes.into_iter().map(|(name, attribute)| Ok((name, value(attribute)?))).collect()
}

/// A key or item that the model requires.
pub(super) fn required(attributes: Option<Attributes>) -> Result<Item, ApiError> {
    item(attributes.unwrap_or_default())
}

/// The one type of ten that is set.
pub(super) fn value(attribute: AttributeValue) -> Result<Value, ApiError> {
    let AttributeValue { b, bool, bs, l, m, n, ns, null, s, ss } = attribute;
    let mut found: Option<Value> = None;
    let mut is = |value: Value| match found.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        )),
    };
    let values = |list: Vec<AttributeValue>| list.into_iter().map(value).collect::<Result<Vec<_>, _>>();
    s.map(|text| is(Value::S(text))).transpose()?;
    n.map(|text| is(Value::N(number(&text)?))).transpose()?;
    b.map(|bytes| is(Value::B(Binary(bytes.0)))).transpose()?;
    bool.map(|truth| is(Value::Bool(truth))).transpose()?;
    null.map(|truth| if truth { is(Value::Null) } else { Err(not_null()) }).transpose()?;
    ss.map(|texts| is(Value::strings(texts)?)).transpose()?;
    ns.map(|texts| {
        let numbers = texts.iter().map(|text| number(text)).collect::<Result<Vec<_>, _>>()?;
        is(Value::numbers(numbers)?)
    })
    .transpose()?;
    bs.map(|all| is(Value::binaries(all.into_iter().map(|bytes| Binary(bytes.0)).collect())?)).transpose()?;
    l.map(|list| is(Value::L(values(list)?))).transpose()?;
    m.map(|map| is(Value::M(item(map)?))).transpose()?;
    found
        .ok_or_else(|| invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"))
}

fn not_null() -> ApiError {
    invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
}

fn number(text: &str) -> Result<Number, ApiError> {
    Number::parse(text).map_err(|error| invalid(error.to_string()))
}

/// An item for an answer.
pub(super) fn shown(item: &Item) -> Attributes {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// An item for an answer, if there is one.
pub(super) fn shown_if(item: Option<&Arc<Item>>) -> Option<Attributes> {
    item.map(|item| shown(item))
}

fn attribute(value: &Value) -> AttributeValue {
    let empty = AttributeValue::default();
    match value {
        Value::S(text) => AttributeValue { s: Some(text.clone()), ..empty },
        Value::N(number) => AttributeValue { n: Some(number.to_string()), ..empty },
        Value::B(binary) => AttributeValue { b: Some(Blob(binary.0.clone())), ..empty },
        Value::Bool(truth) => AttributeValue { bool: Some(*truth), ..empty },
        Value::Null => AttributeValue { null: Some(true), ..empty },
        Value::Strings(all) => AttributeValue { ss: Some(all.iter().cloned().collect()), ..empty },
        Value::Numbers(all) => AttributeValue { ns: Some(all.iter().map(Number::to_string).collect()), ..empty },
        Value::Binaries(all) => {
            AttributeValue { bs: Some(all.iter().map(|binary| Blob(binary.0.clone())).collect()), ..empty }
        }
        Value::L(list) => AttributeValue { l: Some(list.iter().map(attribute).collect()), ..empty },
        Value::M(map) => AttributeValue { m: Some(shown(map)), ..empty },
    }
}
