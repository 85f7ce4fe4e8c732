//! Planning a reshard, carrying out its rounds, forgetting what has expired.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use types::{CommandMeta, HashKey, HashRange, Kind, Rejected, ShardId};

use super::create::open_shard;
use super::{State, invalid, limit_exceeded};
use crate::command::{ReshardRequest, ShardQuotas, StreamRef};
use crate::reshard::{Plan, Step, halve, scale};
use crate::stream::{Closed, Counted, Pending};
use crate::{Shard, Stream, StreamMode, StreamStatus};

const DAY: Duration = Duration::from_secs(24 * 3600);

impl State {
    pub(super) fn plan_reshard(
        &mut self,
        meta: CommandMeta,
        of: &StreamRef,
        request: ReshardRequest,
        by_service: bool,
        quotas: &ShardQuotas,
    ) -> Result<(), Rejected> {
        let stream = self.change_active(of)?;
        if !by_service && stream.mode == StreamMode::OnDemand {
            let message = format!("Stream {} is in ON_DEMAND mode; its shards are scaled by the service.", of.name);
            return Err(Rejected { kind: Kind::Unsupported, message });
        }
        let plan = match &request {
            ReshardRequest::Split { shard, at } => split(stream, *shard, *at)?,
            ReshardRequest::Merge { shard, adjacent } => merge(stream, *shard, *adjacent)?,
            ReshardRequest::Scale { shard_count } => {
                // Quotas of calls are not for what the service does by itself.
                let quotas = if by_service { &ShardQuotas::default() } else { quotas };
                scaled(meta, stream, *shard_count, quotas)?
            }
            ReshardRequest::Halve { shards } => {
                let open = stream.open_shards().filter(|shard| shards.contains(&shard.id));
                halve(&open.map(|shard| (shard.id, shard.range)).collect::<Vec<_>>())
            }
        };
        let before = stream.open.len();
        let after = match request {
            ReshardRequest::Split { .. } => before + 1,
            ReshardRequest::Merge { .. } => before - 1,
            ReshardRequest::Scale { shard_count } => shard_count as usize,
            ReshardRequest::Halve { .. } => before + plan.rounds.first().map_or(0, Vec::len),
        };
        if after > before {
            self.check_open_shards(&of.scope, after - before, quotas)?;
        }
        let stream = self.change(of)?;
        if matches!(request, ReshardRequest::Scale { .. }) && !by_service {
            stream.count(Counted::Scale, meta);
        }
        if plan.rounds.iter().any(|round| !round.is_empty()) {
            stream.status = StreamStatus::Updating;
            stream.pending = Some(Pending::Reshard(plan));
        }
        Ok(())
    }

    pub(super) fn advance(
        &mut self,
        meta: CommandMeta,
        of: &StreamRef,
        closed: &BTreeMap<ShardId, Closed>,
    ) -> Result<(), Rejected> {
        let stream = self.change(of)?;
        let Some(Pending::Reshard(plan)) = &mut stream.pending else {
            return Err(invalid(format!("stream {} has no reshard to go on with", of.name)));
        };
        let round = plan.rounds.first().cloned().unwrap_or_default();
        let parents: BTreeSet<ShardId> = round.iter().flat_map(Step::parents).collect();
        if !parents.iter().eq(closed.keys()) {
            return Err(invalid(format!("the shards closed of stream {} are not those of the round", of.name)));
        }
        if !plan.rounds.is_empty() {
            plan.rounds.remove(0);
        }
        if plan.rounds.is_empty() && stream.status == StreamStatus::Updating {
            stream.pending = None;
            stream.status = StreamStatus::Active;
        }
        stream.carry_out(meta, &round, closed);
        Ok(())
    }

    pub(super) fn expire(&mut self, of: &StreamRef, shards: &BTreeSet<ShardId>) -> Result<(), Rejected> {
        let stream = self.change(of)?;
        let expired = |shard: &Shard| shards.contains(&shard.id) && shard.closed.is_some();
        let dropped: Vec<_> =
            stream.shards.iter().filter(|shard| expired(shard)).map(|shard| shard.partition).collect();
        stream.shards.retain(|shard| !expired(shard));
        stream.index_open_shards();
        self.dropped.extend(dropped);
        Ok(())
    }
}

impl Stream {
    fn carry_out(&mut self, meta: CommandMeta, round: &[Step], closed: &BTreeMap<ShardId, Closed>) {
        let mut children: Vec<Shard> = Vec::new();
        for step in round {
            for (range, parents) in self.children_of(step) {
                let index = u16::try_from(children.len()).unwrap_or(u16::MAX);
                children.push(open_shard(meta, index, ShardId(self.shards_made), range, parents));
                self.shards_made += 1;
            }
        }
        for shard in &mut self.shards {
            shard.closed = shard.closed.or(closed.get(&shard.id).copied());
        }
        self.shards.extend(children);
        self.index_open_shards();
    }

    /// The ranges and parents of the shards that a step opens, in the order of their ids.
    fn children_of(&self, step: &Step) -> Vec<(HashRange, Vec<ShardId>)> {
        match *step {
            Step::Split { shard, at } => self.shard(shard).map_or_else(Vec::new, |parent| {
                let low = HashRange { start: parent.range.start, end: HashKey(at.0 - 1) };
                let high = HashRange { start: at, end: parent.range.end };
                vec![(low, vec![shard]), (high, vec![shard])]
            }),
            Step::Merge { low, high, first } => match (self.shard(low), self.shard(high)) {
                (Some(lower), Some(upper)) => {
                    let range = HashRange { start: lower.range.start, end: upper.range.end };
                    let second = if first == low { high } else { low };
                    vec![(range, vec![first, second])]
                }
                _ => Vec::new(),
            },
        }
    }

    fn open_shard(&self, id: ShardId) -> Result<&Shard, Rejected> {
        let (name, account) = (&self.name, &self.scope.account);
        let found = self.shard(id).ok_or_else(|| Rejected {
            kind: Kind::NotFound,
            message: format!("Could not find shard {id} in stream {name} under account {account}."),
        })?;
        if found.closed.is_some() {
            return Err(invalid(format!(
                "Shard {id} in stream {name} under account {account} has already been closed."
            )));
        }
        Ok(found)
    }

    /// Notes a change that a daily quota counts, and forgets those of yesterday.
    pub(super) fn count(&mut self, what: Counted, meta: CommandMeta) {
        self.recent.retain(|(_, time)| meta.time.since(*time) < DAY);
        self.recent.push((what, meta.time));
    }

    /// Refuses a change that was made `max` times within a day.
    pub(super) fn check_daily(&self, what: Counted, max: Option<u32>, meta: CommandMeta) -> Result<(), Rejected> {
        let Some(max) = max else { return Ok(()) };
        let today = self.recent.iter().filter(|(was, time)| *was == what && meta.time.since(*time) < DAY).count();
        if today < max as usize {
            return Ok(());
        }
        let (name, account) = (&self.name, &self.scope.account);
        Err(limit_exceeded(format!(
            "Stream {name} under account {account} was changed so {today} times in 24 hours. Limit: {max}."
        )))
    }
}

fn split(stream: &Stream, id: ShardId, at: HashKey) -> Result<Plan, Rejected> {
    let shard = stream.open_shard(id)?;
    let HashRange { start, end } = shard.range;
    if at.0 <= start.0.saturating_add(1) || at >= end {
        return Err(invalid(format!(
            "NewStartingHashKey {at} used in SplitShard() on shard {id} in stream {} under account {} is not both greater \
             than one plus the shard's StartingHashKey {start} and less than the shard's EndingHashKey {end}.",
            stream.name, stream.scope.account
        )));
    }
    Ok(Plan { rounds: vec![vec![Step::Split { shard: id, at }]] })
}

fn merge(stream: &Stream, first: ShardId, second: ShardId) -> Result<Plan, Rejected> {
    let (one, other) = (stream.open_shard(first)?, stream.open_shard(second)?);
    let (low, high) = if one.range.start < other.range.start { (one, other) } else { (other, one) };
    if first == second || low.range.end.0.checked_add(1) != Some(high.range.start.0) {
        return Err(invalid(format!(
            "Shards {first} and {second} in stream {} under account {} are not an adjacent pair of shards eligible for \
             merging",
            stream.name, stream.scope.account
        )));
    }
    Ok(Plan { rounds: vec![vec![Step::Merge { low: low.id, high: high.id, first }]] })
}

fn scaled(meta: CommandMeta, stream: &Stream, count: u32, quotas: &ShardQuotas) -> Result<Plan, Rejected> {
    let open = stream.open.len();
    let pieces: Vec<_> = stream.open_shards().map(|shard| (shard.id, shard.range)).collect();
    let plan = if count == 0 { Plan::default() } else { scale(pieces, count, ShardId(stream.shards_made)) };
    if plan.rounds.is_empty() {
        return Err(invalid(format!("Stream {} has {open} shards, evenly spread, already.", stream.name)));
    }
    if quotas.scalings_per_day.is_some() && (count as usize > open * 2 || (count as usize) < open.div_ceil(2)) {
        return Err(invalid(format!(
            "UpdateShardCount cannot go beyond the double or below the half of the current shard count. Current open \
             shard count: {open}. Target: {count}."
        )));
    }
    stream.check_daily(Counted::Scale, quotas.scalings_per_day, meta)?;
    Ok(plan)
}
