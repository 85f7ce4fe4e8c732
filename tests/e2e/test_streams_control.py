"""Streams as things: create, describe, list, page, delete."""

import datetime
import re

import pytest
from botocore.exceptions import ClientError

from raw import send
from reading import HASH_KEYS, shard_ids


def test_a_new_stream_is_described(kinesis, new_name):
    name = new_name()
    before = datetime.datetime.now(datetime.timezone.utc)
    kinesis.create_stream(StreamName=name, ShardCount=4)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    described = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    assert described["StreamName"] == name
    assert described["StreamStatus"] == "ACTIVE"
    assert re.fullmatch(rf"arn:aws:kinesis:[a-z0-9-]+:\d{{12}}:stream/{name}", described["StreamARN"])
    assert described["RetentionPeriodHours"] == 24
    assert described["HasMoreShards"] is False
    assert described["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert described["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    created = described["StreamCreationTimestamp"]
    assert abs((created - before).total_seconds()) < 60

    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 4
    assert summary["StreamARN"] == described["StreamARN"]
    assert summary["ConsumerCount"] == 0
    # The SDKs build a host name of its own from a stream id, which leads away from a custom endpoint.
    assert "StreamId" not in summary


def test_shards_tile_the_hash_space(kinesis, new_name):
    for count in (1, 3, 4, 7):
        name = new_name()
        kinesis.create_stream(StreamName=name, ShardCount=count)
        shards = kinesis.list_shards(StreamName=name)["Shards"]
        assert [shard["ShardId"] for shard in shards] == [f"shardId-{index:012d}" for index in range(count)]
        width, next_start = HASH_KEYS // count, 0
        for index, shard in enumerate(shards):
            start, end = (int(shard["HashKeyRange"][side]) for side in ("StartingHashKey", "EndingHashKey"))
            assert start == next_start == index * width
            assert re.fullmatch(r"0|[1-9]\d{0,128}", shard["SequenceNumberRange"]["StartingSequenceNumber"])
            assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
            assert "ParentShardId" not in shard
            next_start = end + 1
        assert next_start == HASH_KEYS
        kinesis.delete_stream(StreamName=name)


def test_a_stream_is_found_by_its_arn(kinesis, stream):
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    assert kinesis.describe_stream(StreamARN=arn)["StreamDescription"]["StreamName"] == stream
    assert kinesis.describe_stream(StreamName=stream, StreamARN=arn)["StreamDescription"]["StreamName"] == stream
    assert len(kinesis.list_shards(StreamARN=arn)["Shards"]) == 4
    put = kinesis.put_record(StreamARN=arn, Data=b"by arn", PartitionKey="k")
    token = kinesis.get_shard_iterator(
        StreamARN=arn, ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert kinesis.get_records(ShardIterator=token, StreamARN=arn)["Records"][0]["Data"] == b"by arn"


def test_streams_are_listed_in_order_and_by_page(server):
    kinesis = server.client("kinesis")
    names = sorted(f"{letter}{number:02d}" for letter in "abz_.-" for number in range(4))
    assert kinesis.list_streams()["StreamNames"] == []
    for name in names:
        kinesis.create_stream(StreamName=name, ShardCount=1)
    everything = kinesis.list_streams()
    assert everything["StreamNames"] == names
    assert everything["HasMoreStreams"] is False
    assert [summary["StreamName"] for summary in everything["StreamSummaries"]] == names
    assert {summary["StreamStatus"] for summary in everything["StreamSummaries"]} == {"ACTIVE"}

    first = kinesis.list_streams(Limit=5)
    assert first["StreamNames"] == names[:5] and first["HasMoreStreams"] is True
    assert kinesis.list_streams(Limit=5, ExclusiveStartStreamName=names[4])["StreamNames"] == names[5:10]
    pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 7})
    assert [name for page in pages for name in page["StreamNames"]] == names


def test_shards_are_listed_by_page(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=10)
    ids = shard_ids(kinesis, name)
    first = kinesis.list_shards(StreamName=name, MaxResults=4)
    assert [shard["ShardId"] for shard in first["Shards"]] == ids[:4]
    second = kinesis.list_shards(NextToken=first["NextToken"], MaxResults=4)
    assert [shard["ShardId"] for shard in second["Shards"]] == ids[4:8]
    third = kinesis.list_shards(NextToken=second["NextToken"])
    assert [shard["ShardId"] for shard in third["Shards"]] == ids[8:]
    assert "NextToken" not in third
    after = kinesis.list_shards(StreamName=name, ExclusiveStartShardId=ids[6])["Shards"]
    assert [shard["ShardId"] for shard in after] == ids[7:]

    page = kinesis.describe_stream(StreamName=name, Limit=3)["StreamDescription"]
    assert page["HasMoreShards"] is True and [shard["ShardId"] for shard in page["Shards"]] == ids[:3]
    pages = kinesis.get_paginator("describe_stream").paginate(StreamName=name, PaginationConfig={"PageSize": 4})
    assert [shard["ShardId"] for page in pages for shard in page["StreamDescription"]["Shards"]] == ids
    kinesis.delete_stream(StreamName=name)


def test_shards_are_listed_by_filter(kinesis, stream):
    ids = shard_ids(kinesis, stream)
    now = datetime.datetime.now(datetime.timezone.utc)

    def check(shard_filter, expected):
        found = kinesis.list_shards(StreamName=stream, ShardFilter=shard_filter)["Shards"]
        assert [shard["ShardId"] for shard in found] == expected, shard_filter

    check({"Type": "AT_LATEST"}, ids)
    check({"Type": "AT_TRIM_HORIZON"}, ids)
    check({"Type": "FROM_TRIM_HORIZON"}, ids)
    check({"Type": "AFTER_SHARD_ID", "ShardId": ids[1]}, ids[2:])
    check({"Type": "FROM_TIMESTAMP", "Timestamp": now - datetime.timedelta(hours=1)}, ids)
    check({"Type": "FROM_TIMESTAMP", "Timestamp": now}, ids)


def test_a_token_excludes_what_it_already_says(kinesis, stream):
    token = kinesis.list_shards(StreamName=stream, MaxResults=1)["NextToken"]
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.list_shards(StreamName=stream, NextToken=token)
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.list_shards()
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.list_shards(NextToken="nonsense")


def test_a_deleted_stream_is_gone(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    token = kinesis.get_shard_iterator(
        StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    assert name not in kinesis.list_streams()["StreamNames"]
    for call in (
        lambda: kinesis.describe_stream(StreamName=name),
        lambda: kinesis.describe_stream_summary(StreamName=name),
        lambda: kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k"),
        lambda: kinesis.get_records(ShardIterator=token),
        lambda: kinesis.delete_stream(StreamName=name),
    ):
        with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
            call()


def test_a_name_can_be_used_again_and_nothing_old_shows(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    old = kinesis.put_record(StreamName=name, Data=b"old", PartitionKey="k")
    token = kinesis.get_shard_iterator(
        StreamName=name, ShardId=old["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    new = kinesis.put_record(StreamName=name, Data=b"new", PartitionKey="k")
    fresh = kinesis.get_shard_iterator(
        StreamName=name, ShardId=new["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert [record["Data"] for record in kinesis.get_records(ShardIterator=fresh)["Records"]] == [b"new"]
    # Neither an iterator nor a number of the old stream works on the new one.
    with pytest.raises(ClientError):
        kinesis.get_records(ShardIterator=token)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.get_shard_iterator(StreamName=name, ShardId=new["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
                                   StartingSequenceNumber=old["SequenceNumber"])


def test_an_on_demand_stream_starts_with_four_shards(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 4
    assert summary["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
    kinesis.delete_stream(StreamName=name)


def test_an_operation_without_output_has_an_empty_body(shared, new_name):
    name = new_name()
    created = send(shared, "CreateStream", {"StreamName": name, "ShardCount": 1})
    assert (created.status, created.body) == (200, b"")
    assert re.fullmatch(r"[0-9a-f-]{36}", created.headers["x-amzn-requestid"])
    deleted = send(shared, "DeleteStream", {"StreamName": name})
    assert (deleted.status, deleted.body) == (200, b"")


def test_control_operations_survive_a_crash(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="kept", ShardCount=3)
    kinesis.create_stream(StreamName="dropped", ShardCount=1)
    kinesis.delete_stream(StreamName="dropped")
    before = kinesis.describe_stream(StreamName="kept")["StreamDescription"]
    server.kill9()
    server.restart()
    assert kinesis.list_streams()["StreamNames"] == ["kept"]
    assert kinesis.describe_stream(StreamName="kept")["StreamDescription"] == before
