"""What each operation refuses, and by which error: rows of operation, error code (`A|B`: either) and parameters.

Parameters are a dictionary, or a function of the `World` and a stream (its name and ARN) that gives one.
Sources: the errors that the service's model names, and what is known of AWS's choice between them.
"""

NAMELESS = "arn:aws:kinesis:us-east-1:000000000000:{}/unknown"
STREAM, QUEUE, CHANNEL = (NAMELESS.format(kind) for kind in ("stream", "queue", "channel"))
CONSUMER = STREAM + "/consumer/unknown:1700000000"
GONE, INVALID, ARGUMENT = "ResourceNotFoundException", "ValidationException", "InvalidArgumentException"
IN_USE, DRY = "ResourceInUseException", "DryRunOperationException"
REFUSED = f"{INVALID}|{ARGUMENT}"
UNKNOWN = {"StreamName": "unknown"}
SHARD = "shardId-000000000000"
KEY = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
SUBSCRIBE = {"ShardId": SHARD, "StartingPosition": {"Type": "LATEST"}}
HANDLE = [{"ReceiptHandle": "r"}]
VISIBILITY = [{"ReceiptHandle": "r", "VisibilityTimeoutSeconds": 1}]
TOO_HIGH = str(2**128)

ROWS = [
    # Control plane of streams.
    ("CreateStream", IN_USE, lambda w, name, arn: {"StreamName": name, "ShardCount": 1}),
    ("CreateStream", INVALID, {"StreamName": "not a name", "ShardCount": 1}),
    ("CreateStream", REFUSED, {"StreamName": "no-shards"}),
    ("DeleteStream", GONE, UNKNOWN),
    ("DeleteStream", IN_USE, lambda w, name, arn: w.consumer(arn) and {"StreamName": name}),
    ("DescribeStream", GONE, UNKNOWN),
    ("DescribeStream", ARGUMENT, {}),
    ("DescribeStreamSummary", GONE, UNKNOWN),
    ("ListShards", GONE, UNKNOWN),
    ("ListShards", ARGUMENT, {}),
    ("ListShards", f"{ARGUMENT}|ExpiredNextTokenException", {"NextToken": "garbage"}),
    ("ListStreams", INVALID, {"Limit": 10001}),
    ("SplitShard", GONE, {**UNKNOWN, "ShardToSplit": SHARD, "NewStartingHashKey": "5"}),
    ("SplitShard", f"{GONE}|{ARGUMENT}",
     lambda w, name, arn: {"StreamName": name, "ShardToSplit": "shardId-000000000009", "NewStartingHashKey": "5"}),
    ("SplitShard", ARGUMENT,
     lambda w, name, arn: {"StreamName": name, "ShardToSplit": SHARD, "NewStartingHashKey": "0"}),
    ("MergeShards", GONE, {**UNKNOWN, "ShardToMerge": SHARD, "AdjacentShardToMerge": "shardId-000000000001"}),
    ("MergeShards", ARGUMENT,
     lambda w, name, arn: {"StreamName": name, "ShardToMerge": SHARD, "AdjacentShardToMerge": SHARD}),
    ("UpdateShardCount", GONE, {**UNKNOWN, "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
    ("UpdateShardCount", REFUSED,
     lambda w, name, arn: {"StreamName": w.on_demand()[0], "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
    ("IncreaseStreamRetentionPeriod", GONE, {**UNKNOWN, "RetentionPeriodHours": 48}),
    ("IncreaseStreamRetentionPeriod", REFUSED, lambda w, name, arn: {"StreamName": name, "RetentionPeriodHours": 8761}),
    ("DecreaseStreamRetentionPeriod", GONE, {**UNKNOWN, "RetentionPeriodHours": 24}),
    ("DecreaseStreamRetentionPeriod", ARGUMENT, lambda w, name, arn: {"StreamName": name, "RetentionPeriodHours": 48}),
    ("EnableEnhancedMonitoring", GONE, {**UNKNOWN, "ShardLevelMetrics": ["ALL"]}),
    ("EnableEnhancedMonitoring", REFUSED, lambda w, name, arn: {"StreamName": name, "ShardLevelMetrics": ["Rain"]}),
    ("DisableEnhancedMonitoring", GONE, {**UNKNOWN, "ShardLevelMetrics": ["ALL"]}),
    ("StartStreamEncryption", GONE, {**UNKNOWN, **KEY}),
    ("StartStreamEncryption", REFUSED, lambda w, name, arn: {"StreamName": name, **KEY, "EncryptionType": "ROT13"}),
    ("StopStreamEncryption", GONE, {**UNKNOWN, **KEY}),
    ("UpdateStreamMode", GONE, {"StreamARN": STREAM, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
    ("UpdateStreamMode", REFUSED,
     lambda w, name, arn: {"StreamARN": arn, "StreamModeDetails": {"StreamMode": "SOMETIMES"}}),
    ("UpdateMaxRecordSize", GONE, {"StreamARN": STREAM, "MaxRecordSizeInKiB": 2048}),
    ("UpdateMaxRecordSize", REFUSED, lambda w, name, arn: {"StreamARN": arn, "MaxRecordSizeInKiB": 10241}),
    ("UpdateStreamRecordDistributionStrategy", GONE, {"StreamARN": STREAM, "RecordDistributionStrategy": "AUTO"}),
    ("UpdateStreamRecordDistributionStrategy", ARGUMENT,
     lambda w, name, arn: {"StreamARN": arn, "RecordDistributionStrategy": "AUTO"}),
    ("UpdateStreamWarmThroughput", GONE, {"StreamARN": STREAM, "WarmThroughputMiBps": 1}),
    ("UpdateStreamWarmThroughput", REFUSED, lambda w, name, arn: {"StreamARN": arn, "WarmThroughputMiBps": 1}),
    ("UpdateAccountSettings", REFUSED, {"MinimumThroughputBillingCommitment": {"Status": "PERHAPS"}}),
    # Tags and policies.
    ("AddTagsToStream", GONE, {**UNKNOWN, "Tags": {"a": "1"}}),
    ("AddTagsToStream", REFUSED, lambda w, name, arn: {"StreamName": name, "Tags": {"100%": "1"}}),
    ("RemoveTagsFromStream", GONE, {**UNKNOWN, "TagKeys": ["a"]}),
    ("ListTagsForStream", GONE, UNKNOWN),
    ("TagResource", GONE, {"ResourceARN": STREAM, "Tags": {"a": "1"}}),
    ("TagResource", REFUSED, {"ResourceARN": "no-arn", "Tags": {"a": "1"}}),
    ("UntagResource", GONE, {"ResourceARN": STREAM, "TagKeys": ["a"]}),
    ("ListTagsForResource", GONE, {"ResourceARN": STREAM}),
    ("PutResourcePolicy", GONE, {"ResourceARN": STREAM, "Policy": '{"Version":"2012-10-17","Statement":[]}'}),
    ("PutResourcePolicy", REFUSED, lambda w, name, arn: {"ResourceARN": arn, "Policy": "not JSON"}),
    ("GetResourcePolicy", GONE, {"ResourceARN": STREAM}),
    ("DeleteResourcePolicy", GONE, {"ResourceARN": STREAM}),
    # Consumers.
    ("RegisterStreamConsumer", GONE, {"StreamARN": STREAM, "ConsumerName": "c"}),
    ("RegisterStreamConsumer", IN_USE,
     lambda w, name, arn: {"StreamARN": arn, "ConsumerName": w.consumer(arn)["ConsumerName"]}),
    ("DescribeStreamConsumer", GONE, {"ConsumerARN": CONSUMER}),
    ("DescribeStreamConsumer", ARGUMENT, {}),
    ("DeregisterStreamConsumer", GONE, {"ConsumerARN": CONSUMER}),
    ("ListStreamConsumers", GONE, {"StreamARN": STREAM}),
    ("SubscribeToShard", GONE, {"ConsumerARN": CONSUMER, **SUBSCRIBE}),
    ("SubscribeToShard", GONE,
     lambda w, name, arn: {"ConsumerARN": w.consumer(arn)["ConsumerARN"], **SUBSCRIBE, "ShardId": "shardId-000000000009"}),
    ("SubscribeToShard", DRY,
     lambda w, name, arn: {"ConsumerARN": w.consumer(arn)["ConsumerARN"], **SUBSCRIBE, "DryRun": True}),
    # Data plane.
    ("PutRecord", GONE, {**UNKNOWN, "Data": b"x", "PartitionKey": "k"}),
    ("PutRecord", INVALID, lambda w, name, arn: {"StreamName": name, "Data": b"x", "PartitionKey": "k" * 257}),
    ("PutRecord", ARGUMENT,
     lambda w, name, arn: {"StreamName": name, "Data": b"x", "PartitionKey": "k", "ExplicitHashKey": TOO_HIGH}),
    ("PutRecord", DRY, lambda w, name, arn: {"StreamName": name, "Data": b"x", "PartitionKey": "k", "DryRun": True}),
    ("PutRecords", GONE, {**UNKNOWN, "Records": [{"Data": b"x", "PartitionKey": "k"}]}),
    ("PutRecords", INVALID,
     lambda w, name, arn: {"StreamName": name, "Records": [{"Data": b"x", "PartitionKey": "k"}] * 501}),
    ("PutRecords", ARGUMENT, lambda w, name, arn: {
        "StreamName": name, "Records": [{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": TOO_HIGH}]}),
    ("PutRecords", DRY, lambda w, name, arn: {
        "StreamName": name, "Records": [{"Data": b"x", "PartitionKey": "k"}], "DryRun": True}),
    ("GetShardIterator", GONE, {**UNKNOWN, "ShardId": SHARD, "ShardIteratorType": "LATEST"}),
    ("GetShardIterator", GONE,
     lambda w, name, arn: {"StreamName": name, "ShardId": "shardId-000000000009", "ShardIteratorType": "LATEST"}),
    ("GetShardIterator", ARGUMENT,
     lambda w, name, arn: {"StreamName": name, "ShardId": SHARD, "ShardIteratorType": "AT_SEQUENCE_NUMBER"}),
    ("GetShardIterator", DRY,
     lambda w, name, arn: {"StreamName": name, "ShardId": SHARD, "ShardIteratorType": "LATEST", "DryRun": True}),
    ("GetRecords", ARGUMENT, {"ShardIterator": "garbage"}),
    ("GetRecords", REFUSED, lambda w, name, arn: {"ShardIterator": w.iterator(name), "Limit": 10001}),
    ("GetRecords", DRY, lambda w, name, arn: {"ShardIterator": w.iterator(name), "DryRun": True}),
    # Queues and channels.
    ("CreateQueue", GONE, {"QueueName": "q", "StreamConfigurationList": [{"StreamARN": STREAM}]}),
    ("CreateQueue", REFUSED,
     lambda w, name, arn: {"QueueName": "not a name", "StreamConfigurationList": [{"StreamARN": arn}]}),
    ("DeleteQueue", GONE, {"QueueARN": QUEUE}),
    ("DescribeQueue", GONE, {"QueueARN": QUEUE}),
    ("UpdateQueue", GONE, {"QueueARN": QUEUE, "QueueAttributes": {"VisibilityTimeoutSeconds": 5}}),
    ("ListQueues", INVALID, {"MaxResults": 10001}),
    ("ReceiveQueueRecords", GONE, {"QueueARN": QUEUE}),
    ("ReceiveDeadLetterQueueRecords", GONE, {"QueueARN": QUEUE}),
    ("AcknowledgeQueueRecords", GONE, {"QueueARN": QUEUE, "Entries": HANDLE}),
    ("AcknowledgeDeadLetterQueueRecords", GONE, {"QueueARN": QUEUE, "Entries": HANDLE}),
    ("RestoreDeadLetterQueueRecords", GONE, {"QueueARN": QUEUE, "Entries": HANDLE}),
    ("UpdateQueueRecordsVisibility", GONE, {"QueueARN": QUEUE, "Entries": VISIBILITY}),
    ("UpdateDeadLetterQueueRecordsVisibility", GONE, {"QueueARN": QUEUE, "Entries": VISIBILITY}),
    ("CreateChannel", GONE, lambda w, name, arn: w.channel_input(STREAM)),
    ("CreateChannel", REFUSED, lambda w, name, arn: w.channel_input(arn)),
    ("DeleteChannel", GONE, {"ChannelARN": CHANNEL}),
    ("DescribeChannel", GONE, {"ChannelARN": CHANNEL}),
    ("UpdateChannel", GONE, {"ChannelARN": CHANNEL, "S3DestinationConfiguration": {"DataFreshnessInSeconds": 60}}),
    ("ListChannels", INVALID, {"MaxResults": 10001}),
]


def of(operation):
    return [(codes, parameters) for name, codes, parameters in ROWS if name == operation]
