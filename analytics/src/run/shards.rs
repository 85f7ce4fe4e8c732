//! Which shards a source reads, from where, and the pages that come from them.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll, unfold};
use streams::{CursorPage, ShardCursor, Start, Stream, Streams, StreamsError};
use types::{Offset, Scope, StreamName};

use super::JobError;
use super::checkpoint::ShardKey;
use crate::sql::{InitialPosition, StreamReference};

/// Records of one page: small enough that a page never holds a thread for long.
const PAGE_RECORDS_MAX: usize = 2000;
/// Bytes of one page.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// A page of one shard and the position after it.
pub(crate) struct ShardPage {
    pub(crate) source: usize,
    pub(crate) shard: ShardKey,
    pub(crate) page: CursorPage,
    pub(crate) next: Offset,
}

/// The pages of all shards, as they come; each shard is read one page ahead at most.
pub(crate) type Pages = SelectAll<BoxStream<'static, Result<ShardPage, StreamsError>>>;

/// The stream that a table names; applications read and write streams of their own account only.
pub(crate) fn resolve(scope: &Scope, table: &str, stream: &StreamReference) -> Result<(Scope, StreamName), JobError> {
    let wrong = |message: String| JobError::Stream { table: table.into(), message };
    match stream {
        StreamReference::Name(name) => Ok((scope.clone(), name.clone())),
        StreamReference::Arn(arn) if arn.scope.account != scope.account => {
            Err(wrong(format!("{arn} belongs to another account")))
        }
        StreamReference::Arn(arn) => {
            let name = StreamName::parse(&arn.name).map_err(|error| wrong(error.to_string()))?;
            Ok((arn.scope.clone(), name))
        }
    }
}

/// The shards of a stream.
pub(crate) fn keys(stream: &Stream) -> HashSet<ShardKey> {
    stream.shards.iter().map(|shard| ShardKey { epoch: shard.epoch, shard: shard.id }).collect()
}

/// The start of a shard that no checkpoint knows.
pub(crate) fn initial(position: InitialPosition) -> Start {
    match position {
        InitialPosition::Latest => Start::Latest,
        InitialPosition::TrimHorizon => Start::Horizon,
        InitialPosition::At(time) => Start::AtTime(time),
    }
}

/// A cursor over a shard; `None` when the stream has no such shard.
pub(crate) async fn cursor(
    streams: &Streams,
    stream: &Arc<Stream>,
    key: ShardKey,
    start: Start,
) -> Result<Option<ShardCursor>, StreamsError> {
    match stream.shard(key.shard) {
        Some(shard) if shard.epoch == key.epoch => Ok(Some(streams.shard_cursor(stream, shard, start).await?)),
        _ => Ok(None),
    }
}

/// The pages of one shard until its end or the first error.
pub(crate) fn pages(
    source: usize,
    shard: ShardKey,
    cursor: ShardCursor,
) -> BoxStream<'static, Result<ShardPage, StreamsError>> {
    unfold(Some(cursor), move |cursor| async move {
        let mut cursor = cursor?;
        match cursor.next_page(PAGE_RECORDS_MAX, PAGE_BYTES_MAX).await {
            Ok(page) => {
                let rest = (!page.ended).then_some(());
                let event = ShardPage { source, shard, next: cursor.position(), page };
                Some((Ok(event), rest.map(|()| cursor)))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}
