//! The query's results: reads the output stream, shard by shard, from its tip, as any consumer does.
//!
//! Owns: iterators and what a row is. Refuses: how rows look (`screen.rs`).

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use types::{Clock, SystemClock, Timestamp};

use super::board::Board;
use crate::client::{CallError, Client, Service};

/// GetRecords may be called five times a second and shard; twice is enough for windows of seconds.
const POLL_PAUSE: Duration = Duration::from_millis(500);
/// After an error, so that a server that stops is not flooded.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// One row of `cpu_by_core`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Row {
    pub(super) core: String,
    pub(super) window_start: String,
    pub(super) window_end: String,
    pub(super) average: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) samples: u64,
}

/// A place in one shard of the output stream.
pub(super) struct ShardReader {
    client: Client,
    stream: &'static str,
    shard: String,
    iterator: String,
    last_sequence_number: Option<String>,
}

/// One reader per shard, each at the tip.
pub(super) async fn open(client: &Client, stream: &'static str) -> Result<Vec<ShardReader>, CallError> {
    let operation = "ListShards";
    let output = client.call_json(Service::Kinesis, operation, &json!({"StreamName": stream})).await?;
    let shards = output["Shards"].as_array().ok_or(CallError::Shape { operation })?;
    let mut readers = Vec::new();
    for shard in shards {
        let shard = shard["ShardId"].as_str().ok_or(CallError::Shape { operation })?.to_string();
        let client = client.clone();
        let mut reader = ShardReader { client, stream, shard, iterator: String::new(), last_sequence_number: None };
        reader.reposition().await?;
        readers.push(reader);
    }
    Ok(readers)
}

/// Reads until the task is dropped; each row goes on the board, and to `lines` for who prints them one by one.
pub(super) async fn read(mut reader: ShardReader, board: Arc<Board>, lines: mpsc::Sender<Row>) {
    loop {
        let pause = match reader.next().await {
            Ok(rows) => {
                for row in rows {
                    let lag = end_of(&row).map(|end| SystemClock.now().since(end));
                    board.row(row.clone(), lag);
                    // A screen takes no lines: then the channel is closed, and the board is enough.
                    let _ = lines.send(row).await;
                }
                POLL_PAUSE
            }
            Err(error) => {
                tracing::warn!(%error, "the output stream cannot be read, trying again");
                if error.is("ExpiredIteratorException") {
                    let _ = reader.reposition().await;
                }
                ERROR_PAUSE
            }
        };
        SystemClock.sleep(pause).await;
    }
}

impl ShardReader {
    /// A new iterator: after the last record read, or at the tip if there is none.
    async fn reposition(&mut self) -> Result<(), CallError> {
        let operation = "GetShardIterator";
        let input = match &self.last_sequence_number {
            None => json!({"StreamName": self.stream, "ShardId": self.shard, "ShardIteratorType": "LATEST"}),
            Some(number) => json!({
                "StreamName": self.stream, "ShardId": self.shard,
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number,
            }),
        };
        let output = self.client.call_json(Service::Kinesis, operation, &input).await?;
        self.iterator = output["ShardIterator"].as_str().ok_or(CallError::Shape { operation })?.into();
        Ok(())
    }

    async fn next(&mut self) -> Result<Vec<Row>, CallError> {
        let operation = "GetRecords";
        let output =
            self.client.call_json(Service::Kinesis, operation, &json!({"ShardIterator": self.iterator})).await?;
        let records = output["Records"].as_array().ok_or(CallError::Shape { operation })?;
        if let Some(number) = records.last().and_then(|record| record["SequenceNumber"].as_str()) {
            self.last_sequence_number = Some(number.into());
        }
        if let Some(next) = output["NextShardIterator"].as_str() {
            self.iterator = next.into();
        }
        Ok(records.iter().filter_map(row_of).collect())
    }
}

/// The row in a record; anybody may put other things into the stream, which are left out.
fn row_of(record: &Value) -> Option<Row> {
    let data = base64_simd::STANDARD.decode_to_vec(record["Data"].as_str()?).ok()?;
    serde_json::from_slice(&data).ok()
}

/// When the row's window ended, in event time.
fn end_of(row: &Row) -> Option<Timestamp> {
    let text = row.window_end.trim_end_matches('Z');
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    let instant = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
    u64::try_from(instant.as_millisecond()).ok().map(Timestamp)
}

#[cfg(test)]
impl Row {
    pub(super) fn example(core: &str, start: &str) -> Self {
        Self {
            core: core.into(),
            window_start: start.into(),
            window_end: format!("{start}+5"),
            average: Some(12.34),
            maximum: Some(56.0),
            samples: 50,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_the_query_is_a_row() {
        let json = br#"{"core":"cpu0","window_start":"2026-11-24 20:08:00","window_end":"2026-11-24 20:08:05.000","average":1.5,"maximum":null,"samples":50}"#;
        let row = row_of(&json!({"Data": base64_simd::STANDARD.encode_to_string(json)})).unwrap();
        assert_eq!((row.core.as_str(), row.average, row.maximum, row.samples), ("cpu0", Some(1.5), None, 50));
        assert_eq!(end_of(&row), Some(Timestamp(1_795_550_885_000)));
        assert_eq!(row_of(&json!({"Data": "bm90IGEgcm93"})), None);
        assert_eq!(end_of(&Row::example("cpu0", "x")), None);
    }
}
