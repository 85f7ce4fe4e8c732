//! Forms as a `serde` deserializer. The names of pairs are paths, `MetricData.member.1.Dimensions.member.1.Name`, which
//! make a tree; its values are all text, so what they are is told by the shape (`decode::hint`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::form::Text;
use crate::DecodeError;
use crate::decode::hint;
use crate::time::parse_iso;

/// How deep paths may go.
const DEPTH_MAX: usize = 12;
/// How many nodes a tree may have: a full PutMetricData has thousands, and each takes about a kilobyte.
const NODES_MAX: usize = 65_536;

/// A value of a form, or what the parts of values have in common.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    text: Option<Text<'a>>,
    children: BTreeMap<Text<'a>, Node<'a>>,
}

impl<'a> Node<'a> {
    /// The tree of the pairs. Of two values with the same path the first one counts.
    pub(super) fn root(pairs: Vec<(Text<'a>, Text<'a>)>) -> Result<Self, DecodeError> {
        let (mut root, mut nodes) = (Self::default(), 0);
        for (name, value) in pairs {
            let mut node = &mut root;
            for (depth, step) in steps(name).enumerate() {
                if depth == DEPTH_MAX {
                    return Err(DecodeError::Malformed("the form nests too deeply".into()));
                }
                node = node.children.entry(step).or_insert_with(|| {
                    nodes += 1;
                    Self::default()
                });
                if nodes > NODES_MAX {
                    return Err(DecodeError::Malformed("the form has too many parts".into()));
                }
            }
            node.text.get_or_insert(value);
        }
        Ok(root)
    }

    /// The children that are numbered, in order, with or without `wrapper` between: botocore and all others write
    /// `.member.1`, lists that a model flattens have `.1`.
    fn numbered(&self, wrapper: &str) -> Vec<&Self> {
        let parent = self.children.get(wrapper).unwrap_or(self);
        let number = |(name, node)| Some((str::parse::<u32>(name).ok()?, node));
        let mut children: Vec<(u32, &Self)> =
            parent.children.iter().map(|(name, node)| (name.as_ref(), node)).filter_map(number).collect();
        children.sort_by_key(|(number, _)| *number);
        children.into_iter().map(|(_, node)| node).collect()
    }

    fn scalar<'de, V: Visitor<'de>>(&self, text: &str, kind: &str, visitor: V) -> Result<V::Value, DecodeError> {
        let number = || text.parse::<f64>().ok();
        match kind {
            hint::INTEGER => match (text.parse(), number()) {
                (Ok(whole), _) => visitor.visit_i64(whole),
                (_, Some(number)) => visitor.visit_f64(number),
                _ => visitor.visit_str(text),
            },
            hint::DOUBLE => match number() {
                Some(number) => visitor.visit_f64(number),
                None => visitor.visit_str(text),
            },
            hint::TIMESTAMP => match parse_iso(text).map(|millis| millis as f64 / 1000.0).or_else(number) {
                Some(seconds) => visitor.visit_f64(seconds),
                None => visitor.visit_str(text),
            },
            hint::BOOLEAN if text.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            hint::BOOLEAN if text.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            _ => visitor.visit_str(text),
        }
    }
}

/// The steps of a path.
fn steps(name: Text<'_>) -> Box<dyn Iterator<Item = Text<'_>> + '_> {
    match name {
        Cow::Borrowed(name) => Box::new(name.split('.').map(Cow::Borrowed)),
        Cow::Owned(name) => {
            let steps: Vec<_> = name.split('.').map(|step| Cow::Owned(step.to_owned())).collect();
            Box::new(steps.into_iter())
        }
    }
}

impl<'de> Deserializer<'de> for &Node<'_> {
    type Error = DecodeError;

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        kind: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match kind {
            // An empty list or structure is written as one pair without a value.
            hint::STRUCTURE => visitor.visit_map(Members { left: self.children.iter(), value: None }),
            hint::LIST => visitor.visit_seq(Elements { left: self.numbered("member").into_iter() }),
            hint::MAP => visitor.visit_map(Entries { left: self.numbered("entry").into_iter(), value: None }),
            kind => match &self.text {
                Some(text) => self.scalar(text, kind, visitor),
                None if self.children.is_empty() => visitor.visit_unit(),
                None => visitor.visit_map(Members { left: self.children.iter(), value: None }),
            },
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.text {
            Some(text) => visitor.visit_str(text),
            None => visitor.visit_unit(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The members of a structure.
struct Members<'n, 'a> {
    left: std::collections::btree_map::Iter<'n, Text<'a>, Node<'a>>,
    value: Option<&'n Node<'a>>,
}

/// A key that was asked for before its value, as serde promises.
fn behind_key<'n, 'a>(value: &mut Option<&'n Node<'a>>) -> Result<&'n Node<'a>, DecodeError> {
    value.take().ok_or_else(|| DecodeError::Malformed("a value without a name".into()))
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((name, value)) = self.left.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        seed.deserialize(behind_key(&mut self.value)?)
    }
}

/// The elements of a list.
struct Elements<'n, 'a> {
    left: std::vec::IntoIter<&'n Node<'a>>,
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        self.left.next().map(|node| seed.deserialize(node)).transpose()
    }
}

/// The entries of a map, each a node with `key` and `value`.
struct Entries<'n, 'a> {
    left: std::vec::IntoIter<&'n Node<'a>>,
    value: Option<&'n Node<'a>>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        for entry in self.left.by_ref() {
            let (Some(key), Some(value)) = (entry.children.get("key"), entry.children.get("value")) else { continue };
            self.value = Some(value);
            return seed.deserialize(StrDeserializer::new(key.text.as_deref().unwrap_or_default())).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        seed.deserialize(behind_key(&mut self.value)?)
    }
}
