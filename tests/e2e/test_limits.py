"""`--limits aws`, `--limits FILE` and `--transition-ms`: AWS's rates, quotas and states where they are asked for."""

import pytest
from botocore.exceptions import ClientError

from harness import eventually


def code(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def test_aws_rates_refuse_single_records(make_server):
    server = make_server(arguments=["--limits", "aws"])
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    records = [{"Data": b"x" * 100_000, "PartitionKey": "k"}] * 30
    answer = kinesis.put_records(StreamName="s", Records=records)
    assert 15 <= answer["FailedRecordCount"] <= 20
    failed = [result for result in answer["Records"] if "ErrorCode" in result]
    assert len(failed) == answer["FailedRecordCount"]
    assert {result["ErrorCode"] for result in failed} == {"ProvisionedThroughputExceededException"}
    assert all("shardId-000000000000" in result["ErrorMessage"] for result in failed)
    assert code(kinesis.put_record, StreamName="s", Data=b"x" * 900_000, PartitionKey="k") == (
        "ProvisionedThroughputExceededException")

    token = kinesis.get_shard_iterator(
        StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    codes = [call_code(kinesis.get_records, ShardIterator=token, Limit=1) for _ in range(8)]
    assert codes.count(None) == 5
    assert codes.count("ProvisionedThroughputExceededException") == 3
    codes = [call_code(kinesis.describe_limits) for _ in range(3)]
    assert codes == [None, "LimitExceededException", "LimitExceededException"]


def call_code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def test_a_file_of_limits(make_server, tmp_path):
    path = tmp_path / "limits.toml"
    path.write_text("[quotas]\nopen_shards = 3\n[rates]\nwrite_records_per_shard = 2\n")
    server = make_server(arguments=["--limits", str(path)])
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    assert code(kinesis.create_stream, StreamName="t", ShardCount=2) == "LimitExceededException"
    limits = kinesis.describe_limits()
    assert (limits["ShardLimit"], limits["OpenShardCount"]) == (3, 2)
    answer = kinesis.put_records(StreamName="s", Records=[{"Data": b"x", "PartitionKey": "k"}] * 5)
    assert answer["FailedRecordCount"] == 3


def test_states_are_visible_where_they_take_time(make_server):
    server = make_server(arguments=["--transition-ms", "400"])
    kinesis = server.client("kinesis")
    status = lambda: kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamStatus"]
    kinesis.create_stream(StreamName="s", ShardCount=1)
    described = kinesis.describe_stream(StreamName="s")["StreamDescription"]
    assert (described["StreamStatus"], described["Shards"]) == ("CREATING", [])
    assert code(kinesis.put_record, StreamName="s", Data=b"", PartitionKey="k") == "ResourceNotFoundException"
    assert code(kinesis.list_shards, StreamName="s") == "ResourceInUseException"
    eventually(lambda: status() == "ACTIVE")
    kinesis.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey="77")
    assert status() == "UPDATING"
    kinesis.put_record(StreamName="s", Data=b"", PartitionKey="k")
    assert code(kinesis.increase_stream_retention_period, StreamName="s", RetentionPeriodHours=48) == (
        "ResourceInUseException")
    eventually(lambda: status() == "ACTIVE")
    assert len(kinesis.list_shards(StreamName="s")["Shards"]) == 3
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    registered = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]
    assert registered["ConsumerStatus"] == "CREATING"
    consumer = lambda: kinesis.describe_stream_consumer(ConsumerARN=registered["ConsumerARN"])["ConsumerDescription"]
    eventually(lambda: consumer()["ConsumerStatus"] == "ACTIVE")
    assert code(kinesis.delete_stream, StreamName="s") == "ResourceInUseException"
    kinesis.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    assert status() == "DELETING"
    assert code(kinesis.create_stream, StreamName="s", ShardCount=1) == "ResourceInUseException"
    # A restart goes on with it.
    server.kill9()
    server.restart()
    eventually(lambda: call_code(kinesis.describe_stream, StreamName="s") == "ResourceNotFoundException")
