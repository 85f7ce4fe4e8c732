//! Every bound of the service in one place, each with where it comes from.

use std::time::Duration;

/// Largest request body taken, in bytes: 10 MiB of data in base64 plus JSON (AWS does not document its own).
pub const REQUEST_BODY_BYTES_MAX: usize = 16 << 20;
/// Records in one PutRecords call (API reference).
pub const PUT_RECORDS_COUNT_MAX: usize = 500;
/// Data and partition keys of one PutRecords call, in bytes (API reference: 10 MiB since 2025).
pub const PUT_RECORDS_BYTES_MAX: usize = 10 << 20;
/// Default largest record, data plus partition key, in bytes: `MaxRecordSizeInKiB` is 1024 unless changed.
pub const RECORD_BYTES_MAX_DEFAULT: usize = 1 << 20;
/// Most records one GetRecords call returns (API reference).
pub const GET_RECORDS_COUNT_MAX: usize = 10_000;
/// Most bytes one GetRecords call returns, unless a single record is larger (API reference: 10 MiB).
pub const GET_RECORDS_BYTES_MAX: usize = 10 << 20;
/// How long a shard iterator works after it was issued (API reference, GetShardIterator).
pub const ITERATOR_LIFETIME: Duration = Duration::from_secs(300);
/// How long a ListShards or ListStreams token works (API reference, ListShards).
pub const NEXT_TOKEN_LIFETIME: Duration = Duration::from_secs(300);
/// Retention of a new stream (API reference: 24 hours).
pub const RETENTION_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// Most shards one CreateStream may ask for, the largest default account quota (service quotas page).
pub const SHARDS_PER_STREAM_MAX: u32 = 20_000;
/// Tags of one stream (API reference, AddTagsToStream).
pub const TAGS_MAX: usize = 50;
/// Default and largest page of DescribeStream (API reference).
pub const DESCRIBE_STREAM_PAGE_MAX: usize = 100;
/// Default page of ListStreams (API reference).
pub const LIST_STREAMS_PAGE_DEFAULT: usize = 100;
/// Default and largest page of ListShards (API reference).
pub const LIST_SHARDS_PAGE_MAX: usize = 1000;

/// Largest Firehose record before base64, in bytes (API reference: 1,000 KiB).
pub const DELIVERY_RECORD_BYTES_MAX: usize = 1_024_000;
/// Records in one PutRecordBatch call (API reference).
pub const DELIVERY_BATCH_COUNT_MAX: usize = 500;
/// Bytes in one PutRecordBatch call (API reference: 4 MiB).
pub const DELIVERY_BATCH_BYTES_MAX: usize = 4 << 20;
/// Default page of ListDeliveryStreams (API reference).
pub const LIST_DELIVERY_STREAMS_PAGE_DEFAULT: usize = 10;
/// How long a DirectPut record is kept while its destination fails (developer guide: 24 hours).
pub const DELIVERY_BUFFER_RETENTION: Duration = Duration::from_secs(24 * 3600);

/// Longest SQL text of an application, in characters (API reference, CodeContent).
pub const SQL_TEXT_CHARACTERS_MAX: usize = 102_400;

/// How far a signature's date may be from ours (signature version 4: 5 minutes for Kinesis).
pub const SIGNATURE_SKEW: Duration = Duration::from_secs(300);
