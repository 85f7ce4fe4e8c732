//! Batches into the stream, one call at a time. What a call refuses is put first in the next one, in order and after a
//! pause, so records of a key change places only where PutRecords itself takes one and refuses the one before it.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use streams::aggregation::UserRecord;
use tokio::sync::mpsc;
use types::{Clock, SystemClock, Timestamp};
use wire::Blob;
use wire::kinesis::{PutRecordsInput, PutRecordsOutput, PutRecordsRequestEntry, PutRecordsResultEntry};

use super::aggregate::Routes;
use super::batch::{self, Planned};
use super::input::Line;
use crate::cli::{Error, shards};
use crate::client::{CallError, Client, Service};

/// How long a record may wait for company.
const LINGER: Duration = Duration::from_millis(50);
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Calls in a row that may achieve nothing: about a minute.
const FAILURES_MAX: u32 = 15;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) requests: u64,
    pub(super) retried: u64,
    pub(super) skipped: u64,
}

/// See the module text.
pub(super) struct Sender {
    client: Client,
    stream: String,
    rate: Option<u32>,
    /// The open shards, when records are aggregated.
    routes: Option<Routes>,
    pending: VecDeque<UserRecord>,
    totals: Totals,
    started: Timestamp,
    failures: u32,
}

impl Sender {
    pub(super) async fn new(client: Client, stream: &str, rate: Option<u32>, aggregate: bool) -> Result<Self, Error> {
        let mut sender = Self {
            client,
            stream: stream.into(),
            rate,
            routes: aggregate.then(Routes::default),
            pending: VecDeque::new(),
            totals: Totals::default(),
            started: SystemClock.now(),
            failures: 0,
        };
        sender.list_shards().await?;
        Ok(sender)
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// Puts everything; says whether it was interrupted.
    pub(super) async fn run(
        &mut self,
        mut lines: mpsc::Receiver<Line>,
        stop: impl Future<Output = ()>,
        mut progress: impl FnMut(&Totals),
    ) -> Result<bool, Error> {
        let mut stop = std::pin::pin!(stop);
        loop {
            let more = tokio::select! {
                biased;
                () = &mut stop => return Ok(true),
                more = self.fill(&mut lines) => more?,
            };
            if self.pending.is_empty() && !more {
                return Ok(false);
            }
            self.put().await?;
            progress(&self.totals);
        }
    }

    /// Collects lines while there is room and time; says whether there will be more.
    async fn fill(&mut self, lines: &mut mpsc::Receiver<Line>) -> Result<bool, Error> {
        let mut bytes: usize = self.pending.iter().map(batch::size).sum();
        let mut linger = SystemClock.sleep(LINGER);
        while !batch::is_full(&self.pending, bytes, self.routes.is_some()) {
            let line = tokio::select! {
                biased;
                line = lines.recv() => line,
                () = &mut linger, if !self.pending.is_empty() => return Ok(true),
            };
            match line {
                None => return Ok(false),
                Some(Line::Record(record)) => {
                    bytes += batch::size(&record);
                    self.pending.push_back(record);
                }
                Some(Line::Skipped) => self.totals.skipped += 1,
                Some(Line::Failed(path, error)) => {
                    return Err(Error::Command(format!("cannot read {}: {error}", path.display())));
                }
            }
        }
        Ok(true)
    }

    /// One call with what is pending.
    async fn put(&mut self) -> Result<(), Error> {
        let count_max = self.allowance().await;
        let batch = match &self.routes {
            Some(routes) => routes.batch(&mut self.pending),
            None => batch::single(&mut self.pending, count_max),
        };
        if batch.is_empty() {
            return Ok(());
        }
        self.totals.requests += 1;
        let input = PutRecordsInput {
            stream_name: Some(self.stream.clone()),
            records: Some(batch.iter().map(entry).collect()),
            ..Default::default()
        };
        let called = self.client.call::<PutRecordsOutput>(Service::Kinesis, "PutRecords", &input).await;
        match called {
            Ok(output) => {
                let results = output.records.filter(|results| results.len() == batch.len());
                let results = results.ok_or(CallError::Shape { operation: "PutRecords" })?;
                self.settle(batch, &results).await
            }
            Err(error) if error.is_transient() && self.failures < FAILURES_MAX => {
                self.put_back(batch);
                self.pause().await;
                Ok(())
            }
            Err(error) => {
                self.put_back(batch);
                Err(error.into())
            }
        }
    }

    /// Counts what was taken and keeps what was not.
    async fn settle(&mut self, batch: Vec<Planned>, results: &[PutRecordsResultEntry]) -> Result<(), Error> {
        let landed_elsewhere = self.routes.is_some() && self.is_resharded(&batch, results);
        if landed_elsewhere {
            self.list_shards().await?;
        }
        let mut refused = Vec::new();
        let (mut taken, mut last_error) = (0, String::new());
        for (planned, result) in batch.into_iter().zip(results) {
            let shard = result.shard_id.as_deref().unwrap_or_default();
            let is_lost = landed_elsewhere && planned.users.len() > 1 && self.belong(&planned, shard) == Some(false);
            if result.sequence_number.is_some() && !is_lost {
                taken += 1;
                self.totals.records += planned.users.len() as u64;
                self.totals.bytes += planned.users.iter().map(|user| user.data.len() as u64).sum::<u64>();
            } else {
                let message = result.error_message.clone().or_else(|| result.error_code.clone());
                last_error = message.unwrap_or_default();
                refused.push(planned);
            }
        }
        self.failures = if taken > 0 { 0 } else { self.failures };
        if refused.is_empty() {
            return Ok(());
        }
        self.totals.retried += refused.len() as u64;
        self.put_back(refused);
        if self.failures >= FAILURES_MAX {
            let message = format!("records are refused again and again: {last_error}; add shards or lower the rate");
            return Err(Error::Command(message));
        }
        self.pause().await;
        Ok(())
    }

    fn is_resharded(&self, batch: &[Planned], results: &[PutRecordsResultEntry]) -> bool {
        batch.iter().zip(results).any(|(planned, result)| {
            let shard = result.shard_id.as_deref();
            shard.is_some_and(|shard| self.belong(planned, shard) != Some(true))
        })
    }

    fn belong(&self, planned: &Planned, shard: &str) -> Option<bool> {
        self.routes.as_ref().and_then(|routes| routes.belong(&planned.users, shard))
    }

    fn put_back(&mut self, batch: Vec<Planned>) {
        for user in batch.into_iter().rev().flat_map(|planned| planned.users.into_iter().rev()) {
            self.pending.push_front(user);
        }
    }

    async fn list_shards(&mut self) -> Result<(), Error> {
        if let Some(routes) = &mut self.routes {
            *routes = Routes::of(&shards::list(&self.client, &self.stream).await?);
        }
        Ok(())
    }

    async fn pause(&mut self) {
        let pause = PAUSE_FIRST.saturating_mul(1 << self.failures.min(8)).min(PAUSE_MAX);
        self.failures += 1;
        SystemClock.sleep(pause).await;
    }

    /// Waits until the rate allows a record, and says how many it allows.
    async fn allowance(&self) -> usize {
        let Some(rate) = self.rate else { return usize::MAX };
        let at_once = (rate / 20).max(1);
        let due = Duration::from_secs_f64((self.totals.records + u64::from(at_once)) as f64 / f64::from(rate));
        let due = self.started.after(due);
        SystemClock.sleep(due.since(SystemClock.now())).await;
        at_once as usize
    }
}

fn entry(planned: &Planned) -> PutRecordsRequestEntry {
    let UserRecord { partition_key, explicit_hash_key, data } = planned.record.clone();
    PutRecordsRequestEntry { data: Some(Blob(data)), explicit_hash_key, partition_key: Some(partition_key) }
}
