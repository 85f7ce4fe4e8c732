"""Reading streams back, and the arithmetic of hash keys that a client can check the server with."""

import hashlib

HASH_KEYS = 1 << 128


def shard_ids(kinesis, stream):
    return [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]


def iterator(kinesis, stream, shard, kind="TRIM_HORIZON", **position):
    answer = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **position)
    return answer["ShardIterator"]


def read_from(kinesis, token, limit=None):
    """Follows iterators until the tip; all records on the way."""
    records = []
    while token:
        answer = kinesis.get_records(ShardIterator=token, **({"Limit": limit} if limit else {}))
        records += answer["Records"]
        if not answer["Records"] and answer["MillisBehindLatest"] == 0:
            return records
        token = answer.get("NextShardIterator")
    return records


def read_shard(kinesis, stream, shard, kind="TRIM_HORIZON", **position):
    return read_from(kinesis, iterator(kinesis, stream, shard, kind, **position))


def read_stream(kinesis, stream):
    """All records by shard id."""
    return {shard: read_shard(kinesis, stream, shard) for shard in shard_ids(kinesis, stream)}


def hash_key(partition_key):
    """What a partition key hashes to: MD5 as a 128-bit number."""
    return int.from_bytes(hashlib.md5(partition_key.encode()).digest(), "big")


def owner(shards, key):
    """The id of the one shard whose hash range holds `key`."""
    holders = [
        shard["ShardId"]
        for shard in shards
        if int(shard["HashKeyRange"]["StartingHashKey"]) <= key <= int(shard["HashKeyRange"]["EndingHashKey"])
    ]
    assert len(holders) == 1, f"{key} is held by {holders}"
    return holders[0]


def assert_increasing(records):
    numbers = [int(record["SequenceNumber"]) for record in records]
    assert all(a < b for a, b in zip(numbers, numbers[1:])), "sequence numbers do not increase"
