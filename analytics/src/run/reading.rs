//! The shards that a job reads: a cursor for each, woken by commits; new ones are found, parents go before children.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use streams::{HeldPage, PageBudget, Shard, ShardCursor, Start, Stream, Streams, StreamsError};
use types::{HashRange, Scope};

use super::JobError;
use super::checkpoint::{ShardKey, ShardPosition};
use crate::program::Source;
use crate::sql::{InitialPosition, StreamReference};

/// Records and bytes of one page: enough to keep the operators busy.
pub(crate) const PAGE_RECORDS_MAX: usize = 5_000;
const PAGE_BYTES_MAX: usize = 512 << 10;
/// Pages in memory at a time, of all shards together.
const PAGES_MAX: usize = 8;

type Pending = Pin<Box<dyn Future<Output = Read> + Send>>;

/// A page of one shard of one source.
pub(crate) struct Read {
    pub(crate) source: usize,
    pub(crate) key: ShardKey,
    pub(crate) range: HashRange,
    pub(crate) page: Result<HeldPage, StreamsError>,
    pub(crate) cursor: ShardCursor,
}

/// See the module text.
pub(crate) struct Reading {
    streams: Streams,
    scope: Scope,
    pages: FuturesUnordered<Pending>,
    budget: PageBudget,
    open: BTreeSet<(usize, ShardKey)>,
}

pub(crate) fn key_of(shard: &Shard) -> ShardKey {
    ShardKey { epoch: shard.epoch, shard: shard.id }
}

/// The stream that a table names; it must belong to the application's account.
pub(crate) fn stream_of(
    streams: &Streams,
    scope: &Scope,
    table: &str,
    reference: &StreamReference,
) -> Result<Arc<Stream>, JobError> {
    let (scope, name) = stream_name(scope, table, reference)?;
    Ok(streams.stream(&scope, &name)?)
}

/// The scope and name behind a reference.
pub(crate) fn stream_name(
    scope: &Scope,
    table: &str,
    reference: &StreamReference,
) -> Result<(Scope, types::StreamName), JobError> {
    let refuse = |message: String| Err(JobError::Stream { table: table.into(), message });
    match reference {
        StreamReference::Name(name) => Ok((scope.clone(), name.clone())),
        StreamReference::Arn(arn) if arn.scope.account != scope.account => {
            refuse(format!("{arn} belongs to another account than the application"))
        }
        StreamReference::Arn(arn) => match types::StreamName::parse(&arn.name) {
            Ok(name) => Ok((arn.scope.clone(), name)),
            Err(error) => refuse(error.to_string()),
        },
    }
}

impl Reading {
    pub(crate) fn new(streams: Streams, scope: Scope) -> Self {
        let budget = PageBudget::new(PAGES_MAX, PAGE_RECORDS_MAX, PAGE_BYTES_MAX);
        Self { streams, scope, pages: FuturesUnordered::new(), budget, open: BTreeSet::new() }
    }

    /// The next page of any shard; never, while there is no shard. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Read {
        match self.pages.next().await {
            Some(read) => read,
            None => std::future::pending().await,
        }
    }

    /// Reads on where `cursor` stands.
    pub(crate) fn read_on(&mut self, source: usize, key: ShardKey, range: HashRange, mut cursor: ShardCursor) {
        self.open.insert((source, key));
        let budget = self.budget.clone();
        self.pages.push(Box::pin(async move {
            let page = cursor.next_page_within(&budget).await;
            Read { source, key, range, page, cursor }
        }));
    }

    /// The shard is read to its end.
    pub(crate) fn end(&mut self, source: usize, key: ShardKey) {
        self.open.remove(&(source, key));
    }

    /// Opens the shards of a source that are not open and not in `known`, and those of `known` that have not ended, each
    /// when its parents are read to their ends. `position` is where a shard starts that nobody knows. Answers the positions of the new ones.
    pub(crate) async fn refresh(
        &mut self,
        index: usize,
        source: &Source,
        known: &[ShardPosition],
        position: Start,
    ) -> Result<Vec<ShardPosition>, JobError> {
        let stream = stream_of(&self.streams, &self.scope, &source.name, &source.stream)?;
        let mut opened = Vec::new();
        for shard in &stream.shards {
            let key = key_of(shard);
            let state = known.iter().find(|state| state.key == key);
            if self.open.contains(&(index, key)) || state.is_some_and(|state| state.ended) {
                continue;
            }
            // Read to its end, not only not being read: a parent may itself still wait for its own parents.
            let has_ended = |key| known.iter().any(|state| state.key == key && state.ended);
            let mut parents = shard.parents.iter().filter_map(|id| stream.shard(*id)).map(key_of);
            let waits = parents.any(|parent| !has_ended(parent));
            let start = state.map_or(position, |state| Start::At(state.next));
            let cursor = self.streams.shard_cursor(&stream, shard, start).await?;
            if state.is_none() {
                opened.push(ShardPosition { key, next: cursor.position(), ended: false, watermark: None });
            }
            // Where it will start is settled now, also when it has to wait: LATEST means the start of the application.
            if !waits {
                self.read_on(index, key, shard.range, cursor);
            }
        }
        Ok(opened)
    }
}

/// Where a source without a checkpoint starts.
pub(crate) fn start_of(position: InitialPosition) -> Start {
    match position {
        InitialPosition::Latest => Start::Latest,
        InitialPosition::TrimHorizon => Start::Horizon,
        InitialPosition::At(time) => Start::AtTime(time),
    }
}
