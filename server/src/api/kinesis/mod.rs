//! Data Streams: ten operations over `streams::Streams`. See `api/mod.rs` for how one is added.
//!
//! Read `which_stream.rs` for how a request names its stream, `shapes.rs` for what several answers share.

mod acknowledge_dead_letter_queue_records;
mod acknowledge_queue_records;
mod add_tags_to_stream;
mod channel_shapes;
mod create_channel;
mod create_queue;
mod create_stream;
mod decrease_stream_retention_period;
mod delete_channel;
mod delete_queue;
mod delete_resource_policy;
mod delete_stream;
mod deregister_stream_consumer;
mod describe_account_settings;
mod describe_channel;
mod describe_limits;
mod describe_queue;
mod describe_stream;
mod describe_stream_consumer;
mod describe_stream_summary;
mod disable_enhanced_monitoring;
mod enable_enhanced_monitoring;
mod get_records;
mod get_resource_policy;
mod get_shard_iterator;
mod increase_stream_retention_period;
mod list_channels;
mod list_queues;
mod list_shards;
mod list_stream_consumers;
mod list_streams;
mod list_tags_for_resource;
mod list_tags_for_stream;
mod merge_shards;
mod page_token;
mod put_record;
mod put_records;
mod put_resource_policy;
mod receive_dead_letter_queue_records;
mod receive_queue_records;
mod records;
mod register_stream_consumer;
mod remove_tags_from_stream;
mod restore_dead_letter_queue_records;
mod shapes;
mod split_shard;
mod start_position;
mod start_stream_encryption;
mod stop_stream_encryption;
mod subscribe_to_shard;
mod tag_resource;
mod untag_resource;
mod update_account_settings;
mod update_channel;
mod update_dead_letter_queue_records_visibility;
mod update_max_record_size;
mod update_queue;
mod update_queue_records_visibility;
mod update_shard_count;
mod update_stream_mode;
mod update_stream_record_distribution_strategy;
mod update_stream_warm_throughput;
mod which_channel;
mod which_consumer;
mod which_queue;
mod which_stream;

crate::api::operations! {
    AcknowledgeDeadLetterQueueRecords => acknowledge_dead_letter_queue_records,
    AcknowledgeQueueRecords => acknowledge_queue_records,
    AddTagsToStream => add_tags_to_stream,
    CreateChannel => create_channel,
    CreateQueue => create_queue,
    CreateStream => create_stream,
    DecreaseStreamRetentionPeriod => decrease_stream_retention_period,
    DeleteChannel => delete_channel,
    DeleteQueue => delete_queue,
    DeleteResourcePolicy => delete_resource_policy,
    DeleteStream => delete_stream,
    DeregisterStreamConsumer => deregister_stream_consumer,
    DescribeAccountSettings => describe_account_settings,
    DescribeChannel => describe_channel,
    DescribeLimits => describe_limits,
    DescribeQueue => describe_queue,
    DescribeStream => describe_stream,
    DescribeStreamConsumer => describe_stream_consumer,
    DescribeStreamSummary => describe_stream_summary,
    DisableEnhancedMonitoring => disable_enhanced_monitoring,
    EnableEnhancedMonitoring => enable_enhanced_monitoring,
    GetRecords => get_records,
    GetResourcePolicy => get_resource_policy,
    GetShardIterator => get_shard_iterator,
    IncreaseStreamRetentionPeriod => increase_stream_retention_period,
    ListChannels => list_channels,
    ListQueues => list_queues,
    ListShards => list_shards,
    ListStreamConsumers => list_stream_consumers,
    ListStreams => list_streams,
    ListTagsForResource => list_tags_for_resource,
    ListTagsForStream => list_tags_for_stream,
    MergeShards => merge_shards,
    PutRecord => put_record as puts,
    PutRecords => put_records as puts,
    PutResourcePolicy => put_resource_policy,
    ReceiveDeadLetterQueueRecords => receive_dead_letter_queue_records,
    ReceiveQueueRecords => receive_queue_records,
    RegisterStreamConsumer => register_stream_consumer,
    RemoveTagsFromStream => remove_tags_from_stream,
    RestoreDeadLetterQueueRecords => restore_dead_letter_queue_records,
    SplitShard => split_shard,
    StartStreamEncryption => start_stream_encryption,
    StopStreamEncryption => stop_stream_encryption,
    SubscribeToShard => subscribe_to_shard as events,
    TagResource => tag_resource,
    UntagResource => untag_resource,
    UpdateAccountSettings => update_account_settings,
    UpdateChannel => update_channel,
    UpdateDeadLetterQueueRecordsVisibility => update_dead_letter_queue_records_visibility,
    UpdateMaxRecordSize => update_max_record_size,
    UpdateQueue => update_queue,
    UpdateQueueRecordsVisibility => update_queue_records_visibility,
    UpdateShardCount => update_shard_count,
    UpdateStreamMode => update_stream_mode,
    UpdateStreamRecordDistributionStrategy => update_stream_record_distribution_strategy,
    UpdateStreamWarmThroughput => update_stream_warm_throughput,
}

#[cfg(test)]
mod tests;
