//! What a table is declared as: names, keys, indexes, billing.
//!
//! Owns: declarations and whether they are legal in themselves. Refuses: items (`table.rs`, read it next).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use types::{Scope, Timestamp};

use crate::CompanionsError;

/// Global secondary indexes of one table (default quota).
const INDEXES_MAX: usize = 20;

fn invalid(why: impl fmt::Display) -> CompanionsError {
    CompanionsError::Invalid(format!("One or more parameter values were invalid: {why}"))
}

/// The name of a table: 3 to 255 of `[a-zA-Z0-9_.-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TableName(String);

impl TableName {
    /// Checks the name, or takes it out of the ARN of a table of that scope.
    pub fn parse(scope: &Scope, text: &str) -> Result<Self, CompanionsError> {
        let name = match text.strip_prefix("arn:") {
            Some(_) => {
                let prefix = format!("arn:aws:dynamodb:{}:{}:table/", scope.region, scope.account);
                text.strip_prefix(&prefix).ok_or_else(CompanionsError::no_such_table)?
            }
            None => text,
        };
        let fits =
            (3..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if fits {
            return Ok(Self(name.into()));
        }
        Err(CompanionsError::Invalid(
            "TableName must be at least 3 characters long and at most 255 characters long, and hold only letters, digits, \
             '_', '-' and '.'"
                .into(),
        ))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The types that a key can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    /// Text.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

impl KeyType {
    /// As it stands in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

/// An attribute that is a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: KeyType,
}

/// The keys of a table or index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySchema {
    /// What items are grouped by.
    pub hash: KeyAttribute,
    /// What items of a group are ordered by.
    pub range: Option<KeyAttribute>,
}

impl KeySchema {
    /// Hash first, then range.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }

    /// Whether it is one of the keys.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes().any(|attribute| attribute.name == name)
    }
}

/// Which attributes an index has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Projected {
    /// All.
    All,
    /// The keys of the table and the index.
    KeysOnly,
    /// The keys and these.
    Include(BTreeSet<String>),
}

/// Capacity that is paid for; kept and shown, never enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    /// Reads per second.
    pub read: i64,
    /// Writes per second.
    pub write: i64,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSpec {
    /// Its name, unique in the table.
    pub name: String,
    /// Its keys.
    pub keys: KeySchema,
    /// What it has.
    pub projected: Projected,
    /// Its capacity, under provisioned billing.
    pub throughput: Option<Throughput>,
}

/// A table as it is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSpec {
    /// Its keys.
    pub keys: KeySchema,
    /// Its indexes.
    pub indexes: Vec<IndexSpec>,
    /// Its capacity; `None` is billing per request.
    pub throughput: Option<Throughput>,
    /// Whether DeleteTable is refused.
    pub deletion_protection: bool,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

impl TableSpec {
    /// Refuses indexes of the same name and too many of them.
    pub(crate) fn check(&self) -> Result<(), CompanionsError> {
        let names: BTreeSet<&str> = self.indexes.iter().map(|index| index.name.as_str()).collect();
        if let Some(index) = self.indexes.iter().find(|_| names.len() < self.indexes.len()) {
            return Err(invalid(format!("Duplicate index name: {}", index.name)));
        }
        if self.indexes.len() > INDEXES_MAX {
            return Err(invalid(format!("GlobalSecondaryIndex count exceeds the per-table limit of {INDEXES_MAX}")));
        }
        for (index, key) in self.indexes.iter().flat_map(|index| index.keys.attributes().map(move |key| (index, key))) {
            let of_table = self.keys.attributes().find(|attribute| attribute.name == key.name);
            if of_table.is_some_and(|attribute| attribute.kind != key.kind) {
                return Err(invalid(format!("Key {} of index {} has another type in the table", key.name, index.name)));
            }
        }
        Ok(())
    }
}

/// A change of a table; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableChange {
    /// New billing: `Some(None)` is per request.
    #[serde(with = "optional", skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Option<Throughput>>,
    /// New protection.
    pub deletion_protection: Option<bool>,
    /// An index to make.
    pub create_index: Option<IndexSpec>,
    /// An index to forget.
    pub delete_index: Option<String>,
    /// An index's new capacity.
    pub index_throughput: Option<(String, Throughput)>,
}

/// JSON has one null; the field is left out when there is no outer value.
mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(to)
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Option::deserialize(from).map(Some)
    }
}

/// What AttributeDefinitions says, and which of it key schemas used.
#[derive(Debug, Default)]
pub struct Definitions {
    kinds: BTreeMap<String, KeyType>,
    used: BTreeSet<String>,
}

impl Definitions {
    /// The definitions of one request.
    pub fn new(kinds: impl IntoIterator<Item = (String, KeyType)>) -> Result<Self, CompanionsError> {
        let mut definitions = Self::default();
        for (name, kind) in kinds {
            if definitions.kinds.insert(name.clone(), kind).is_some() {
                return Err(invalid(format!("Duplicate AttributeName in AttributeDefinitions: {name}")));
            }
        }
        Ok(definitions)
    }

    /// A key schema from its elements, names with `HASH` or `RANGE`.
    pub fn keys(&mut self, elements: &[(String, String)]) -> Result<KeySchema, CompanionsError> {
        let (hash, range) = match elements {
            [(hash, first)] if first == "HASH" => (hash, None),
            [(hash, first), (range, second)] if first == "HASH" && second == "RANGE" => (hash, Some(range)),
            [_] | [_, _] => {
                return Err(invalid("The first KeySchemaElement must be a HASH key type, the second a RANGE key type"));
            }
            _ => return Err(invalid("A KeySchema has one HASH key and at most one RANGE key")),
        };
        if range == Some(hash) {
            return Err(invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
        }
        Ok(KeySchema { hash: self.key(hash)?, range: range.map(|range| self.key(range)).transpose()? })
    }

    fn key(&mut self, name: &str) -> Result<KeyAttribute, CompanionsError> {
        let kind = *self.kinds.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
            invalid(format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{name}], AttributeDefinitions: \
                 [{}]",
                known.join(", ")
            ))
        })?;
        self.used.insert(name.into());
        Ok(KeyAttribute { name: name.into(), kind })
    }

    /// Refuses definitions that no key uses.
    pub fn finish(self) -> Result<(), CompanionsError> {
        match self.kinds.keys().find(|name| !self.used.contains(*name)) {
            Some(name) => Err(invalid(format!(
                "Some AttributeDefinitions are not used. AttributeDefinitions: [{name}], keys used: [{}]",
                self.used.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            ))),
            None => Ok(()),
        }
    }
}

/// An index and when it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexAbout {
    /// What it is.
    pub spec: IndexSpec,
    /// `CREATING` before, `ACTIVE` from then on.
    pub ready: Timestamp,
}

/// A table without its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableAbout {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: TableName,
    /// The place in the command log of the command that made it: tells it from others of the name.
    pub epoch: u64,
    /// When it was made.
    pub created: Timestamp,
    /// Its keys.
    pub keys: KeySchema,
    /// Its indexes, in the order they were made.
    pub indexes: Vec<IndexAbout>,
    /// Its capacity; `None` is billing per request.
    pub throughput: Option<Throughput>,
    /// When billing per request began.
    pub per_request_since: Option<Timestamp>,
    /// Whether DeleteTable is refused.
    pub deletion_protection: bool,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Point-in-time recovery: since when, and for how many days. A setting that is kept and shown; the durable log is
    /// the recovery there is.
    pub recovery: Option<(Timestamp, i32)>,
}

impl TableAbout {
    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:dynamodb:{}:{}:table/{}", self.scope.region, self.scope.account, self.name)
    }

    /// Its id: a UUID whose last part is the epoch.
    pub fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.epoch)
    }

    /// The keys of the table and its indexes, each once, in the order of AttributeDefinitions.
    pub fn key_attributes(&self) -> BTreeMap<&str, KeyType> {
        let indexes = self.indexes.iter().flat_map(|index| index.spec.keys.attributes());
        self.keys.attributes().chain(indexes).map(|key| (key.name.as_str(), key.kind)).collect()
    }
}
