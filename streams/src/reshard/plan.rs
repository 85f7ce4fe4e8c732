//! Plans as values: from open shards and a wish to rounds of steps. In a round each shard is in one step at most.

use serde::{Deserialize, Serialize};
use types::{HashKey, HashRange, ShardId};

/// What is still to be done, round by round.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) rounds: Vec<Vec<Step>>,
}

/// One replacement of shards by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// `shard` closes; `[start, at - 1]` and `[at, end]` open, in this order.
    Split { shard: ShardId, at: HashKey },
    /// Both close; one shard over both ranges opens. `low` is the one with the lower keys, `first` the one that the
    /// caller named first and that its child calls its parent.
    Merge { low: ShardId, high: ShardId, first: ShardId },
}

impl Step {
    /// The shards that it closes.
    pub(crate) fn parents(&self) -> Vec<ShardId> {
        match *self {
            Self::Split { shard, .. } => vec![shard],
            Self::Merge { low, high, .. } => vec![low, high],
        }
    }
}

/// An open shard while planning.
pub(crate) type Piece = (ShardId, HashRange);

/// Each of `shards` in two halves.
pub(crate) fn halve(pieces: &[Piece]) -> Plan {
    let steps = pieces.iter().filter(|(_, range)| range.end.0 - range.start.0 > 1).map(|(shard, range)| {
        let middle = range.start.0 + (range.end.0 - range.start.0) / 2 + 1;
        Step::Split { shard: *shard, at: HashKey(middle) }
    });
    Plan { rounds: vec![steps.collect()] }
}

/// The even spread of the whole space over `count` shards, from `pieces` (all open shards in the order of their
/// ranges). First splits at every new border that lies inside a shard, then merges of what lies between two borders;
/// both in a tree, so that the number of rounds is logarithmic. `next` is the id of the next new shard.
pub(crate) fn scale(mut pieces: Vec<Piece>, count: u32, mut next: ShardId) -> Plan {
    let targets = HashRange::split_evenly(count);
    let borders: Vec<u128> = targets.iter().skip(1).map(|range| range.start.0).collect();
    let mut rounds = Vec::new();
    loop {
        let (round, after) = split_round(&pieces, &borders, &mut next);
        pieces = after;
        if round.is_empty() {
            break;
        }
        rounds.push(round);
    }
    loop {
        let (round, after) = merge_round(&pieces, &borders, &mut next);
        pieces = after;
        if round.is_empty() {
            break;
        }
        rounds.push(round);
    }
    Plan { rounds }
}

fn take_id(next: &mut ShardId) -> ShardId {
    let id = *next;
    next.0 += 1;
    id
}

fn split_round(pieces: &[Piece], borders: &[u128], next: &mut ShardId) -> (Vec<Step>, Vec<Piece>) {
    let (mut round, mut after) = (Vec::new(), Vec::with_capacity(pieces.len() * 2));
    for (shard, range) in pieces {
        // A border is the first key of the upper part, so one at the start of the range is no cut.
        let from = borders.partition_point(|border| *border <= range.start.0);
        let to = borders.partition_point(|border| *border <= range.end.0);
        if from == to {
            after.push((*shard, *range));
            continue;
        }
        let at = HashKey(borders[from + (to - from) / 2]);
        round.push(Step::Split { shard: *shard, at });
        after.push((take_id(next), HashRange { start: range.start, end: HashKey(at.0 - 1) }));
        after.push((take_id(next), HashRange { start: at, end: range.end }));
    }
    (round, after)
}

fn merge_round(pieces: &[Piece], borders: &[u128], next: &mut ShardId) -> (Vec<Step>, Vec<Piece>) {
    let target = |range: &HashRange| borders.partition_point(|border| *border <= range.start.0);
    let (mut round, mut after) = (Vec::new(), Vec::with_capacity(pieces.len()));
    let mut rest = pieces.iter().peekable();
    while let Some((low, range)) = rest.next() {
        match rest.next_if(|(_, upper)| target(upper) == target(range)) {
            Some((high, upper)) => {
                round.push(Step::Merge { low: *low, high: *high, first: *low });
                after.push((take_id(next), HashRange { start: range.start, end: upper.end }));
            }
            None => after.push((*low, *range)),
        }
    }
    (round, after)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Carries a plan out on ranges alone, as the catalog does on shards.
    fn carried_out(pieces: &[Piece], plan: &Plan, mut next: ShardId) -> Vec<HashRange> {
        let mut open: BTreeMap<ShardId, HashRange> = pieces.iter().copied().collect();
        for round in &plan.rounds {
            assert!(!round.is_empty());
            for step in round {
                match *step {
                    Step::Split { shard, at } => {
                        let range = open.remove(&shard).unwrap();
                        assert!(range.start < at && at <= range.end);
                        open.insert(take_id(&mut next), HashRange { start: range.start, end: HashKey(at.0 - 1) });
                        open.insert(take_id(&mut next), HashRange { start: at, end: range.end });
                    }
                    Step::Merge { low, high, .. } => {
                        let (lower, upper) = (open.remove(&low).unwrap(), open.remove(&high).unwrap());
                        assert_eq!(lower.end.0 + 1, upper.start.0);
                        open.insert(take_id(&mut next), HashRange { start: lower.start, end: upper.end });
                    }
                }
            }
        }
        let mut ranges: Vec<_> = open.into_values().collect();
        ranges.sort_by_key(|range| range.start);
        ranges
    }

    fn pieces(mut borders: Vec<u128>) -> Vec<Piece> {
        borders.retain(|border| *border > 0);
        borders.sort_unstable();
        borders.dedup();
        let starts = std::iter::once(0).chain(borders.iter().copied());
        let ends = borders.iter().map(|border| border - 1).chain([u128::MAX]);
        let ranges = starts.zip(ends).map(|(start, end)| HashRange { start: HashKey(start), end: HashKey(end) });
        ranges.zip(0..).map(|(range, id)| (ShardId(id), range)).collect()
    }

    proptest! {
        #[test]
        fn scaling_ends_in_an_even_spread(borders in prop::collection::vec(any::<u128>(), 0..40), count in 1u32..60) {
            let pieces = pieces(borders);
            let next = ShardId(pieces.len() as u32);
            let plan = scale(pieces.clone(), count, next);
            prop_assert_eq!(carried_out(&pieces, &plan, next), HashRange::split_evenly(count));
            prop_assert!(plan.rounds.len() <= 14, "{} rounds", plan.rounds.len());
        }
    }

    #[test]
    fn doubling_is_one_round_of_splits_and_halving_one_of_merges() {
        let four: Vec<Piece> =
            HashRange::split_evenly(4).into_iter().zip(0..).map(|(r, id)| (ShardId(id), r)).collect();
        let shape = |plan: &Plan| plan.rounds.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(shape(&scale(four.clone(), 8, ShardId(4))), [4]);
        assert_eq!(shape(&scale(four.clone(), 2, ShardId(4))), [2]);
        assert_eq!(shape(&scale(four.clone(), 4, ShardId(4))), [0usize; 0]);
        let halves = halve(&four[1..2]);
        assert_eq!(carried_out(&four, &halves, ShardId(4)).len(), 5);
    }
}
