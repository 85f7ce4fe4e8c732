//! Data Streams: ten operations over `streams::Streams`. See `api/mod.rs` for how one is added.
//!
//! Read `which_stream.rs` for how a request names its stream, `shapes.rs` for what several answers share.

mod create_stream;
mod delete_stream;
mod describe_stream;
mod describe_stream_summary;
mod get_records;
mod get_shard_iterator;
mod list_shards;
mod list_streams;
mod page_token;
mod put_record;
mod put_records;
mod shapes;
mod which_stream;

crate::api::operations! {
    CreateStream => create_stream,
    DeleteStream => delete_stream,
    DescribeStream => describe_stream,
    DescribeStreamSummary => describe_stream_summary,
    GetRecords => get_records,
    GetShardIterator => get_shard_iterator,
    ListShards => list_shards,
    ListStreams => list_streams,
    PutRecord => put_record,
    PutRecords => put_records,
}

#[cfg(test)]
mod tests;
