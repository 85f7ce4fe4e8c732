//! Which shards are read: those where a tail begins, then, when their parents are read to the end, their children, so
//! that a key's records keep their order through a reshard.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream;
use types::ShardId;
use wire::kinesis::Shard;

use super::from::Begin;
use super::merge::{Merge, Row};
use super::shard::{Reader, State};
use crate::cli::{Error, shards};
use crate::client::Client;

/// Reads that are under way at a time.
const READS_MAX: usize = 16;
/// Records in memory, of all shards together; each shard may have its share.
const RECORDS_MAX: usize = 10_000;

/// See the module text.
pub(super) struct Shards {
    client: Client,
    stream: String,
    /// What a child begins with: everything, or what is not too old.
    begin_of_children: Begin,
    /// Only the shards that were named: no children.
    is_fixed: bool,
    known: BTreeMap<String, Shard>,
    reading: BTreeMap<String, Reader>,
    /// Shards that were read to their ends, by name.
    ended: Vec<String>,
    merge: Merge,
}

/// What a round of reads brought.
pub(super) struct Round {
    pub(super) records: usize,
    /// Some shard, or its children, have more right now.
    pub(super) is_behind: bool,
}

impl Shards {
    pub(super) async fn open(client: Client, stream: &str, only: Option<&str>, begin: Begin) -> Result<Self, Error> {
        let listed = shards::list(&client, stream).await?;
        let starts = starts(&listed, only, begin).ok_or_else(|| {
            let only = only.unwrap_or_default();
            Error::Command(format!("stream {stream} has no shard {only}; see: thalweg stream describe {stream}"))
        })?;
        let mut tail = Self {
            client,
            stream: stream.into(),
            begin_of_children: if let Begin::Time(_) = begin { begin } else { Begin::Horizon },
            is_fixed: only.is_some(),
            known: listed.into_iter().map(|shard| (shards::id(&shard).to_string(), shard)).collect(),
            reading: BTreeMap::new(),
            ended: Vec::new(),
            merge: Merge::default(),
        };
        for id in starts {
            let mut reader = tail.reader(&id, begin);
            reader.position(&tail.client, stream).await?;
            tail.merge.add(&id, Vec::new(), true);
            tail.reading.insert(id, reader);
        }
        Ok(tail)
    }

    fn reader(&self, id: &str, begin: Begin) -> Reader {
        let range = shards::range(self.known.get(id).and_then(|shard| shard.hash_key_range.as_ref()));
        Reader::new(id, range, begin)
    }

    /// Reads a page of each shard of which nothing waits to be shown, and opens children of those that ended.
    pub(super) async fn read(&mut self) -> Result<Round, Error> {
        let share = (RECORDS_MAX / self.reading.len().max(1)).clamp(10, RECORDS_MAX) as i32;
        let merge = &self.merge;
        let wanting = self
            .reading
            .values_mut()
            .filter(|reader| merge.is_empty(&reader.id) && !matches!(reader.state, State::Ended(_)));
        let (client, stream) = (&self.client, &self.stream);
        let reads = wanting.map(async |reader| (reader.id.clone(), reader.read(client, stream, share).await));
        let done: Vec<_> = stream::iter(reads).buffer_unordered(READS_MAX).collect().await;
        let mut records = 0;
        for (id, rows) in done {
            let rows = rows?;
            records += rows.len();
            let is_behind = self.reading.get(&id).is_some_and(|reader| reader.state == State::Behind);
            self.merge.add(&id, rows, is_behind);
        }
        self.open_children().await?;
        let is_behind = self.reading.values().any(|reader| reader.state != State::AtTip);
        Ok(Round { records, is_behind })
    }

    /// The rows whose turn it is.
    pub(super) fn merged(&mut self) -> Vec<Row> {
        self.merge.take()
    }

    /// Whether nothing will come any more; with `at_tips`, nothing that is not there yet counts.
    pub(super) fn is_done(&self, at_tips: bool) -> bool {
        self.reading.iter().all(|(id, reader)| match reader.state {
            State::Behind => false,
            State::AtTip => at_tips && self.merge.is_empty(id),
            // Its children are opened by the next read.
            State::Ended(_) => self.is_fixed && self.merge.is_empty(id),
        })
    }

    async fn open_children(&mut self) -> Result<(), Error> {
        let ended: Vec<(String, Vec<String>)> = self
            .reading
            .values()
            .filter_map(|reader| match &reader.state {
                State::Ended(children) if self.merge.is_empty(&reader.id) => {
                    Some((reader.id.clone(), children.clone()))
                }
                _ => None,
            })
            .collect();
        if ended.is_empty() {
            return Ok(());
        }
        let is_news = ended.iter().flat_map(|(_, children)| children).any(|child| !self.known.contains_key(child));
        if is_news || ended.iter().any(|(_, children)| children.is_empty()) {
            let listed = shards::list(&self.client, &self.stream).await?;
            self.known.extend(listed.into_iter().map(|shard| (shards::id(&shard).to_string(), shard)));
        }
        for (id, _) in ended {
            self.reading.remove(&id);
            self.merge.forget(&id);
            self.ended.push(id);
        }
        if self.is_fixed {
            return Ok(());
        }
        for id in ready(&self.known, &self.ended) {
            if !self.reading.contains_key(&id) {
                let reader = self.reader(&id, self.begin_of_children);
                self.merge.add(&id, Vec::new(), true);
                self.reading.insert(id, reader);
            }
        }
        Ok(())
    }
}

/// Where a tail begins; `None` when the shard that was asked for is not there.
fn starts(listed: &[Shard], only: Option<&str>, begin: Begin) -> Option<Vec<String>> {
    if let Some(only) = only {
        let name = only.parse().map_or_else(|_| only.to_string(), |number| ShardId(number).to_string());
        return listed.iter().find(|shard| shards::id(shard) == name).map(|_| vec![name]);
    }
    let is_start = |shard: &&Shard| match begin {
        Begin::Latest => shards::is_open(shard),
        // Parents that have expired are not waited for.
        Begin::Horizon | Begin::Time(_) => {
            !shards::parents(shard).any(|parent| listed.iter().any(|other| shards::id(other) == parent))
        }
    };
    Some(listed.iter().filter(is_start).map(|shard| shards::id(shard).to_string()).collect())
}

/// Children all of whose parents that are there were read to their ends, and that were not read themselves.
fn ready(known: &BTreeMap<String, Shard>, ended: &[String]) -> Vec<String> {
    let is_over = |parent: &str| ended.iter().any(|id| id == parent) || !known.contains_key(parent);
    let waits = |shard: &Shard| !shards::parents(shard).all(is_over);
    let follows = |shard: &Shard| shards::parents(shard).any(|parent| ended.iter().any(|id| id == parent));
    let new = known.iter().filter(|(id, shard)| !ended.contains(id) && follows(shard) && !waits(shard));
    new.map(|(id, _)| id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use types::Timestamp;
    use wire::kinesis::SequenceNumberRange;

    use super::*;

    fn shard(number: u32, parents: &[u32], closed: bool) -> Shard {
        let name = |number: &u32| ShardId(*number).to_string();
        let ending_sequence_number = closed.then(|| "9".to_string());
        Shard {
            shard_id: Some(name(&number)),
            parent_shard_id: parents.first().map(name),
            adjacent_parent_shard_id: parents.get(1).map(name),
            sequence_number_range: Some(SequenceNumberRange { ending_sequence_number, ..Default::default() }),
            ..Default::default()
        }
    }

    fn numbers(ids: Vec<String>) -> Vec<u32> {
        ids.iter().map(|id| ShardId::parse(id).unwrap().0).collect()
    }

    /// 0 was split into 2 and 3; 1 (whose parent 7 has expired) and 3 were merged into 4.
    fn family() -> Vec<Shard> {
        vec![
            shard(0, &[], true),
            shard(1, &[7], true),
            shard(2, &[0], false),
            shard(3, &[0], true),
            shard(4, &[1, 3], false),
        ]
    }

    #[test]
    fn a_tail_begins_with_roots_or_with_what_is_open() {
        let all = family();
        let check = |only, begin, expected: Option<&[u32]>| {
            assert_eq!(starts(&all, only, begin).map(numbers).as_deref(), expected, "{only:?} {begin:?}");
        };
        check(None, Begin::Horizon, Some(&[0, 1]));
        check(None, Begin::Time(Timestamp(5)), Some(&[0, 1]));
        check(None, Begin::Latest, Some(&[2, 4]));
        check(Some("3"), Begin::Latest, Some(&[3]));
        check(Some("shardId-000000000003"), Begin::Horizon, Some(&[3]));
        check(Some("9"), Begin::Horizon, None);
    }

    #[test]
    fn children_come_after_all_their_parents() {
        let known: BTreeMap<_, _> = family().into_iter().map(|shard| (shards::id(&shard).to_string(), shard)).collect();
        let check = |ended: &[u32], expected: &[u32]| {
            let ended: Vec<_> = ended.iter().map(|number| ShardId(*number).to_string()).collect();
            assert_eq!(numbers(ready(&known, &ended)), expected);
        };
        check(&[], &[]);
        check(&[0], &[2, 3]);
        check(&[1], &[]);
        check(&[0, 3], &[2]);
        check(&[0, 1, 3], &[2, 4]);
    }
}
