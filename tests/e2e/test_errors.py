"""What the API refuses, and in which words: clients branch on the error's name, people read its message."""

import pytest
from botocore.exceptions import ClientError

from raw import send

MIB = 1 << 20


def refused(answer, name, status=400):
    assert answer.status == status, answer
    assert answer.error == name, answer
    assert answer.headers["x-amzn-errortype"] == name
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"]
    return answer


def test_malformed_json(shared):
    for body in (b"{", b"[]", b'"text"', b"", b"\xff\xfe", b'{"StreamName": "a"', b"null", b"{} trailing"):
        refused(send(shared, "DescribeStream", body), "SerializationException")


def test_wrong_types(shared, stream):
    for operation, body in (
        ("CreateStream", {"StreamName": "a", "ShardCount": "1"}),
        ("CreateStream", {"StreamName": 7, "ShardCount": 1}),
        ("PutRecord", {"StreamName": stream, "Data": "not base64!", "PartitionKey": "k"}),
        ("PutRecord", {"StreamName": stream, "Data": "YQ", "PartitionKey": "k"}),
        ("PutRecord", {"StreamName": stream, "Data": {}, "PartitionKey": "k"}),
        ("PutRecords", {"StreamName": stream, "Records": {}}),
        ("PutRecords", {"StreamName": stream, "Records": ["text"]}),
        ("GetShardIterator", {"StreamName": stream, "ShardId": "s", "ShardIteratorType": "AT_TIMESTAMP",
                              "Timestamp": "yesterday"}),
    ):
        refused(send(shared, operation, body), "SerializationException")


def test_unknown_members_and_nulls_are_let_be(shared, stream):
    answer = send(shared, "DescribeStreamSummary", {"StreamName": stream, "StreamARN": None, "Novelty": [1]})
    assert answer.status == 200


def test_unknown_operations(shared):
    refused(send(shared, "Frobnicate", {}), "UnknownOperationException")
    refused(send(shared, "ListStreams", {}, prefix="Kinesis_19990101"), "UnknownOperationException")
    # In the model, but of a later issue.
    refused(send(shared, "UpdateDestination", {}, prefix="Firehose_20150804"), "UnknownOperationException")


def test_validation_names_everything_at_once(shared):
    answer = refused(send(shared, "PutRecord", {}), "ValidationException")
    # StreamName is optional beside StreamARN, so only these two are missing by the model.
    assert "at 'data' failed to satisfy constraint: Member must not be null" in answer.message
    answer = refused(send(shared, "CreateStream", {"StreamName": "a b", "ShardCount": 0}), "ValidationException")
    assert answer.message.startswith("2 validation errors detected: ")
    assert ("Value 'a b' at 'streamName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+") in answer.message
    assert ("Value '0' at 'shardCount' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1") in answer.message
    assert "; " in answer.message
    single = refused(send(shared, "CreateStream", {"ShardCount": 1}), "ValidationException")
    assert single.message == ("1 validation error detected: Value null at 'streamName' failed to satisfy constraint: "
                              "Member must not be null")


def test_validation_counts_into_lists(shared, stream):
    records = [{"Data": "YQ==", "PartitionKey": "k"}, {"Data": "YQ==", "PartitionKey": ""}]
    answer = refused(send(shared, "PutRecords", {"StreamName": stream, "Records": records}), "ValidationException")
    assert "'records.2.member.partitionKey'" in answer.message
    assert "Member must have length greater than or equal to 1" in answer.message
    many = [{"Data": "YQ==", "PartitionKey": ""} for _ in range(30)]
    answer = refused(send(shared, "PutRecords", {"StreamName": stream, "Records": many}), "ValidationException")
    assert answer.message.count("failed to satisfy constraint") <= 10
    too_many = [{"Data": "YQ==", "PartitionKey": "k"} for _ in range(501)]
    answer = refused(send(shared, "PutRecords", {"StreamName": stream, "Records": too_many}), "ValidationException")
    assert "Member must have length less than or equal to 500" in answer.message
    refused(send(shared, "PutRecords", {"StreamName": stream, "Records": []}), "ValidationException")


def test_ranges_and_sets(shared, stream):
    position = {"StreamName": stream, "ShardId": "shardId-000000000000"}
    answer = refused(send(shared, "GetShardIterator", {**position, "ShardIteratorType": "SOMEWHERE"}),
                     "ValidationException")
    assert "Member must satisfy enum value set: [" in answer.message
    for limit in (0, 10_001, -1):
        refused(send(shared, "GetRecords", {"ShardIterator": "x", "Limit": limit}), "ValidationException")
    refused(send(shared, "GetRecords", {"ShardIterator": "x" * 513}), "ValidationException")
    refused(send(shared, "PutRecord", {"StreamName": stream, "Data": "YQ==", "PartitionKey": "k",
                                       "ExplicitHashKey": "12x"}), "ValidationException")
    refused(send(shared, "DescribeStream", {"StreamName": "n" * 129}), "ValidationException")
    refused(send(shared, "DescribeStream", {"StreamARN": "arn:aws:s3:::bucket"}), "ValidationException")


def test_a_stream_must_be_named(shared):
    for operation in ("DescribeStream", "DescribeStreamSummary", "DeleteStream", "ListShards"):
        refused(send(shared, operation, {}), "InvalidArgumentException")


def test_what_is_missing(shared, kinesis):
    missing = kinesis.exceptions.ResourceNotFoundException
    with pytest.raises(missing, match="nowhere"):
        kinesis.describe_stream(StreamName="nowhere")
    with pytest.raises(missing):
        kinesis.put_records(StreamName="nowhere", Records=[{"Data": b"x", "PartitionKey": "k"}])
    with pytest.raises(missing):
        kinesis.get_shard_iterator(StreamName="nowhere", ShardId="s", ShardIteratorType="LATEST")
    with pytest.raises(missing):
        kinesis.list_shards(StreamName="nowhere")
    # Whether a stream of another account exists is told to nobody who may not use it, as on AWS.
    with pytest.raises(ClientError, match="AccessDeniedException"):
        kinesis.describe_stream(StreamARN="arn:aws:kinesis:us-east-1:999999999999:stream/elsewhere")


def test_a_name_in_use(kinesis, stream):
    with pytest.raises(kinesis.exceptions.ResourceInUseException, match=stream):
        kinesis.create_stream(StreamName=stream, ShardCount=1)


def test_name_and_arn_must_agree(kinesis, stream):
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.describe_stream(StreamName="other", StreamARN=arn)


def test_a_provisioned_stream_needs_a_shard_count(kinesis, new_name):
    with pytest.raises(ClientError, match="ValidationException|InvalidArgumentException"):
        kinesis.create_stream(StreamName=new_name())


def test_too_many_shards(kinesis, new_name):
    with pytest.raises(ClientError, match="LimitExceededException"):
        kinesis.create_stream(StreamName=new_name(), ShardCount=100_000)


def test_nothing_refused_leaves_a_trace(kinesis, stream):
    """After all that was refused, the stream still takes and gives."""
    put = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    token = kinesis.get_shard_iterator(StreamName=stream, ShardId=put["ShardId"],
                                       ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert len(kinesis.get_records(ShardIterator=token)["Records"]) == 1
