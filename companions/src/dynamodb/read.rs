//! Reads: one item, and pages of items from a query or scan.
//!
//! Owns: order, page ends and what a page counts. A page is read under the lock of the state, so it is one moment's, and
//! ends at 1 MB. Refuses: changing anything.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use types::{HashKey, Scope, Timestamp};

use super::condition::Condition;
use super::key::{ItemKey, KeyValue};
use super::key_condition::KeyCondition;
use super::path::{Path, project};
use super::schema::{KeySchema, Projected, TableAbout, TableName};
use super::table::Table;
use super::tables::State;
use super::value::{Item, item_size};
use crate::CompanionsError;

/// Where a page ends, in bytes of items looked at (API reference: 1 MB).
const PAGE_BYTES_MAX: usize = 1 << 20;

fn invalid(message: impl Into<String>) -> CompanionsError {
    CompanionsError::Invalid(message.into())
}

/// What Query and Scan have in common.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Where to read.
    pub table: TableName,
    /// Which index of it; `None` is the table itself.
    pub index: Option<String>,
    /// What items are kept.
    pub filter: Condition,
    /// The parts of items that are answered; `None` is all that the table or index has.
    pub projection: Option<Vec<Path>>,
    /// Most items looked at.
    pub limit: Option<usize>,
    /// Where the page before ended.
    pub start: Option<Item>,
    /// Whether an index may not be read, because it may lag behind on AWS.
    pub consistent: bool,
    /// Whether all attributes are asked for, which an index may not have.
    pub all_attributes: bool,
    /// What to read.
    pub what: What,
}

/// Which items a page is about.
#[derive(Debug, Clone)]
pub enum What {
    /// Those of one hash key.
    Query {
        /// Which.
        key: Condition,
        /// In order, or the other way round.
        forward: bool,
    },
    /// All, or those of one segment: its index and how many there are.
    Scan {
        /// Which.
        segment: Option<(u32, u32)>,
    },
}

/// A page of items.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Those that passed the filter.
    pub items: Vec<Item>,
    /// How many were looked at.
    pub scanned: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Where the next page starts; `None` when there is none.
    pub last: Option<Item>,
}

/// What a page reads: the table's items, or the entries of an index.
struct Source<'s> {
    table: &'s Table,
    keys: &'s KeySchema,
    /// The index's place and projection.
    index: Option<(usize, &'s Projected)>,
}

/// An item with its place in the order.
struct Row<'s> {
    /// Its key in what is read.
    key: &'s ItemKey,
    item: &'s Arc<Item>,
}

/// A place in the order: the key in the index, if there is one, and the key in the table.
type Place = (ItemKey, ItemKey);

pub(crate) fn page(
    state: &State,
    scope: &Scope,
    request: &PageRequest,
    now: Timestamp,
) -> Result<Page, CompanionsError> {
    let source = source(state.table(scope, &request.table)?, request, now)?;
    let start = request.start.as_ref().map(|start| source.place(start)).transpose()?;
    match &request.what {
        What::Query { key, forward } => {
            let condition = KeyCondition::of(key, source.keys)?;
            if let Some(path) = request.filter.paths().into_iter().find(|path| source.keys.has(&path.attribute)) {
                return Err(invalid(format!(
                    "Filter Expression can only contain non-primary key attributes: Primary key attribute: {}",
                    path.attribute
                )));
            }
            if start.as_ref().is_some_and(|(place, _)| place.hash != condition.hash) {
                return Err(invalid(
                    "The provided starting key is outside query boundaries based on provided conditions",
                ));
            }
            let rows = source.rows_of(&condition.hash, start, *forward);
            Ok(source.collect(rows.filter(|row| condition.holds(row.key)), request))
        }
        What::Scan { segment } => {
            let rows = source.rows(start);
            Ok(source.collect(rows.filter(|row| segment.is_none_or(|segment| is_in(segment, row.key))), request))
        }
    }
}

/// Keys are spread over segments by their hash, the same for all pages.
fn is_in((segment, count): (u32, u32), key: &ItemKey) -> bool {
    let hash = HashKey::of_partition_key(key.hash.text()).0;
    hash % u128::from(count) == u128::from(segment)
}

fn source<'s>(table: &'s Table, request: &PageRequest, now: Timestamp) -> Result<Source<'s>, CompanionsError> {
    let Some(name) = &request.index else { return Ok(Source { table, keys: &table.about.keys, index: None }) };
    let place = table.about.indexes.iter().position(|index| index.spec.name == *name);
    let place = place.ok_or_else(|| invalid(format!("The table does not have the specified index: {name}")))?;
    let index = &table.about.indexes[place];
    if request.consistent {
        return Err(invalid("Consistent reads are not supported on global secondary indexes"));
    }
    if index.ready > now {
        return Err(invalid(format!("Cannot read from backfilling global secondary index: {name}")));
    }
    if request.all_attributes && index.spec.projected != Projected::All {
        return Err(invalid(format!(
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary \
             index {name} because its projection type is not ALL"
        )));
    }
    Ok(Source { table, keys: &index.spec.keys, index: Some((place, &index.spec.projected)) })
}

impl<'s> Source<'s> {
    /// The place that a start key names.
    fn place(&self, start: &Item) -> Result<Place, CompanionsError> {
        let wrong = || invalid("The provided starting key is invalid");
        let keys = &self.table.about.keys;
        let names: BTreeMap<&str, ()> =
            keys.attributes().chain(self.keys.attributes()).map(|key| (key.name.as_str(), ())).collect();
        if names.len() != start.len() {
            return Err(wrong());
        }
        let in_table = keys.of_item(start).map_err(|_| wrong())?;
        Ok((self.keys.of_entry(start).ok_or_else(wrong)?, in_table))
    }

    /// The attributes that name an item's place.
    fn start_key(&self, item: &Item) -> Item {
        let keys = self.table.about.keys.attributes().chain(self.keys.attributes());
        keys.filter_map(|key| Some((key.name.clone(), item.get(&key.name)?.clone()))).collect()
    }

    /// Everything after a place, in order.
    fn rows(&self, start: Option<Place>) -> Box<dyn Iterator<Item = Row<'s>> + 's> {
        self.between(start.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded, true)
    }

    /// The items of one hash key after a place.
    fn rows_of(&self, hash: &KeyValue, start: Option<Place>, forward: bool) -> Box<dyn Iterator<Item = Row<'s>> + 's> {
        // All places of a hash key are between these two: no range key is below every range key.
        let end = |range| (ItemKey { hash: hash.clone(), range }, ItemKey { hash: KeyValue::LEAST, range: None });
        let (low, high) = (Bound::Included(end(None)), Bound::Excluded(end(Some(KeyValue::Above))));
        match start.map(Bound::Excluded) {
            None => self.between(low, high, forward),
            Some(start) if forward => self.between(start, high, true),
            Some(start) => self.between(low, start, false),
        }
    }

    fn between(&self, from: Bound<Place>, to: Bound<Place>, forward: bool) -> Box<dyn Iterator<Item = Row<'s>> + 's> {
        let table = self.table;
        if let Some((index, _)) = self.index {
            let entries = table.entries[index].range((from, to));
            let row = |(key, in_table): &'s Place| table.items.get(in_table).map(|item| Row { key, item });
            return if forward { Box::new(entries.filter_map(row)) } else { Box::new(entries.rev().filter_map(row)) };
        }
        let in_table = |bound: Bound<Place>| bound.map(|(key, _)| key);
        let items = table.items.range((in_table(from), in_table(to)));
        let row = |(key, item)| Row { key, item };
        if forward { Box::new(items.map(row)) } else { Box::new(items.rev().map(row)) }
    }

    fn collect(&self, rows: impl Iterator<Item = Row<'s>>, request: &PageRequest) -> Page {
        let mut page = Page { items: Vec::new(), scanned: 0, bytes: 0, last: None };
        let mut last = None;
        for row in rows {
            if request.limit.is_some_and(|limit| page.scanned >= limit) || page.bytes >= PAGE_BYTES_MAX {
                page.last = last.map(|item| self.start_key(item));
                break;
            }
            last = Some(row.item);
            let item = self.visible(row.item);
            page.scanned += 1;
            page.bytes += item_size(&item);
            if request.filter.holds(&item) {
                page.items.push(match &request.projection {
                    Some(paths) => project(&item, paths),
                    None => item,
                });
            }
        }
        page
    }

    /// The item as the table or index has it.
    fn visible(&self, item: &Item) -> Item {
        let kept = match self.index {
            None | Some((_, Projected::All)) => return item.clone(),
            Some((_, Projected::KeysOnly)) => None,
            Some((_, Projected::Include(names))) => Some(names),
        };
        let keys = &self.table.about.keys;
        let is_kept = |name: &String| keys.has(name) || self.keys.has(name) || kept.is_some_and(|n| n.contains(name));
        item.iter().filter(|(name, _)| is_kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// A table as it is described.
#[derive(Debug, Clone, PartialEq)]
pub struct TableInfo {
    /// Everything but items.
    pub about: TableAbout,
    /// How many items it has.
    pub item_count: usize,
    /// Their bytes.
    pub bytes: usize,
    /// How many items each index has, in order, and whether the index can be read.
    pub indexes: Vec<(usize, bool)>,
}

pub(crate) fn describe(table: &Table, now: Timestamp) -> TableInfo {
    let indexes = table.about.indexes.iter().zip(&table.entries);
    TableInfo {
        about: table.about.clone(),
        item_count: table.items.len(),
        bytes: table.bytes,
        indexes: indexes.map(|(index, entries)| (entries.len(), index.ready <= now)).collect(),
    }
}
