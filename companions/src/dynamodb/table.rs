//! One table: its items in order of key, and its indexes.
//!
//! Owns: that items, indexes and sizes agree. Refuses: conditions (`write.rs`) and pages (`read.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::key::ItemKey;
use super::schema::{IndexAbout, TableAbout};
use super::value::{Item, item_size};
use crate::CompanionsError;

/// Largest item, names and values (developer guide: 400 KB).
const ITEM_BYTES_MAX: usize = 400 << 10;

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) about: TableAbout,
    pub(crate) items: BTreeMap<ItemKey, Arc<Item>>,
    /// For each index of `about`, in the same order: the key in the index with the key in the table.
    pub(crate) entries: Vec<BTreeSet<(ItemKey, ItemKey)>>,
    /// The bytes of all items.
    pub(crate) bytes: usize,
}

impl Table {
    pub(crate) fn new(about: TableAbout) -> Self {
        let entries = about.indexes.iter().map(|_| BTreeSet::new()).collect();
        Self { about, items: BTreeMap::new(), entries, bytes: 0 }
    }

    /// Refuses what no item of this table may be.
    pub(crate) fn check(&self, item: &Item) -> Result<(), CompanionsError> {
        if item_size(item) > ITEM_BYTES_MAX {
            return Err(CompanionsError::Invalid("Item size has exceeded the maximum allowed size".into()));
        }
        if item.values().any(super::Value::is_too_deep) {
            return Err(CompanionsError::Invalid(
                "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported \
                 limit"
                    .into(),
            ));
        }
        self.about.indexes.iter().try_for_each(|index| index.spec.keys.check_entry(item, &index.spec.name))
    }

    /// Puts, replaces or takes away the item of that key.
    pub(crate) fn store(&mut self, key: ItemKey, item: Option<Arc<Item>>) {
        let old = match &item {
            Some(item) => self.items.insert(key.clone(), item.clone()),
            None => self.items.remove(&key),
        };
        self.bytes = self.bytes + item.as_deref().map_or(0, item_size) - old.as_deref().map_or(0, item_size);
        for (index, entries) in self.about.indexes.iter().zip(&mut self.entries) {
            let entry = |item: &Arc<Item>| index.spec.keys.of_entry(item);
            let (before, after) = (old.as_ref().and_then(entry), item.as_ref().and_then(entry));
            if before == after {
                continue;
            }
            if let Some(before) = before {
                entries.remove(&(before, key.clone()));
            }
            if let Some(after) = after {
                entries.insert((after, key.clone()));
            }
        }
    }

    pub(crate) fn add_index(&mut self, index: IndexAbout) {
        let entry = |(key, item): (&ItemKey, &Arc<Item>)| Some((index.spec.keys.of_entry(item)?, key.clone()));
        self.entries.push(self.items.iter().filter_map(entry).collect());
        self.about.indexes.push(index);
    }

    /// Whether there was one of that name.
    pub(crate) fn drop_index(&mut self, name: &str) -> bool {
        let Some(place) = self.about.indexes.iter().position(|index| index.spec.name == name) else { return false };
        self.about.indexes.remove(place);
        self.entries.remove(place);
        true
    }
}
