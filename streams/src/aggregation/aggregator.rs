//! From user records to aggregates, as the KPL makes them.

use std::collections::HashMap;

use bytes::Bytes;
use md5::{Digest, Md5};

use super::message::{put_bytes, put_number};
use super::{DIGEST_BYTES, MAGIC};

/// Bytes that a user record costs beside its texts and data: tags, lengths and two indices, each at its longest.
const OVERHEAD_BYTES_MAX: usize = 40;

/// Collects user records of one shard until they fill a record. The caller keeps to one shard: it knows the ranges.
#[derive(Debug)]
pub struct Aggregator {
    bytes_max: usize,
    /// The record's own key; part of its size.
    first: Option<(String, Option<String>)>,
    partition_keys: Table,
    explicit_hash_keys: Table,
    records: Vec<u8>,
    count: usize,
}

/// A record as its producer gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Chooses the shard by its MD5.
    pub partition_key: String,
    /// Chooses the shard itself when present.
    pub explicit_hash_key: Option<String>,
    /// The payload.
    pub data: Bytes,
}

/// A record to put, and how many user records it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregated {
    /// What to put.
    pub record: UserRecord,
    /// How many user records.
    pub count: usize,
}

/// Texts by the index that the records give.
#[derive(Debug, Default)]
struct Table {
    indices: HashMap<String, u64>,
    encoded: Vec<u8>,
}

impl Table {
    fn index(&mut self, field: u32, text: &str) -> u64 {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let index = self.indices.len() as u64;
        self.indices.insert(text.into(), index);
        put_bytes(&mut self.encoded, field, text.as_bytes());
        index
    }
}

impl Aggregator {
    /// Makes records of at most `bytes_max`, partition key included, unless a single user record is larger.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            first: None,
            partition_keys: Table::default(),
            explicit_hash_keys: Table::default(),
            records: Vec::new(),
            count: 0,
        }
    }

    /// How many user records wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the record still takes `user`; an empty one takes anything.
    pub fn has_room_for(&self, user: &UserRecord) -> bool {
        let Some((key, _)) = &self.first else { return true };
        let texts = user.partition_key.len() + user.explicit_hash_key.as_ref().map_or(0, String::len);
        let held = self.partition_keys.encoded.len() + self.explicit_hash_keys.encoded.len() + self.records.len();
        let frame = MAGIC.len() + DIGEST_BYTES + key.len();
        frame + held + texts + user.data.len() + OVERHEAD_BYTES_MAX <= self.bytes_max
    }

    /// Adds a user record.
    pub fn push(&mut self, user: UserRecord) {
        let mut record = Vec::with_capacity(user.data.len() + OVERHEAD_BYTES_MAX);
        put_number(&mut record, 1, self.partition_keys.index(1, &user.partition_key));
        if let Some(hash) = &user.explicit_hash_key {
            put_number(&mut record, 2, self.explicit_hash_keys.index(2, hash));
        }
        put_bytes(&mut record, 3, &user.data);
        put_bytes(&mut self.records, 3, &record);
        self.count += 1;
        self.first.get_or_insert((user.partition_key, user.explicit_hash_key));
    }

    /// Takes what was collected as one record, which goes by the key of its first user record; `None` when there is
    /// nothing.
    pub fn take(&mut self) -> Option<Aggregated> {
        let taken = std::mem::replace(self, Self::new(self.bytes_max));
        let (partition_key, explicit_hash_key) = taken.first?;
        let (keys, hashes) = (taken.partition_keys.encoded, taken.explicit_hash_keys.encoded);
        let message = [keys, hashes, taken.records].concat();
        let mut data = Vec::with_capacity(MAGIC.len() + message.len() + DIGEST_BYTES);
        data.extend_from_slice(&MAGIC);
        data.extend_from_slice(&message);
        data.extend_from_slice(&Md5::digest(&message));
        let record = UserRecord { partition_key, explicit_hash_key, data: Bytes::from(data) };
        Some(Aggregated { record, count: taken.count })
    }
}
