//! Random histories against a simple model: puts, splits, merges, scaling, retention, time jumps and restarts, with every
//! answer compared after every step.

use std::time::Duration;

use proptest::prelude::*;
use streams::{Position, Shard, ShardFilter, StreamsError};
use types::{HashKey, HashRange, Kind, SequenceNumber, ShardId, StreamName, Timestamp};

use crate::world::{World, entry};

/// One step of a history. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Step {
    Put { key: u8, count: usize },
    Split { shard: usize, at: u128 },
    Merge { shard: usize, adjacent: usize },
    Scale { shards: u32 },
    Retention { days: i32, longer: bool },
    Pass { minutes: u64 },
    Trim,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<u8>(), 1usize..4).prop_map(|(key, count)| Step::Put { key: key % 16, count }),
        2 => (any::<usize>(), any::<u128>()).prop_map(|(shard, at)| Step::Split { shard, at }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(shard, adjacent)| Step::Merge { shard, adjacent }),
        1 => (1u32..7).prop_map(|shards| Step::Scale { shards }),
        1 => (0i32..4, any::<bool>()).prop_map(|(days, longer)| Step::Retention { days, longer }),
        3 => (1u64..2000).prop_map(|minutes| Step::Pass { minutes }),
        1 => Just(Step::Trim),
        1 => Just(Step::Restart),
    ]
}

#[derive(Debug, Clone)]
struct ModelRecord {
    arrival: Timestamp,
    number: SequenceNumber,
    data: String,
}

#[derive(Debug, Clone)]
struct ModelShard {
    id: ShardId,
    range: HashRange,
    parents: Vec<ShardId>,
    opened: Timestamp,
    closed: Option<Timestamp>,
    records: Vec<ModelRecord>,
}

/// What a stream is, said as simply as it can be.
struct Model {
    created: Timestamp,
    now: Timestamp,
    retention: Duration,
    horizon: Timestamp,
    shards: Vec<ModelShard>,
    next_id: u32,
    written: u64,
}

impl Model {
    fn new(now: Timestamp, count: u32) -> Self {
        let retention = Duration::from_secs(24 * 3600);
        let horizon = Timestamp(0);
        let mut model = Self { created: now, now, retention, horizon, shards: Vec::new(), next_id: 0, written: 0 };
        for range in HashRange::split_evenly(count) {
            model.open(range, Vec::new());
        }
        model
    }

    fn open(&mut self, range: HashRange, parents: Vec<ShardId>) {
        for parent in &parents {
            let now = self.now;
            self.shards.iter_mut().filter(|shard| shard.id == *parent).for_each(|shard| shard.closed = Some(now));
        }
        let id = ShardId(self.next_id);
        self.next_id += 1;
        self.shards.push(ModelShard { id, range, parents, opened: self.now, closed: None, records: Vec::new() });
    }

    fn oldest(&self) -> Timestamp {
        self.now.before(self.retention).max(self.horizon)
    }

    fn listed(&self) -> Vec<&ModelShard> {
        let horizon = self.oldest().max(self.created);
        self.shards.iter().filter(|shard| shard.closed.is_none_or(|closed| closed >= horizon)).collect()
    }

    fn open_shards(&self) -> Vec<ModelShard> {
        let mut open: Vec<_> = self.shards.iter().filter(|shard| shard.closed.is_none()).cloned().collect();
        open.sort_by_key(|shard| shard.range.start);
        open
    }

    fn kind_of_split(&self, shard: &ModelShard, at: u128) -> Option<Kind> {
        let (start, end) = (shard.range.start.0, shard.range.end.0);
        let fits = shard.closed.is_none() && at > start.saturating_add(1) && at < end;
        (!fits).then_some(Kind::Invalid)
    }
}

/// The server and its model, side by side.
struct Pair {
    world: World,
    model: Model,
    name: StreamName,
}

impl Pair {
    async fn new() -> Self {
        let world = World::new().await;
        let name = world.create("s", 2).await;
        let now = types::Clock::now(&*world.clock);
        Self { world, model: Model::new(now, 2), name }
    }

    async fn take(mut self, step: &Step) -> Self {
        match step {
            Step::Put { key, count } => self.put(*key, *count).await,
            Step::Split { shard, at } => self.split(*shard, *at).await,
            Step::Merge { shard, adjacent } => self.merge(*shard, *adjacent).await,
            Step::Scale { shards } => self.scale(*shards).await,
            Step::Retention { days, longer } => self.set_retention(days * 24, *longer).await,
            Step::Pass { minutes } => {
                let span = Duration::from_secs(minutes * 60);
                self.world.clock.advance(span);
                self.model.now = self.model.now.after(span);
            }
            Step::Trim => self.world.streams.trim_expired().await,
            Step::Restart => {
                self.world = self.world.restart().await;
            }
        }
        self
    }

    async fn put(&mut self, key: u8, count: usize) {
        let key = format!("key-{key}");
        let first = self.model.written;
        let datas: Vec<String> = (0..count as u64).map(|n| (first + n).to_string()).collect();
        self.model.written += count as u64;
        let entries = datas.iter().map(|data| entry(&key, data)).collect();
        let placed = self.world.streams.put_records(&self.world.scope, &self.name, entries).await.unwrap();
        let hash = HashKey::of_partition_key(&key);
        let owner = self.model.shards.iter_mut().find(|shard| shard.closed.is_none() && shard.range.contains(hash));
        let owner = owner.unwrap();
        for (placed, data) in placed.into_iter().zip(datas) {
            let placed = placed.unwrap();
            assert_eq!(placed.shard, owner.id);
            assert!(owner.records.last().is_none_or(|last| last.number < placed.sequence_number));
            owner.records.push(ModelRecord { arrival: self.model.now, number: placed.sequence_number, data });
        }
    }

    async fn split(&mut self, shard: usize, at: u128) {
        let shard = self.model.listed()[shard % self.model.listed().len()].clone();
        // Mostly inside the shard, sometimes anywhere.
        let width = shard.range.end.0 - shard.range.start.0;
        let at = if at.is_multiple_of(5) { at } else { shard.range.start.0 + at % width.max(1) };
        let expected = self.model.kind_of_split(&shard, at);
        let done = self.world.streams.split_shard(&self.world.scope, &self.name, shard.id, HashKey(at)).await;
        assert_eq!(done.as_ref().err().map(StreamsError::kind), expected, "{done:?}");
        if expected.is_none() {
            self.model.open(HashRange { start: shard.range.start, end: HashKey(at - 1) }, vec![shard.id]);
            self.model.open(HashRange { start: HashKey(at), end: shard.range.end }, vec![shard.id]);
        }
    }

    async fn merge(&mut self, shard: usize, adjacent: usize) {
        let open = self.model.open_shards();
        let (one, other) = (open[shard % open.len()].clone(), open[adjacent % open.len()].clone());
        // Only in the order of their keys.
        let fits = one.range.end.0.checked_add(1) == Some(other.range.start.0);
        let done = self.world.streams.merge_shards(&self.world.scope, &self.name, one.id, other.id).await;
        assert_eq!(done.as_ref().err().map(StreamsError::kind), (!fits).then_some(Kind::Invalid), "{done:?}");
        if fits {
            let range = HashRange { start: one.range.start, end: other.range.end };
            self.model.open(range, vec![one.id, other.id]);
        }
    }

    /// The model says what scaling must come to, not by which splits and merges.
    async fn scale(&mut self, shards: u32) {
        let even = HashRange::split_evenly(shards);
        let is_even = self.model.open_shards().iter().map(|shard| shard.range).eq(even.iter().copied());
        let done = self.world.streams.update_shard_count(&self.world.scope, &self.name, shards).await;
        assert_eq!(done.as_ref().err().map(StreamsError::kind), is_even.then_some(Kind::Invalid), "{done:?}");
        let stream = self.world.streams.stream(&self.world.scope, &self.name).unwrap();
        for shard in stream.shards.iter().filter(|shard| shard.id.0 >= self.model.next_id).cloned().collect::<Vec<_>>()
        {
            assert_eq!(shard.id.0, self.model.next_id, "ids go on without a hole");
            assert!(!shard.parents.is_empty());
            for parent in &shard.parents {
                let parent = self.model.shards.iter().find(|known| known.id == *parent).unwrap();
                let touches = parent.range.start <= shard.range.end && shard.range.start <= parent.range.end;
                assert!(touches, "a parent shares keys with its child");
            }
            self.model.open(shard.range, shard.parents);
        }
        assert!(self.model.open_shards().iter().map(|shard| shard.range).eq(even));
    }

    async fn set_retention(&mut self, hours: i32, longer: bool) {
        let now = self.model.retention.as_secs() as i32 / 3600;
        let fits = (24..=8760).contains(&hours) && if longer { hours >= now } else { hours <= now };
        let done = self.world.streams.set_retention(&self.world.scope, &self.name, hours, longer).await;
        assert_eq!(done.as_ref().err().map(StreamsError::kind), (!fits).then_some(Kind::Invalid), "{done:?}");
        if fits {
            let asked = Duration::from_secs(hours as u64 * 3600);
            self.model.horizon = self.model.horizon.max(self.model.now.before(self.model.retention.min(asked)));
            self.model.retention = asked;
        }
    }

    fn list(&self, filter: ShardFilter) -> Vec<Shard> {
        self.world.streams.list_shards(&self.world.streams.stream(&self.world.scope, &self.name).unwrap(), filter)
    }

    /// Compares everything that a client can see.
    async fn compare(&self, probe: u64) {
        let ids = |shards: &[Shard]| shards.iter().map(|shard| shard.id).collect::<Vec<_>>();
        let listed = self.list(ShardFilter::All);
        let expected = self.model.listed();
        assert_eq!(ids(&listed), expected.iter().map(|shard| shard.id).collect::<Vec<_>>());
        for (shard, expected) in listed.iter().zip(&expected) {
            assert_eq!((shard.range, &shard.parents), (expected.range, &expected.parents));
            assert_eq!(shard.closed.is_some(), expected.closed.is_some());
        }
        let horizon = self.model.oldest().max(self.model.created);
        let time = Timestamp(horizon.0 + probe % (self.model.now.0 - horizon.0 + 1));
        let open_at = |time: Timestamp| {
            let open = expected.iter().filter(|s| s.opened <= time && s.closed.is_none_or(|closed| closed >= time));
            open.map(|shard| shard.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&self.list(ShardFilter::AtTime(time))), open_at(time));
        assert_eq!(ids(&self.list(ShardFilter::AtTrimHorizon)), open_at(horizon));
        for shard in &expected {
            self.compare_shard(shard, time, probe).await;
        }
    }

    async fn compare_shard(&self, shard: &ModelShard, time: Timestamp, probe: u64) {
        let oldest = self.model.oldest();
        let visible: Vec<&ModelRecord> = shard.records.iter().filter(|record| record.arrival >= oldest).collect();
        let data = |records: &[&ModelRecord]| records.iter().map(|record| record.data.clone()).collect::<Vec<_>>();
        assert_eq!(self.read(shard, Position::TrimHorizon).await, data(&visible));
        let later: Vec<_> = visible.iter().copied().filter(|record| record.arrival >= time).collect();
        assert_eq!(self.read(shard, Position::AtTimestamp(time)).await, data(&later));
        assert!(self.read(shard, Position::Latest).await.is_empty());
        if let Some(at) = usize::try_from(probe).unwrap().checked_rem(shard.records.len()) {
            // A position that was trimmed is still a position: the next record that is left follows it.
            let number = shard.records[at].number;
            let after: Vec<_> = visible.iter().copied().filter(|record| record.number > number).collect();
            assert_eq!(self.read(shard, Position::AfterSequenceNumber(number)).await, data(&after));
        }
    }

    /// Follows an iterator to the tip or to the end, which must come with exactly the children of the model.
    async fn read(&self, shard: &ModelShard, position: Position) -> Vec<String> {
        let streams = &self.world.streams;
        let mut next = Some(streams.shard_iterator(&self.world.scope, &self.name, shard.id, position).await.unwrap());
        let mut read = Vec::new();
        while let Some(iterator) = next {
            let page = streams.get_records(&iterator, Some(3)).await.unwrap();
            let has_more = !page.records.is_empty() || page.millis_behind_latest > 0;
            read.extend(page.records.into_iter().map(|record| String::from_utf8(record.data.to_vec()).unwrap()));
            assert_eq!(page.next_iterator.is_none(), !page.children.is_empty());
            if page.next_iterator.is_none() {
                let children = self.model.shards.iter().filter(|child| child.parents.contains(&shard.id));
                assert!(page.children.iter().map(|child| child.id).eq(children.map(|child| child.id)));
                assert!(shard.closed.is_some());
                return read;
            }
            if !has_more {
                break;
            }
            next = page.next_iterator;
        }
        assert!(shard.closed.is_none(), "a closed shard ends");
        read
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_answered_as_the_model_says(steps in prop::collection::vec((step(), any::<u64>()), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut pair = Pair::new().await;
            for (step, probe) in &steps {
                pair = pair.take(step).await;
                pair.compare(*probe).await;
            }
        });
    }
}
