//! Document paths: `a.b[0]`, where a part of an item is.

use serde::{Deserialize, Serialize};

use super::value::{Item, Value};

/// The way from an item to one of its parts; the first step is the name of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Path {
    /// The attribute.
    pub attribute: String,
    /// The way inside of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// The way to the place of a change does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchPlace;

impl Path {
    /// A whole attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self { attribute: name.into(), steps: Vec::new() }
    }

    /// What is there.
    pub fn get<'i>(&self, item: &'i Item) -> Option<&'i Value> {
        self.steps.iter().try_fold(item.get(&self.attribute)?, |value, step| match (step, value) {
            (Step::Key(key), Value::M(map)) => map.get(key),
            (Step::Index(index), Value::L(list)) => list.get(*index),
            _ => None,
        })
    }

    /// Puts a value there. The parent must exist; an index at or past the end of a list appends.
    pub(crate) fn set(&self, item: &mut Item, value: Value) -> Result<(), NoSuchPlace> {
        let Some((last, _)) = self.steps.split_last() else {
            item.insert(self.attribute.clone(), value);
            return Ok(());
        };
        match (last, self.parent(item).ok_or(NoSuchPlace)?) {
            (Step::Key(key), Value::M(map)) => {
                map.insert(key.clone(), value);
            }
            (Step::Index(index), Value::L(list)) if *index < list.len() => list[*index] = value,
            (Step::Index(_), Value::L(list)) => list.push(value),
            _ => return Err(NoSuchPlace),
        }
        Ok(())
    }

    /// Takes what is there away. Nothing there is fine, a parent that is not there is not.
    pub(crate) fn remove(&self, item: &mut Item) -> Result<(), NoSuchPlace> {
        let Some((last, _)) = self.steps.split_last() else {
            item.remove(&self.attribute);
            return Ok(());
        };
        match (last, self.parent(item).ok_or(NoSuchPlace)?) {
            (Step::Key(key), Value::M(map)) => {
                map.remove(key);
            }
            (Step::Index(index), Value::L(list)) if *index < list.len() => {
                list.remove(*index);
            }
            (Step::Index(_), Value::L(_)) => {}
            _ => return Err(NoSuchPlace),
        }
        Ok(())
    }

    /// The value that holds the last step.
    fn parent<'i>(&self, item: &'i mut Item) -> Option<&'i mut Value> {
        let inner = &self.steps[..self.steps.len() - 1];
        inner.iter().try_fold(item.get_mut(&self.attribute)?, |value, step| match (step, value) {
            (Step::Key(key), Value::M(map)) => map.get_mut(key),
            (Step::Index(index), Value::L(list)) => list.get_mut(*index),
            _ => None,
        })
    }

    /// Whether one of the two leads to or through the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.attribute == other.attribute && self.steps.iter().zip(&other.steps).all(|(mine, theirs)| mine == theirs)
    }

    /// The form of DynamoDB's messages: `[a, b, [0]]`.
    pub(crate) fn listed(&self) -> String {
        let steps = self.steps.iter().map(|step| match step {
            Step::Key(key) => format!(", {key}"),
            Step::Index(index) => format!(", [{index}]"),
        });
        format!("[{}{}]", self.attribute, steps.collect::<String>())
    }
}

/// The parts of an item at `paths`, each where it stood; lists close up, as in DynamoDB's projections.
pub fn project(item: &Item, paths: &[Path]) -> Item {
    let attributes = item.iter().filter_map(|(name, value)| {
        let ways = paths.iter().filter(|path| path.attribute == *name).map(|path| path.steps.as_slice());
        Some((name.clone(), select(value, &ways.collect::<Vec<_>>())?))
    });
    attributes.collect()
}

/// The parts of a value at the end of `ways`; `None` when there is nothing at any.
fn select(value: &Value, ways: &[&[Step]]) -> Option<Value> {
    if ways.iter().any(|way| way.is_empty()) {
        return Some(value.clone());
    }
    let through = |step: &Step| -> Vec<&[Step]> {
        ways.iter().filter_map(|way| way.split_first()).filter(|(first, _)| *first == step).map(|(_, r)| r).collect()
    };
    match value {
        Value::M(map) => {
            let parts = map
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), select(value, &through(&Step::Key(key.clone())))?)));
            let parts: Item = parts.collect();
            (!parts.is_empty()).then_some(Value::M(parts))
        }
        Value::L(list) => {
            let parts = list.iter().enumerate().filter_map(|(i, value)| select(value, &through(&Step::Index(i))));
            let parts: Vec<Value> = parts.collect();
            (!parts.is_empty()).then_some(Value::L(parts))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(attribute: &str, steps: &[Step]) -> Path {
        Path { attribute: attribute.into(), steps: steps.to_vec() }
    }

    fn key(name: &str) -> Step {
        Step::Key(name.into())
    }

    #[test]
    fn places_are_found_set_and_removed() {
        let text = |text: &str| Value::S(text.into());
        let mut item = Item::from([("a".into(), Value::M(Item::from([("b".into(), Value::L(vec![text("x")]))])))]);
        let deep = path("a", &[key("b"), Step::Index(0)]);
        assert_eq!(deep.get(&item), Some(&text("x")));
        path("a", &[key("b"), Step::Index(9)]).set(&mut item, text("y")).unwrap();
        assert_eq!(path("a", &[key("b"), Step::Index(1)]).get(&item), Some(&text("y")));
        deep.remove(&mut item).unwrap();
        assert_eq!(deep.get(&item), Some(&text("y")));
        assert_eq!(path("z", &[key("b")]).set(&mut item, text("n")), Err(NoSuchPlace));
        assert!(path("a", &[]).overlaps(&deep) && !path("a", &[key("c")]).overlaps(&deep));
        assert_eq!(deep.listed(), "[a, b, [0]]");
    }

    #[test]
    fn projections_keep_the_shape() {
        let number = |n: usize| Value::N(crate::dynamodb::Number::of_count(n));
        let list = Value::L(vec![number(0), number(1), number(2)]);
        let item = Item::from([("l".into(), list), ("m".into(), Value::M(Item::from([("k".into(), number(7))])))]);
        let paths =
            [path("l", &[Step::Index(2)]), path("l", &[Step::Index(0)]), path("m", &[key("k")]), path("q", &[])];
        let projected = project(&item, &paths);
        assert_eq!(projected["l"], Value::L(vec![number(0), number(2)]));
        assert_eq!(projected["m"], item["m"]);
        assert_eq!(projected.len(), 2);
    }
}
