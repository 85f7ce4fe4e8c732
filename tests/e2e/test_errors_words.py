"""The words and the order of errors, as people who compared with AWS have recorded them: one table, a row a case."""

import pytest

from raw import send

SHARD = "shardId-000000000000"
NOWHERE = "Stream nowhere under account 000000000000 not found."
TAG_CHARACTERS = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @."
PAIRING = ("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
           "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ")
LONG = "k" * 129


def position(**more):
    return {"StreamName": "STREAM", "ShardId": SHARD, **more}


def put(**more):
    return {"StreamName": "STREAM", "Data": "YQ==", "PartitionKey": "k", **more}


SERIALIZATION = [
    ("CreateStream", {"StreamName": True}, "class java.lang.Boolean can not be converted to an String"),
    ("CreateStream", {"StreamName": []}, "Start of list found where not expected"),
    ("CreateStream", {"StreamName": {}}, "Start of structure or map found where not expected."),
    ("CreateStream", {"ShardCount": "1"}, "class java.lang.String can not be converted to an Integer"),
    ("AddTagsToStream", {"Tags": "x"}, "Expected map or null"),
    ("AddTagsToStream", {"Tags": []}, "Start of list found where not expected"),
    ("PutRecords", {"Records": 7}, "Expected list or null"),
    ("PutRecords", {"Records": [7]}, "Expected null"),
    ("PutRecord", {"Data": "23456"}, "'23456' can not be converted to a Blob: Base64 encoded length is expected a "
                                     "multiple of 4 bytes but found: 5"),
    ("PutRecord", {"Data": "=+/="}, "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"),
    ("PutRecord", {"DryRun": "yes"}, "'yes' can not be converted to an Boolean"),
    ("GetShardIterator", {"Timestamp": "23"}, "class java.lang.String can not be converted to milliseconds since epoch"),
]

# Operation, body, code, and the message or the part of it that matters.
CASES = [
    # Constraints on the parts of lists and maps are one clause on the whole.
    ("RemoveTagsFromStream", {"StreamName": "STREAM", "TagKeys": ["a", LONG]}, "ValidationException",
     f"Value '[a, {LONG}]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have "
     "length less than or equal to 128, Member must have length greater than or equal to 1]"),
    ("AddTagsToStream", {"StreamName": "STREAM", "Tags": {LONG: "v"}}, "ValidationException",
     "at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or "
     "equal to 128, Member must have length greater than or equal to 1]"),
    ("AddTagsToStream", {"StreamName": "STREAM", "Tags": {"a": "v" * 257}}, "ValidationException",
     "Map value must satisfy constraint: [Member must have length less than or equal to 256"),
    # Tags: the stream first, then two sets of words for two sets of characters.
    ("RemoveTagsFromStream", {"StreamName": "nowhere", "TagKeys": [";"]}, "ResourceNotFoundException", NOWHERE),
    ("AddTagsToStream", {"StreamName": "STREAM", "Tags": {"a;b": ""}}, "InvalidArgumentException", TAG_CHARACTERS),
    ("AddTagsToStream", {"StreamName": "STREAM", "Tags": {"a": "b\tc"}}, "InvalidArgumentException", TAG_CHARACTERS),
    ("RemoveTagsFromStream", {"StreamName": "STREAM", "TagKeys": ["a,b"]}, "InvalidArgumentException", TAG_CHARACTERS),
    ("AddTagsToStream", {"StreamName": "STREAM", "Tags": {"a%b": ""}}, "InvalidArgumentException",
     "Failed to add tags to stream STREAM under account 000000000000 because some tags contained illegal characters."),
    ("RemoveTagsFromStream", {"StreamName": "STREAM", "TagKeys": ["a%b"]}, "InvalidArgumentException",
     "Failed to remove tags from stream STREAM under account 000000000000 because some tags contained illegal"),
    # Shard ids: read before the stream is looked for, by the number at their end.
    ("GetShardIterator", {"StreamName": "nowhere", "ShardId": "ABKLFD8", "ShardIteratorType": "LATEST"},
     "ResourceNotFoundException", "Could not find shard ABKLFD8 in stream nowhere under account 000000000000."),
    ("GetShardIterator", {"StreamName": "nowhere", "ShardId": "2147483648", "ShardIteratorType": "LATEST"},
     "ResourceNotFoundException", "Could not find shard 2147483648 in stream nowhere under account 000000000000."),
    ("GetShardIterator", {"StreamName": "nowhere", "ShardId": "a-7", "ShardIteratorType": "LATEST"},
     "ResourceNotFoundException", "Shard shardId-000000000007 in stream nowhere under account 000000000000 does not exist"),
    ("GetShardIterator", position(ShardId="shardId-5", ShardIteratorType="AT_SEQUENCE_NUMBER"),
     "ResourceNotFoundException", "Shard shardId-000000000005 in stream STREAM under account 000000000000 does not exist"),
    ("SplitShard", {"StreamName": "nowhere", "ShardToSplit": "x", "NewStartingHashKey": "0"},
     "ResourceNotFoundException", "Could not find shard x in stream nowhere under account 000000000000."),
    ("SplitShard", {"StreamName": "nowhere", "ShardToSplit": "0", "NewStartingHashKey": "0"},
     "ResourceNotFoundException", NOWHERE),
    ("SplitShard", {"StreamName": "STREAM", "ShardToSplit": "shard-0", "NewStartingHashKey": "1"},
     "InvalidArgumentException",
     "NewStartingHashKey 1 used in SplitShard() on shard shardId-000000000000 in stream STREAM under account 000000000000 "
     "is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey"),
    ("SplitShard", {"StreamName": "STREAM", "ShardToSplit": "0", "NewStartingHashKey": "9" * 39},
     "InvalidArgumentException", "NewStartingHashKey " + "9" * 39 + " used in SplitShard() on shard shardId-000000000000"),
    ("MergeShards", {"StreamName": "STREAM", "ShardToMerge": "5", "AdjacentShardToMerge": "0"},
     "ResourceNotFoundException", "Could not find shard shardId-000000000005 in stream STREAM under account"),
    ("MergeShards", {"StreamName": "STREAM", "ShardToMerge": "a-1", "AdjacentShardToMerge": "a-0"},
     "InvalidArgumentException", "Shards shardId-000000000001 and shardId-000000000000 in stream STREAM under account "
     "000000000000 are not an adjacent pair of shards eligible for merging"),
    # Iterators.
    ("GetShardIterator", position(ShardIteratorType="AT_SEQUENCE_NUMBER"), "InvalidArgumentException",
     PAIRING + "AT_SEQUENCE_NUMBER and no StartingSequenceNumber."),
    ("GetShardIterator", position(ShardIteratorType="LATEST", StartingSequenceNumber="5"), "InvalidArgumentException",
     PAIRING + "LATEST and also a StartingSequenceNumber."),
    ("GetShardIterator", position(ShardIteratorType="AT_TIMESTAMP"), "InvalidArgumentException",
     "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
     "parameter."),
    ("GetShardIterator", position(ShardIteratorType="AT_TIMESTAMP", Timestamp=9e9), "InvalidArgumentException",
     "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "),
    ("GetShardIterator", position(ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber="4" * 56),
     "InvalidArgumentException", f"used in GetShardIterator on shard {SHARD} in stream STREAM under account 000000000000 "
     "is invalid."),
    ("GetRecords", {"ShardIterator": "garbage"}, "InvalidArgumentException", "Invalid ShardIterator."),
    # Puts.
    ("PutRecord", put(ExplicitHashKey=str(1 << 128)), "InvalidArgumentException",
     "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was " + str(1 << 128)),
    ("PutRecord", put(SequenceNumberForOrdering="5"), "InvalidArgumentException",
     "ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream STREAM under account 000000000000 is invalid."),
    # Settings.
    ("IncreaseStreamRetentionPeriod", {"StreamName": "STREAM", "RetentionPeriodHours": 23}, "InvalidArgumentException",
     "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short."),
    ("DecreaseStreamRetentionPeriod", {"StreamName": "STREAM", "RetentionPeriodHours": 25}, "InvalidArgumentException",
     "Requested retention period (25 hours) for stream STREAM can not be longer than existing retention period (24 "
     "hours). Use IncreaseRetentionPeriod API."),
    ("ListShards", {}, "InvalidArgumentException", "Either NextToken or StreamName should be provided."),
    ("ListShards", {"StreamName": "STREAM", "NextToken": "t"}, "InvalidArgumentException",
     "NextToken and StreamName cannot be provided together."),
]


@pytest.fixture(scope="module")
def pair(shared):
    """A stream of two shards that nothing here changes."""
    name = "words"
    assert send(shared, "CreateStream", {"StreamName": name, "ShardCount": 2}).status == 200
    yield name
    send(shared, "DeleteStream", {"StreamName": name})


def named(value, stream):
    """The case with the stream's name in its place."""
    if isinstance(value, dict):
        return {key: named(item, stream) for key, item in value.items()}
    return value.replace("STREAM", stream) if isinstance(value, str) else value


@pytest.mark.parametrize("operation, body, message", SERIALIZATION)
def test_types(shared, operation, body, message):
    answer = send(shared, operation, body)
    assert (answer.status, answer.error, answer.message) == (400, "SerializationException", message)


@pytest.mark.parametrize("operation, body, code, message", CASES)
def test_words(shared, pair, operation, body, code, message):
    answer = send(shared, operation, named(body, pair))
    assert (answer.status, answer.error) == (400, code), answer
    assert named(message, pair) in answer.message


def test_shards_may_be_named_loosely(shared, pair):
    for shard in ("shardId-0", "0", "anything-0000", "-1"):
        answer = send(shared, "GetShardIterator", {"StreamName": pair, "ShardId": shard, "ShardIteratorType": "LATEST"})
        assert answer.status == 200, answer


def test_retention_set_to_what_it_is_changes_nothing(shared, pair):
    assert send(shared, "IncreaseStreamRetentionPeriod", {"StreamName": pair, "RetentionPeriodHours": 24}).status == 200


def test_puts_in_the_clear_are_silent_about_encryption(kinesis, pair):
    assert "EncryptionType" not in kinesis.put_record(StreamName=pair, Data=b"x", PartitionKey="k")
