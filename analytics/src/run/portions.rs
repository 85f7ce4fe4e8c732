//! From the records of a page to the user records that the operators take, with aggregates opened and memory bounded.
//!
//! Owns: where a position may stand. Refuses: reading pages (`reading.rs`) and deciding when to commit (`job.rs`).

use streams::aggregation::{Aggregate, deaggregate};
use types::{HashRange, Offset, Record};

/// User records that the operators take at once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Portion {
    pub(crate) records: Vec<Record>,
    /// The position after them; `None` inside an aggregate, where no checkpoint may be made: it would make the same rows
    /// again or lose the others.
    pub(crate) next: Option<Offset>,
}

/// The portions of a page, each of `records_max` user records at most.
#[derive(Debug)]
pub(crate) struct Portions {
    records: std::vec::IntoIter<Record>,
    range: HashRange,
    records_max: usize,
    opened: Option<Opened>,
}

/// An aggregate of which `done` user records are taken.
#[derive(Debug)]
struct Opened {
    record: Record,
    aggregate: Aggregate,
    done: usize,
}

impl Portions {
    /// Of a page of the shard with that range; user records that do not belong there are left out.
    pub(crate) fn of(records: Vec<Record>, range: HashRange, records_max: usize) -> Self {
        Self { records: records.into_iter(), range, records_max, opened: None }
    }
}

impl Iterator for Portions {
    type Item = Portion;

    fn next(&mut self) -> Option<Portion> {
        let mut portion = Portion::default();
        while portion.records.len() < self.records_max {
            let opened = match self.opened.take() {
                Some(opened) => opened,
                None => {
                    let Some(record) = self.records.next() else { break };
                    match deaggregate(&record.data, self.range) {
                        Some(aggregate) => Opened { record, aggregate, done: 0 },
                        None => {
                            portion.next = after(&record);
                            portion.records.push(record);
                            continue;
                        }
                    }
                }
            };
            self.fill(&mut portion, opened);
        }
        let is_last = portion.records.is_empty() && portion.next.is_none();
        (!is_last).then_some(portion)
    }
}

impl Portions {
    /// Takes of an aggregate what there is room for.
    fn fill(&mut self, portion: &mut Portion, mut opened: Opened) {
        let room = self.records_max - portion.records.len();
        let taken = opened.aggregate.iter().skip(opened.done).take(room).map(|part| Record {
            sequence_number: opened.record.sequence_number,
            arrival: opened.record.arrival,
            partition_key: part.partition_key.into_owned(),
            data: part.data,
            encrypted: opened.record.encrypted,
        });
        let before = portion.records.len();
        portion.records.extend(taken);
        opened.done += portion.records.len() - before;
        if opened.done == opened.aggregate.len() {
            portion.next = after(&opened.record);
        } else {
            portion.next = None;
            self.opened = Some(opened);
        }
    }
}

fn after(record: &Record) -> Option<Offset> {
    record.sequence_number.offset().map(Offset::next)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use streams::aggregation::{Aggregator, UserRecord};
    use types::{Epoch, HashKey, SequenceNumber, Timestamp};

    use super::*;

    const ALL: HashRange = HashRange { start: HashKey(0), end: HashKey(u128::MAX) };

    /// A record at each offset: a user record for 0, else an aggregate of that many.
    fn records(counts: &[usize]) -> Vec<Record> {
        let make = |(offset, count): (u64, &usize)| {
            let mut aggregator = Aggregator::new(1 << 20);
            for part in 0..*count {
                let data = format!("{offset}.{part}").into();
                aggregator.push(UserRecord { partition_key: "k".into(), explicit_hash_key: None, data });
            }
            Record {
                sequence_number: SequenceNumber::of(Epoch(1), Offset(offset)),
                arrival: Timestamp(offset),
                partition_key: "a".into(),
                data: aggregator.take().map_or_else(|| Bytes::from(offset.to_string()), |made| made.record.data),
                encrypted: false,
            }
        };
        (0..).zip(counts).map(make).collect()
    }

    fn check(counts: &[usize], range: HashRange, records_max: usize, expected: &[(&[&str], Option<u64>)]) {
        let portions = Portions::of(records(counts), range, records_max);
        let seen: Vec<(Vec<Bytes>, Option<u64>)> = portions
            .map(|portion| (portion.records.into_iter().map(|r| r.data).collect(), portion.next.map(|o| o.0)))
            .collect();
        let expected: Vec<(Vec<Bytes>, Option<u64>)> = expected
            .iter()
            .map(|(data, next)| (data.iter().map(|text| Bytes::from(text.to_string())).collect(), *next))
            .collect();
        assert_eq!(seen, expected, "{counts:?}");
    }

    #[test]
    fn a_position_never_stands_inside_an_aggregate() {
        check(&[], ALL, 2, &[]);
        check(&[0, 0, 0], ALL, 2, &[(&["0", "1"], Some(2)), (&["2"], Some(3))]);
        check(&[0, 2], ALL, 5, &[(&["0", "1.0", "1.1"], Some(2))]);
        check(&[0, 3, 0], ALL, 2, &[(&["0", "1.0"], None), (&["1.1", "1.2"], Some(2)), (&["2"], Some(3))]);
        check(&[5], ALL, 2, &[(&["0.0", "0.1"], None), (&["0.2", "0.3"], None), (&["0.4"], Some(1))]);
    }

    #[test]
    fn what_belongs_to_another_shard_only_moves_the_position() {
        let other = HashRange { start: HashKey(0), end: HashKey(1) };
        check(&[2, 0, 2], other, 5, &[(&["1"], Some(3))]);
        check(&[2], other, 5, &[(&[], Some(1))]);
    }

    #[test]
    fn user_records_bear_their_own_key_and_the_outer_position() {
        let portion = Portions::of(records(&[0, 1]), ALL, 10).next().unwrap();
        let keys: Vec<_> = portion.records.iter().map(|record| record.partition_key.as_str()).collect();
        assert_eq!(keys, ["a", "k"]);
        assert_eq!(portion.records[1].sequence_number.offset(), Some(Offset(1)));
    }
}
