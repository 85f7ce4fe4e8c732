//! The parameters from before the expression language, which KCL still sends: `Expected`, `AttributeUpdates`,
//! `KeyConditions`, `QueryFilter` and `ScanFilter`, turned into the same trees.

use std::collections::BTreeMap;

use super::condition::{Comparator, Condition, Operand};
use super::path::Path;
use super::update::{Term, Update};
use super::value::Value;
use crate::CompanionsError;

/// How several conditions go together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConditionalOperator {
    /// All must hold.
    #[default]
    And,
    /// One must hold.
    Or,
}

/// What is expected of one attribute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// Whether the attribute is there.
    pub exists: Option<bool>,
    /// What it equals.
    pub value: Option<Value>,
    /// How it compares with `values`, such as `BEGINS_WITH`.
    pub operator: Option<String>,
    /// What it is compared with.
    pub values: Option<Vec<Value>>,
}

/// What becomes of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeUpdate {
    /// `PUT`, `ADD` or `DELETE`.
    pub action: String,
    /// With what.
    pub value: Option<Value>,
}

fn invalid(why: impl std::fmt::Display) -> CompanionsError {
    CompanionsError::Invalid(format!("One or more parameter values were invalid: {why}"))
}

/// `Expected`, and the other maps of conditions, which have an operator everywhere.
pub fn conditions(
    expected: BTreeMap<String, Expected>,
    operator: ConditionalOperator,
) -> Result<Condition, CompanionsError> {
    let mut all =
        expected.into_iter().map(|(name, expected)| condition(name, expected)).collect::<Result<Vec<_>, _>>()?;
    Ok(match operator {
        _ if all.len() == 1 => all.swap_remove(0),
        ConditionalOperator::Or if !all.is_empty() => Condition::Or(all),
        _ => Condition::And(all),
    })
}

fn condition(name: String, expected: Expected) -> Result<Condition, CompanionsError> {
    let Expected { exists, value, operator, values } = expected;
    if let Some(operator) = operator {
        if exists.is_some() || value.is_some() {
            let parameter = if exists.is_some() { "Exists" } else { "Value" };
            return Err(invalid(format!(
                "{parameter} and ComparisonOperator cannot be used together for Attribute: {name}"
            )));
        }
        return comparison(&name, &operator, values.unwrap_or_default());
    }
    if values.is_some() {
        return Err(invalid(format!(
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
        )));
    }
    let path = Path::attribute(&name);
    match (exists, value) {
        (Some(false), None) => Ok(Condition::Missing(path)),
        (Some(false), Some(_)) => {
            Err(invalid(format!("Value cannot be used when Exists is set to false for Attribute: {name}")))
        }
        (_, Some(value)) => Ok(Condition::Compare(Operand::Path(path), Comparator::Equal, Operand::Value(value))),
        (Some(true), None) => {
            Err(invalid(format!("Value must be provided when Exists is set to true for Attribute: {name}")))
        }
        (None, None) => Err(invalid(format!("Value must be provided when Exists is null for Attribute: {name}"))),
    }
}

fn comparison(name: &str, operator: &str, values: Vec<Value>) -> Result<Condition, CompanionsError> {
    let path = Path::attribute(name);
    let operand = Operand::Path(path.clone());
    let count = values.len();
    let mut values = values.into_iter().map(Operand::Value);
    let wrong_count = || invalid(format!("Invalid number of argument(s) for the {operator} ComparisonOperator"));
    let comparator = match operator {
        "EQ" => Some(Comparator::Equal),
        "NE" => Some(Comparator::NotEqual),
        "LT" => Some(Comparator::Less),
        "LE" => Some(Comparator::LessOrEqual),
        "GT" => Some(Comparator::Greater),
        "GE" => Some(Comparator::GreaterOrEqual),
        _ => None,
    };
    let expected = match operator {
        "NULL" | "NOT_NULL" => count == 0,
        "BETWEEN" => count == 2,
        "IN" => count > 0,
        _ => count == 1,
    };
    if !expected {
        return Err(wrong_count());
    }
    let mut next = || values.next().ok_or_else(wrong_count);
    Ok(match (operator, comparator) {
        (_, Some(comparator)) => Condition::Compare(operand, comparator, next()?),
        ("NULL", _) => Condition::Missing(path),
        ("NOT_NULL", _) => Condition::Exists(path),
        ("BETWEEN", _) => Condition::Between(operand, next()?, next()?),
        ("IN", _) => Condition::In(operand, values.collect()),
        ("BEGINS_WITH", _) => Condition::BeginsWith(operand, next()?),
        ("CONTAINS", _) => Condition::Contains(operand, next()?),
        ("NOT_CONTAINS", _) => {
            let contains = Condition::Not(Box::new(Condition::Contains(operand, next()?)));
            Condition::And(vec![Condition::Exists(path), contains])
        }
        _ => return Err(invalid(format!("Unknown ComparisonOperator {operator}"))),
    })
}

/// `AttributeUpdates`.
pub fn updates(updates: BTreeMap<String, AttributeUpdate>) -> Result<Update, CompanionsError> {
    // Nothing comes into being by deleting; without any update the bare key does.
    let only_existing = !updates.is_empty() && updates.values().all(|update| update.action == "DELETE");
    let mut update = Update { only_existing, ..Update::default() };
    for (name, AttributeUpdate { action, value }) in updates {
        let path = Path::attribute(&name);
        match (action.as_str(), value) {
            ("PUT", Some(value)) => update.set.push((path, Term::Value(value))),
            ("DELETE", None) => update.remove.push(path),
            ("DELETE", Some(value @ (Value::Strings(_) | Value::Numbers(_) | Value::Binaries(_)))) => {
                update.delete.push((path, value));
            }
            ("ADD", Some(value @ (Value::N(_) | Value::Strings(_) | Value::Numbers(_) | Value::Binaries(_)))) => {
                update.add.push((path, value))
            }
            ("ADD", Some(list @ Value::L(_))) => {
                let old = Term::IfNotExists(path.clone(), Box::new(Term::Value(Value::L(Vec::new()))));
                update.set.push((path, Term::ListAppend(Box::new(old), Box::new(Term::Value(list)))));
            }
            ("ADD" | "DELETE", Some(value)) => {
                return Err(invalid(format!("{action} action is not supported for the type {}", value.type_name())));
            }
            _ => {
                return Err(invalid(format!(
                    "Only DELETE action is allowed when no attribute value is specified for Attribute: {name}"
                )));
            }
        }
    }
    Ok(update)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::number::Number;
    use crate::dynamodb::value::Item;

    fn number(text: &str) -> Value {
        Value::N(Number::parse(text).unwrap())
    }

    fn one(expected: Expected) -> Result<Condition, CompanionsError> {
        conditions([("a".to_owned(), expected)].into(), ConditionalOperator::And)
    }

    #[test]
    fn kcl_expects_absence_and_equality() {
        let (with, without) = (Item::from([("a".into(), number("1"))]), Item::new());
        let absent = one(Expected { exists: Some(false), ..Expected::default() }).unwrap();
        assert!(absent.holds(&without) && !absent.holds(&with));
        for exists in [None, Some(true)] {
            let equal = one(Expected { exists, value: Some(number("1.0")), ..Expected::default() }).unwrap();
            assert!(equal.holds(&with) && !equal.holds(&without));
        }
        assert!(conditions(BTreeMap::new(), ConditionalOperator::Or).unwrap().holds(&without), "none is no condition");
        for wrong in [
            Expected { exists: Some(false), value: Some(Value::Null), ..Expected::default() },
            Expected { exists: Some(true), ..Expected::default() },
            Expected { values: Some(vec![]), ..Expected::default() },
            Expected { operator: Some("EQ".into()), ..Expected::default() },
            Expected::default(),
        ] {
            assert!(one(wrong.clone()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_operator_compares() {
        let text = |text: &str| Value::S(text.into());
        let item = Item::from([("a".into(), text("bcd"))]);
        for (operator, values, expected) in [
            ("EQ", vec![text("bcd")], true),
            ("NE", vec![text("bcd")], false),
            ("LT", vec![text("c")], true),
            ("LE", vec![text("bcd")], true),
            ("GT", vec![text("c")], false),
            ("GE", vec![text("bcd")], true),
            ("BETWEEN", vec![text("b"), text("c")], true),
            ("IN", vec![text("x"), text("bcd")], true),
            ("NULL", vec![], false),
            ("NOT_NULL", vec![], true),
            ("CONTAINS", vec![text("cd")], true),
            ("NOT_CONTAINS", vec![text("cd")], false),
            ("BEGINS_WITH", vec![text("bc")], true),
        ] {
            let expected_value =
                Expected { operator: Some(operator.into()), values: Some(values), ..Expected::default() };
            assert_eq!(one(expected_value).unwrap().holds(&item), expected, "{operator}");
        }
    }

    #[test]
    fn updates_put_add_and_delete() {
        let update = |action: &str, value: Option<Value>| AttributeUpdate { action: action.into(), value };
        let tree = updates(BTreeMap::from([
            ("a".to_owned(), update("ADD", Some(number("1")))),
            ("b".to_owned(), update("PUT", Some(number("2")))),
            ("c".to_owned(), update("DELETE", None)),
        ]));
        let tree = tree.unwrap();
        let item = Item::from([("a".into(), number("41")), ("c".into(), Value::Null)]);
        let expected = Item::from([("a".into(), number("42")), ("b".into(), number("2"))]);
        assert_eq!(tree.of(&item), Ok(expected));
        assert!(!tree.only_existing);
        assert!(updates([("c".to_owned(), update("DELETE", None))].into()).unwrap().only_existing);
        for wrong in [update("PUT", None), update("ADD", Some(Value::Null)), update("DELETE", Some(number("1")))] {
            assert!(updates([("a".to_owned(), wrong.clone())].into()).is_err(), "{wrong:?}");
        }
    }
}
