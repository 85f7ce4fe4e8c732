//! A queue's journal: the steps of its shelves, in a partition of its own. A record holds the steps that became true
//! together. Now and then the whole state is written as steps and what was before is trimmed; a crash in between
//! leaves both, which says the same.

use std::sync::Arc;

use bytes::Bytes;
use log::{LogError, NewRecord, PartitionAppend};
use types::{Offset, PartitionId};

use super::shelves::{Shelves, Step};
use crate::StreamsError;
use crate::service::Parts;

/// Steps in a record of a restated state.
const RECORD_STEPS_MAX: usize = 1000;
/// Steps between two restatements at least; more where the state is large.
const RESTATE_STEPS_MIN: usize = 4096;
/// Read at once on start.
const PAGE_RECORDS_MAX: usize = 1000;
const PAGE_BYTES_MAX: usize = 4 << 20;

/// See the module text. Only one desk at a time has it.
pub(super) struct Journal {
    parts: Arc<Parts>,
    partition: PartitionId,
    /// Steps written since the state was restated.
    steps: usize,
}

impl Journal {
    pub(super) fn new(parts: &Arc<Parts>, partition: PartitionId) -> Self {
        Self { parts: Arc::clone(parts), partition, steps: 0 }
    }

    /// The state that the journal tells.
    pub(super) async fn load(&mut self) -> Result<Shelves, StreamsError> {
        let mut shelves = Shelves::default();
        self.steps = 0;
        let mut next = self.parts.log.bounds(self.partition).map_or(Offset::ZERO, |bounds| bounds.start);
        loop {
            let page = match self.parts.log.read(self.partition, next, PAGE_RECORDS_MAX, PAGE_BYTES_MAX).await {
                Ok(page) => page,
                Err(LogError::NoPartition(_)) => return Ok(shelves),
                Err(error) => return Err(error.into()),
            };
            for record in &page.records {
                let steps: Vec<Step> = serde_json::from_slice(&record.value).map_err(|error| {
                    StreamsError::Commands(format!("record {} of a queue's journal: {error}", record.offset.0))
                })?;
                self.steps += steps.len();
                steps.into_iter().for_each(|step| shelves.apply(step));
                next = record.offset.next();
            }
            if page.records.is_empty() {
                return Ok(shelves);
            }
        }
    }

    /// Makes steps durable, in records of bounded size but all or none.
    pub(super) async fn append(&mut self, steps: &[Step]) -> Result<Offset, StreamsError> {
        let records = steps.chunks(RECORD_STEPS_MAX).map(|steps| {
            let value = serde_json::to_vec(steps).expect("steps hold only numbers");
            NewRecord { key: Bytes::new(), value: value.into() }
        });
        let append = PartitionAppend { partition: self.partition, records: records.collect() };
        let appended = self.parts.log.append(vec![append], self.parts.clock.now()).await?;
        self.steps += steps.len();
        Ok(appended[0].first)
    }

    /// Whether so much was written that the state is shorter.
    pub(super) fn is_long(&self, state: usize) -> bool {
        self.steps > RESTATE_STEPS_MIN + 2 * state
    }

    /// Writes the state anew and forgets what led to it.
    pub(super) async fn restate(&mut self, state: &[Step]) -> Result<(), StreamsError> {
        let mut first = None;
        for steps in state.chunks(RECORD_STEPS_MAX) {
            let at = self.append(steps).await?;
            first.get_or_insert(at);
        }
        self.steps = state.len();
        if let Some(first) = first {
            self.parts.log.trim(self.partition, first).await?;
        }
        Ok(())
    }
}
