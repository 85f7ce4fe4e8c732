"""The AWS CLI, unmodified, as a user types it after pasting the export lines."""

import base64
import json
import time


def data_of(record):
    return base64.b64decode(record["Data"])


def test_kinesis_from_the_shell(server):
    aws = server.aws
    aws("kinesis", "create-stream", "--stream-name", "shell", "--shard-count", "4")
    aws("kinesis", "wait", "stream-exists", "--stream-name", "shell")
    assert aws("kinesis", "list-streams")["StreamNames"] == ["shell"]
    summary = aws("kinesis", "describe-stream-summary", "--stream-name", "shell")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 4
    assert len(aws("kinesis", "list-shards", "--stream-name", "shell")["Shards"]) == 4

    put = aws("kinesis", "put-record", "--stream-name", "shell", "--partition-key", "k", "--data", "hello",
              "--cli-binary-format", "raw-in-base64-out", check=False)
    if put.returncode != 0:
        # Version 1 of the CLI takes raw text without being told.
        put = aws("kinesis", "put-record", "--stream-name", "shell", "--partition-key", "k", "--data", "hello",
                  check=False)
    assert put.returncode == 0, put.stderr
    shard = json.loads(put.stdout)["ShardId"]
    token = aws("kinesis", "get-shard-iterator", "--stream-name", "shell", "--shard-id", shard,
                "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    record, = aws("kinesis", "get-records", "--shard-iterator", token)["Records"]
    assert data_of(record) == b"hello"
    number = record["SequenceNumber"]

    records = json.dumps([{"Data": base64.b64encode(b"batch").decode(), "PartitionKey": "k"}])
    aws("kinesis", "put-records", "--stream-name", "shell", "--records", records)
    for kind, more, expected in (
        ("AT_SEQUENCE_NUMBER", ["--starting-sequence-number", number], 2),
        ("AFTER_SEQUENCE_NUMBER", ["--starting-sequence-number", number], 1),
        ("AT_TIMESTAMP", ["--timestamp", str(int(time.time()) - 3600)], 2),
        ("LATEST", [], 0),
    ):
        token = aws("kinesis", "get-shard-iterator", "--stream-name", "shell", "--shard-id", shard,
                    "--shard-iterator-type", kind, *more)["ShardIterator"]
        assert len(aws("kinesis", "get-records", "--shard-iterator", token)["Records"]) == expected, kind

    aws("kinesis", "delete-stream", "--stream-name", "shell")
    aws("kinesis", "wait", "stream-not-exists", "--stream-name", "shell")
    missing = aws("kinesis", "describe-stream", "--stream-name", "shell", check=False)
    assert missing.returncode != 0
    assert "ResourceNotFoundException" in missing.stderr


def test_firehose_from_the_shell(server):
    aws = server.aws
    config = {"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::b",
              "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 1}}
    aws("firehose", "create-delivery-stream", "--delivery-stream-name", "d",
        "--extended-s3-destination-configuration", json.dumps(config))
    assert aws("firehose", "list-delivery-streams")["DeliveryStreamNames"] == ["d"]
    record = json.dumps({"Data": base64.b64encode(b"x").decode()})
    assert aws("firehose", "put-record", "--delivery-stream-name", "d", "--record", record)["RecordId"]
    described = aws("firehose", "describe-delivery-stream", "--delivery-stream-name", "d")
    assert described["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE"
    aws("firehose", "delete-delivery-stream", "--delivery-stream-name", "d")


def test_analytics_from_the_shell(server):
    assert server.aws("kinesisanalyticsv2", "list-applications")["ApplicationSummaries"] == []


def test_wrong_credentials_from_the_shell(server):
    server.credentials["AWS_SECRET_ACCESS_KEY"] = "wrong"
    refused = server.aws("kinesis", "list-streams", check=False)
    assert refused.returncode != 0
    assert "InvalidSignatureException" in refused.stderr
