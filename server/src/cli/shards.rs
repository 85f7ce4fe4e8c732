//! The shards of a stream as the commands see them, and the pages they come in.

use types::{HashKey, HashRange};
use wire::kinesis::{HashKeyRange, ListShardsInput, ListShardsOutput, Shard};

use crate::client::{CallError, Client, Service};

const OPERATION: &str = "ListShards";

/// All shards, closed ones included.
pub(super) async fn list(client: &Client, stream: &str) -> Result<Vec<Shard>, CallError> {
    let mut shards = Vec::new();
    let mut next_token = None;
    loop {
        let stream_name = next_token.is_none().then(|| stream.to_string());
        let input = ListShardsInput { stream_name, next_token, ..Default::default() };
        let page: ListShardsOutput = client.call_patiently(Service::Kinesis, OPERATION, &input).await?;
        shards.extend(page.shards.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(shards);
        }
    }
}

/// Whether it still takes records.
pub(super) fn is_open(shard: &Shard) -> bool {
    let range = shard.sequence_number_range.as_ref();
    range.is_none_or(|range| range.ending_sequence_number.is_none())
}

/// Its parents: none, one after a split, two after a merge.
pub(super) fn parents(shard: &Shard) -> impl Iterator<Item = &str> {
    shard.parent_shard_id.iter().chain(&shard.adjacent_parent_shard_id).map(String::as_str)
}

/// The name of a shard.
pub(super) fn id(shard: &Shard) -> &str {
    shard.shard_id.as_deref().unwrap_or_default()
}

/// The hash keys as numbers; everything when a server does not say.
pub(super) fn range(range: Option<&HashKeyRange>) -> HashRange {
    let number = |text: Option<&String>, absent| text.and_then(|text| text.parse().ok()).unwrap_or(absent);
    let start = number(range.and_then(|range| range.starting_hash_key.as_ref()), 0);
    let end = number(range.and_then(|range| range.ending_hash_key.as_ref()), u128::MAX);
    HashRange { start: HashKey(start), end: HashKey(end) }
}
