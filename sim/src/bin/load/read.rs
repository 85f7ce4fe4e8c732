//! Reading a stream back, one connection per shard, from the oldest record to the tip.
//!
//! Owns following iterators. Records are counted, so an empty page adds nothing to the figure, and looked at only as
//! they go by: a reader that parsed them would be what is measured. Read next: `answer.rs`.

use std::ops::Range;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::answer::{Expect, Passing, check};
use crate::connection::{Connection, find};
use crate::drive::Outcome;
use crate::request::Target;
use crate::time::now;

/// When a reader stops.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// At the first page without records.
    Tip,
    /// After this time; at the tip it begins again at the oldest record.
    Elapsed(Duration),
    /// After this time; at the tip it waits for more.
    Following(Duration),
}

/// What came of it.
pub(crate) struct Reading {
    pub(crate) outcome: Outcome,
    pub(crate) records: u64,
    /// Records up to the first tip, of readers that came so far; to be held against what was put.
    pub(crate) first_pass: u64,
    /// Whether all readers came so far.
    pub(crate) complete: bool,
}

impl Reading {
    pub(crate) fn megabytes_per_second(&self, record_bytes: usize) -> f64 {
        self.records as f64 * record_bytes as f64 / 1e6 / self.outcome.elapsed.as_secs_f64()
    }
}

/// Reads the shards with these numbers.
pub(crate) async fn drive(
    target: &Target,
    stream: &str,
    shards: Range<usize>,
    from: &'static str,
    until: Until,
) -> Result<Reading, String> {
    let mut tasks = JoinSet::new();
    for shard in shards {
        let (target, stream) = (target.clone(), stream.to_owned());
        tasks.spawn(async move { one_shard(&target, &stream, shard, from, until).await });
    }
    let mut total = Reading { outcome: Outcome::empty(), records: 0, first_pass: 0, complete: true };
    while let Some(joined) = tasks.join_next().await {
        let reading = joined.map_err(|error| format!("a reader's task: {error}"))??;
        total.outcome.add(&reading.outcome);
        total.records += reading.records;
        total.first_pass += reading.first_pass;
        total.complete &= reading.complete;
    }
    Ok(total)
}

pub(crate) async fn one_shard(
    target: &Target,
    stream: &str,
    shard: usize,
    from: &str,
    until: Until,
) -> Result<Reading, String> {
    let mut connection = Connection::open(&target.authority).await?;
    let mut reading = Reading { outcome: Outcome::empty(), records: 0, first_pass: 0, complete: false };
    let first = first_iterator(&mut connection, target, stream, shard, from).await?;
    let (mut iterator, start) = (first.clone(), now());
    loop {
        match until {
            Until::Tip if reading.complete => break,
            Until::Elapsed(time) | Until::Following(time) if start.elapsed() >= time => break,
            _ => {}
        }
        // Iterators are not known ahead; signing 300 bytes costs nothing beside ten megabytes of answer.
        let request = target.request("GetRecords", &format!("{{\"ShardIterator\":\"{iterator}\"}}"));
        let due = now();
        let page = connection.call_passing(&request).await?;
        if page.status != 200 {
            return Err(format!("status {}: {}", page.status, String::from_utf8_lossy(&page.first)));
        }
        reading.outcome.record(due);
        reading.records += page.records();
        let tip = page.records() == 0;
        if tip && !reading.complete {
            (reading.complete, reading.first_pass) = (true, reading.records);
        }
        iterator = match (next_iterator(&page), tip, until) {
            // Iterators can be used again.
            (_, true, Until::Elapsed(_)) => first.clone(),
            (Some(next), ..) => next,
            (None, ..) => first.clone(),
        };
        if tip && matches!(until, Until::Following(_)) {
            crate::time::sleep(Duration::from_millis(5)).await;
        }
    }
    reading.outcome.elapsed = start.elapsed();
    Ok(reading)
}

async fn first_iterator(
    connection: &mut Connection,
    target: &Target,
    stream: &str,
    shard: usize,
    from: &str,
) -> Result<String, String> {
    let body =
        format!("{{\"StreamName\":\"{stream}\",\"ShardId\":\"shardId-{shard:012}\",\"ShardIteratorType\":\"{from}\"}}");
    let request = target.request("GetShardIterator", &body);
    let answer = connection.call(&request).await?;
    check(&answer, Expect::Ok)?;
    let value: Value = serde_json::from_slice(answer.body).map_err(|error| format!("GetShardIterator: {error}"))?;
    value["ShardIterator"].as_str().map(str::to_owned).ok_or_else(|| "an answer without ShardIterator".to_owned())
}

/// The member stands before or after the records; the megabytes between are not kept.
fn next_iterator(page: &Passing) -> Option<String> {
    const NAME: &[u8] = b"\"NextShardIterator\"";
    [&page.first, &page.last].into_iter().find_map(|edge| {
        let rest = &edge[find(edge, NAME)? + NAME.len()..];
        let begin = rest.iter().position(|byte| *byte == b'"')? + 1;
        let end = begin + rest[begin..].iter().position(|byte| *byte == b'"')?;
        Some(String::from_utf8_lossy(&rest[begin..end]).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Passing {
        let mut page = Passing::new(200);
        page.see(body.as_bytes());
        page
    }

    #[test]
    fn a_page_is_read_at_its_edges() {
        let before = page(r#"{"NextShardIterator":"AAA=","Records":[{"Data":"YQ=="},{"Data":"Yg=="}]}"#);
        assert_eq!((before.records(), next_iterator(&before).as_deref()), (2, Some("AAA=")));
        let data = "A".repeat(5000);
        let after = page(&format!("{{\"Records\":[{{\"Data\":\"{data}\"}}], \"NextShardIterator\": \"BBB=\"}}"));
        assert_eq!((after.records(), next_iterator(&after).as_deref()), (1, Some("BBB=")));
    }
}
