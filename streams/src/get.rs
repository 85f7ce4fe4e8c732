//! GetRecords: one page from an iterator.

use std::sync::Arc;

use types::Record;

use crate::{Shard, Stream, Streams, StreamsError};

/// What GetRecords answers.
#[derive(Debug, Clone)]
pub struct GetPage {
    /// The stream read, so that the caller can check an ARN that came with the iterator.
    pub stream: Arc<Stream>,
    /// The records, in order.
    pub records: Vec<Record>,
    /// Where to go on; `None` at the end of a closed shard.
    pub next_iterator: Option<String>,
    /// How far the page is behind the newest record.
    pub millis_behind_latest: u64,
    /// The shards that continue a closed one, given only at its end.
    pub children: Vec<Shard>,
}

impl Streams {
    /// Reads at most `limit` records (`None`: 10,000) and 10 MiB at an iterator.
    pub async fn get_records(&self, _iterator: &str, _limit: Option<usize>) -> Result<GetPage, StreamsError> {
        unimplemented!()
    }
}
