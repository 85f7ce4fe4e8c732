//! From a self-describing format to shapes, with AWS's tolerance: unknown members are ignored, null is absent, floats
//! given for integers are cut, integers out of range saturate; anything else of a wrong type is refused with the
//! words AWS uses. The format is any `serde` deserializer, so that all formats use the same code.
//!
//! Most formats say themselves what each value is. What some leave to the shape (forms have only text, CBOR of Java only
//! numbers for times) a shape announces by asking for a newtype with a name of [`hint`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{Blob, Timestamp};

/// What a shape expects next, as the name of a newtype; formats that need no help pass it over.
pub(crate) mod hint {
    pub(crate) const BLOB: &str = "blob";
    pub(crate) const BOOLEAN: &str = "boolean";
    pub(crate) const DOUBLE: &str = "double";
    pub(crate) const INTEGER: &str = "integer";
    pub(crate) const LIST: &str = "list";
    pub(crate) const MAP: &str = "map";
    pub(crate) const STRING: &str = "string";
    pub(crate) const STRUCTURE: &str = "structure";
    pub(crate) const TIMESTAMP: &str = "timestamp";
}

mod leaf;

use leaf::{Leaf, LeafVisitor};

/// A value that can be read; `None` stands for null.
pub trait Decode: Sized {
    /// Reads one value.
    fn decode<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Self>, D::Error>;
}

/// A structure, read member by member.
pub trait Structure: Default {
    /// Reads the value of the member `name` (the model's spelling) into `self`, or skips it when it is unknown.
    fn decode_member<'de, D: Deserializer<'de>>(&mut self, name: &str, value: D) -> Result<(), D::Error>;
}

/// Reads past a value that nobody asked for.
pub(crate) fn skip<'de, D: Deserializer<'de>>(value: D) -> Result<(), D::Error> {
    value.deserialize_ignored_any(IgnoredAny).map(|IgnoredAny| ())
}

macro_rules! leaves {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn decode<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Self>, D::Error> {
                input.deserialize_newtype_struct(<Self as Leaf>::HINT, LeafVisitor::<Self>(PhantomData))
            }
        }
    )*};
}

leaves!(String, i32, i64, f64, bool, Blob, Timestamp);

impl<T: Structure> Decode for T {
    fn decode<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Self>, D::Error> {
        input.deserialize_newtype_struct(hint::STRUCTURE, StructureVisitor(PhantomData))
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Self>, D::Error> {
        input.deserialize_newtype_struct(hint::LIST, ListVisitor(PhantomData))
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Self>, D::Error> {
        input.deserialize_newtype_struct(hint::MAP, MapVisitor(PhantomData))
    }
}

/// The value of a list's element or a map's entry.
struct Part<T>(PhantomData<T>);

impl<'de, T: Decode> DeserializeSeed<'de> for Part<T> {
    type Value = T;

    // Null could only be dropped here, and then a batch and its results would no longer run in parallel.
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<T, D::Error> {
        T::decode(input)?.ok_or_else(|| D::Error::custom("Null found where a value was expected"))
    }
}

/// The value of one member of the structure `0`.
struct MemberOf<'a, 'k, T>(&'a mut T, &'a Key<'k>);

impl<'de, T: Structure> DeserializeSeed<'de> for MemberOf<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        self.0.decode_member(&self.1.0, value)
    }
}

/// A member's name, borrowed from the body whenever it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        input.deserialize_str(KeyVisitor)
    }
}

// The words of AWS's own parser (recorded by emulators that were tested against it).
const STRUCTURE_WANTED: &str = "Expected null";
const LIST_WANTED: &str = "Expected list or null";
const MAP_WANTED: &str = "Expected map or null";
pub(crate) const STRUCTURE_FOUND: &str = "Start of structure or map found where not expected.";
pub(crate) const LIST_FOUND: &str = "Start of list found where not expected";

/// Refuses every scalar in a place of a structure, list or map; null is absence.
macro_rules! refuse_scalars {
    ($words:expr) => {
        fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
            value.deserialize_any(self)
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Err(E::custom($words))
        }
        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Err(E::custom($words))
        }
        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Err(E::custom($words))
        }
        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Err(E::custom($words))
        }
        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(E::custom($words))
        }
        fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Self::Value, E> {
            Err(E::custom($words))
        }
    };
}

struct StructureVisitor<T>(PhantomData<T>);

impl<'de, T: Structure> Visitor<'de> for StructureVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a structure")
    }

    refuse_scalars!(STRUCTURE_WANTED);

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(A::Error::custom(LIST_FOUND))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut structure = T::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            map.next_value_seed(MemberOf(&mut structure, &key))?;
        }
        Ok(Some(structure))
    }
}

/// Most elements of a list. Every model's own bound is far below; this one is for the memory that a list of empty
/// structures, two bytes each in the body, would take before that bound is checked.
const ELEMENTS_MAX: usize = 65_536;

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Decode> Visitor<'de> for ListVisitor<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    refuse_scalars!(LIST_WANTED);

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(A::Error::custom(STRUCTURE_FOUND))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(Part(PhantomData))? {
            if elements.len() == ELEMENTS_MAX {
                return Err(A::Error::custom("The list has too many elements"));
            }
            elements.push(element);
        }
        Ok(Some(elements))
    }
}

struct MapVisitor<T>(PhantomData<T>);

impl<'de, T: Decode> Visitor<'de> for MapVisitor<T> {
    type Value = Option<BTreeMap<String, T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    refuse_scalars!(MAP_WANTED);

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(A::Error::custom(LIST_FOUND))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let value = map.next_value_seed(Part(PhantomData))?;
            entries.insert(key.0.into_owned(), value);
        }
        Ok(Some(entries))
    }
}
