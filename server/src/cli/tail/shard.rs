//! Reading one shard, within the limits of the service: five reads a second for all its readers together.

use std::time::Duration;

use streams::aggregation::deaggregate;
use types::{Clock, HashRange, SystemClock, Timestamp};
use wire::kinesis::{
    ChildShard, GetRecordsInput, GetRecordsOutput, GetShardIteratorInput, GetShardIteratorOutput, Record,
};

use super::from::Begin;
use super::merge::Row;
use crate::client::{CallError, Client, Service};

/// A shard takes five reads a second from all who read it; this leaves one for others.
const READ_EVERY: Duration = Duration::from_millis(250);
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// Failures in a row that are borne: about a minute.
const FAILURES_MAX: u32 = 10;

/// A place in a shard.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) id: String,
    range: HashRange,
    begin: Begin,
    iterator: Option<String>,
    last: Option<String>,
    /// Not before this time.
    not_before: Timestamp,
    failures: u32,
    pub(super) state: State,
}

/// How far a reader is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is more right now.
    Behind,
    /// At the tip of an open shard.
    AtTip,
    /// The shard is closed and read to its end.
    Ended(Vec<String>),
}

impl Reader {
    pub(super) fn new(id: &str, range: HashRange, begin: Begin) -> Self {
        Self {
            id: id.into(),
            range,
            begin,
            iterator: None,
            last: None,
            not_before: Timestamp(0),
            failures: 0,
            state: State::Behind,
        }
    }

    /// Fixes the place in the shard, so that `latest` means now.
    pub(super) async fn position(&mut self, client: &Client, stream: &str) -> Result<(), CallError> {
        let mut input = GetShardIteratorInput {
            stream_name: Some(stream.into()),
            shard_id: Some(self.id.clone()),
            ..Default::default()
        };
        let kind = match (&self.last, self.begin) {
            (Some(last), _) => {
                input.starting_sequence_number = Some(last.clone());
                "AFTER_SEQUENCE_NUMBER"
            }
            (None, Begin::Horizon) => "TRIM_HORIZON",
            (None, Begin::Latest) => "LATEST",
            (None, Begin::Time(time)) => {
                input.timestamp = Some(wire::Timestamp(time.0.cast_signed()));
                "AT_TIMESTAMP"
            }
        };
        input.shard_iterator_type = Some(kind.into());
        let operation = "GetShardIterator";
        let output: GetShardIteratorOutput = client.call_patiently(Service::Kinesis, operation, &input).await?;
        self.iterator = Some(output.shard_iterator.ok_or(CallError::Shape { operation })?);
        Ok(())
    }

    /// One page of at most `limit` records, when the limits allow a read; nothing when the read failed in passing.
    pub(super) async fn read(&mut self, client: &Client, stream: &str, limit: i32) -> Result<Vec<Row>, CallError> {
        SystemClock.sleep(self.not_before.since(SystemClock.now())).await;
        match self.page(client, stream, limit).await {
            Ok(rows) => {
                self.failures = 0;
                self.not_before = SystemClock.now().after(READ_EVERY);
                Ok(rows)
            }
            Err(error) if error.is("ExpiredIteratorException") => {
                self.iterator = None;
                Ok(Vec::new())
            }
            Err(error) if error.is_transient() && self.failures < FAILURES_MAX => {
                let pause = PAUSE_FIRST.saturating_mul(1 << self.failures.min(8)).min(PAUSE_MAX);
                self.failures += 1;
                self.not_before = SystemClock.now().after(pause);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    async fn page(&mut self, client: &Client, stream: &str, limit: i32) -> Result<Vec<Row>, CallError> {
        if self.iterator.is_none() {
            self.position(client, stream).await?;
        }
        let input = GetRecordsInput { shard_iterator: self.iterator.clone(), limit: Some(limit), ..Default::default() };
        let output: GetRecordsOutput = client.call(Service::Kinesis, "GetRecords", &input).await?;
        let records = output.records.unwrap_or_default();
        if let Some(record) = records.last() {
            self.last.clone_from(&record.sequence_number);
        }
        self.state = match &output.next_shard_iterator {
            None => State::Ended(children(output.child_shards)),
            Some(_) if output.millis_behind_latest.unwrap_or_default() > 0 => State::Behind,
            Some(_) => State::AtTip,
        };
        self.iterator = output.next_shard_iterator;
        Ok(records.into_iter().flat_map(|record| self.rows(record)).collect())
    }

    /// The user records in a record.
    fn rows(&self, record: Record) -> Vec<Row> {
        let data = record.data.unwrap_or_default().0;
        let time = record.approximate_arrival_timestamp.unwrap_or_default().0;
        let plain = Row {
            shard: self.id.clone(),
            sequence_number: record.sequence_number.unwrap_or_default(),
            sub_sequence_number: None,
            arrival: Timestamp(time.max(0).cast_unsigned()),
            partition_key: record.partition_key.unwrap_or_default(),
            data,
        };
        let Some(aggregate) = deaggregate(&plain.data, self.range) else { return vec![plain] };
        let parts = aggregate.iter().map(|part| Row {
            sub_sequence_number: Some(part.sub_sequence_number),
            partition_key: part.partition_key.into_owned(),
            data: part.data,
            ..plain.clone()
        });
        parts.collect()
    }
}

fn children(shards: Option<Vec<ChildShard>>) -> Vec<String> {
    shards.unwrap_or_default().into_iter().filter_map(|child| child.shard_id).collect()
}
