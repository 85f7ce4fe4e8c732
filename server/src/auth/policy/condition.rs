//! One line of `Condition`: an operator, a key of the request, and the values that it may or may not have.

use serde_json::Value;

use super::Context;
use super::document::PolicyError;
use super::operator::{Family, Operator, Quantifier};
use super::pattern::Pattern;

/// A condition; all of a statement have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    operator: Operator,
    key: String,
    values: Vec<Pattern>,
}

impl Condition {
    /// Reads `{"StringEquals": {"aws:username": ["a", "b"]}, …}`; absent is empty.
    pub(super) fn read_all(value: Option<&Value>, element: &str, variables: bool) -> Result<Vec<Self>, PolicyError> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let Value::Object(operators) = value else {
            return Err(PolicyError::at(element, "Condition is not a JSON object"));
        };
        let mut conditions = Vec::new();
        for (name, keys) in operators {
            let operator = Operator::parse(name)
                .ok_or_else(|| PolicyError::at(element, format!("{name:.64} is not a condition operator")))?;
            let Value::Object(keys) = keys else {
                return Err(PolicyError::at(element, format!("{name} is not a JSON object")));
            };
            for (key, value) in keys {
                let refuse = || PolicyError::at(element, format!("{name} cannot compare {key:.128} with that value"));
                let values = texts(value).filter(|_| !key.is_empty()).ok_or_else(refuse)?;
                let compares = |value: &String| variables && value.contains("${") || operator.family.takes(value);
                if !values.iter().all(compares) {
                    return Err(refuse());
                }
                let values = values.iter().map(|value| Pattern::new(value, variables)).collect();
                conditions.push(Self { operator, key: key.clone(), values });
            }
        }
        Ok(conditions)
    }

    /// Whether it holds for the request. A request without the key fulfils negated operators, `…IfExists` and
    /// `ForAllValues`, and no other (IAM user guide).
    pub(super) fn holds(&self, context: &Context<'_>) -> bool {
        let Operator { family, negated, if_exists, quantifier } = self.operator;
        let value = context.value(&self.key);
        if family == Family::Null {
            let absent = if value.is_none() { "true" } else { "false" };
            return self.values.iter().any(|wanted| family.fits(absent, wanted, context) == Some(true));
        }
        let Some(value) = value else {
            return match quantifier {
                Quantifier::ForAllValues => true,
                Quantifier::ForAnyValue => if_exists,
                Quantifier::Single => if_exists || negated,
            };
        };
        // A variable without a value makes the condition meaningless, so its statement does not apply.
        let fits: Option<Vec<bool>> = self.values.iter().map(|wanted| family.fits(&value, wanted, context)).collect();
        fits.is_some_and(|fits| fits.contains(&true) != negated)
    }
}

/// One value or a list; numbers and truth values may stand without quotes.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(list) => list.iter().map(text).collect::<Option<Vec<_>>>().filter(|list| !list.is_empty()),
        one => text(one).map(|text| vec![text]),
    }
}
