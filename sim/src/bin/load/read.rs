//! Reading a stream back, one connection per shard, from the oldest record to the tip and again.
//!
//! Owns following iterators. Counts records, so that an empty page adds nothing to the figure.

use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::connection::{Connection, find};
use crate::drive::{Outcome, check};
use crate::request::Target;
use crate::time::now;

/// Reads for `duration`; the outcome of the calls, and how many records came.
pub(crate) async fn drive(
    target: &Target,
    stream: &str,
    shards: usize,
    duration: Duration,
) -> Result<(Outcome, u64), String> {
    let mut tasks = JoinSet::new();
    for shard in 0..shards {
        let (target, stream) = (target.clone(), stream.to_owned());
        tasks.spawn(async move { one_shard(&target, &stream, shard, duration).await });
    }
    let (mut total, mut records) = (Outcome::empty(), 0);
    while let Some(joined) = tasks.join_next().await {
        let (outcome, count) = joined.map_err(|error| format!("a reader's task: {error}"))??;
        total.add(&outcome);
        records += count;
    }
    Ok((total, records))
}

async fn one_shard(target: &Target, stream: &str, shard: usize, duration: Duration) -> Result<(Outcome, u64), String> {
    let mut connection = Connection::open(&target.authority).await?;
    let (mut outcome, mut records) = (Outcome::empty(), 0);
    let start = now();
    let first = first_iterator(&mut connection, target, stream, shard).await?;
    let mut iterator = first.clone();
    while start.elapsed() < duration {
        // Iterators are not known ahead; signing 300 bytes costs nothing beside ten megabytes of answer.
        let request = target.request("GetRecords", &format!("{{\"ShardIterator\":\"{iterator}\"}}"));
        let due = now();
        let answer = connection.call(&request).await?;
        check(&answer)?;
        let count = count_records(answer.body);
        iterator = match next_iterator(answer.body) {
            Some(next) if count > 0 => next,
            // At the tip: once more from the start. Iterators can be used again.
            _ => first.clone(),
        };
        outcome.record(due);
        records += count;
    }
    outcome.elapsed = start.elapsed();
    Ok((outcome, records))
}

async fn first_iterator(
    connection: &mut Connection,
    target: &Target,
    stream: &str,
    shard: usize,
) -> Result<String, String> {
    let body = format!(
        "{{\"StreamName\":\"{stream}\",\"ShardId\":\"shardId-{shard:012}\",\"ShardIteratorType\":\"TRIM_HORIZON\"}}"
    );
    let request = target.request("GetShardIterator", &body);
    let answer = connection.call(&request).await?;
    check(&answer)?;
    let value: Value = serde_json::from_slice(answer.body).map_err(|error| format!("GetShardIterator: {error}"))?;
    value["ShardIterator"].as_str().map(str::to_owned).ok_or_else(|| "an answer without ShardIterator".to_owned())
}

/// Each record is one object inside the answer's own; neither base64 nor our keys contain a brace.
fn count_records(body: &[u8]) -> u64 {
    (body.iter().filter(|byte| **byte == b'{').count() as u64).saturating_sub(1)
}

/// The member stands before or after the records; the megabytes between are not searched.
fn next_iterator(body: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\"NextShardIterator\":\"";
    const EDGE: usize = 1024;
    let edges = [&body[..body.len().min(EDGE)], &body[body.len().saturating_sub(EDGE)..]];
    edges.into_iter().find_map(|edge| {
        let rest = &edge[find(edge, NAME)? + NAME.len()..];
        let end = rest.iter().position(|byte| *byte == b'"')?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_at_its_edges() {
        let body = br#"{"NextShardIterator":"AAA=","Records":[{"Data":"YQ=="},{"Data":"Yg=="}]}"#;
        assert_eq!((count_records(body), next_iterator(body).as_deref()), (2, Some("AAA=")));
        let mut long = format!("{{\"Records\":[{{\"Data\":\"{}\"}}]", "A".repeat(5000));
        long.push_str(",\"NextShardIterator\":\"BBB=\"}");
        assert_eq!((count_records(long.as_bytes()), next_iterator(long.as_bytes()).as_deref()), (1, Some("BBB=")));
    }
}
