"""Channels: on-demand streams into a folder that is laid out as S3 lays out a bucket."""

import base64
import json
import re
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from harness import eventually
from objects import bucket_files, delivered, delivered_lines

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/channel"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def on_demand(kinesis, name):
    """Creates an on-demand stream; its ARN."""
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def request(name, bucket, streams, record_format="JSON", compression="NONE", freshness=1, dead=None, **storage):
    destination = {
        "StorageConfiguration": {
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "ExpectedBucketOwner": ACCOUNT,
            "CompressionType": compression,
            **storage,
        },
        "DataFreshnessInSeconds": freshness,
    }
    if dead:
        destination["DeadLetterQueueS3Configuration"] = dead
    return {
        "ChannelName": name,
        "ServiceExecutionRoleARN": ROLE,
        "StreamConfigurationList": [
            {"StreamARN": arn, "RecordConfiguration": {"RecordFormatType": record_format}} for arn in streams
        ],
        "S3DestinationConfiguration": destination,
    }


def create(kinesis, *arguments, **options):
    """Creates a channel and waits until it is ACTIVE; its ARN."""
    arn = kinesis.create_channel(**request(*arguments, **options))["ChannelDescription"]["ChannelARN"]
    kinesis.get_waiter("channel_active").wait(ChannelARN=arn)
    return arn


def put(kinesis, stream, datas):
    records = [{"Data": data, "PartitionKey": str(n)} for n, data in enumerate(datas)]
    assert kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"] == 0


def keys(server, bucket):
    root = server.data_dir / "buckets" / bucket
    return [path.relative_to(root).as_posix() for path in bucket_files(server, bucket)]


@pytest.mark.parametrize("compression, ending", [("NONE", ""), ("GZIP", ".gz"), ("ZSTD", ".zst")])
def test_records_become_objects(shared, kinesis, new_name, compression, ending):
    name, stream, bucket = new_name("channel"), new_name("source"), new_name("bucket")
    create(kinesis, name, bucket, [on_demand(kinesis, stream)], compression=compression)
    values = [{"n": n, "text": "x" * 50} for n in range(200)]
    started = time.monotonic()
    put(kinesis, stream, [json.dumps(value).encode() for value in values])

    def lines():
        if compression != "ZSTD":
            return delivered_lines(shared, bucket)
        packed = b"".join(path.read_bytes() for path in bucket_files(shared, bucket))
        return subprocess.run(["zstd", "-dc"], input=packed, capture_output=True, check=True).stdout.splitlines()

    eventually(lambda: len(lines()) >= 200)
    assert time.monotonic() - started < 10
    assert sorted((json.loads(line) for line in lines()), key=lambda value: value["n"]) == values
    for key in keys(shared, bucket):
        assert re.fullmatch(rf"{name}/{stream}/\d{{4}}/\d\d/\d\d/\d\d/{UUID}{re.escape(ending)}", key), key


def test_several_streams_and_a_template(shared, kinesis, new_name):
    name, bucket = new_name("channel"), new_name("bucket")
    streams = [new_name("source") for _ in range(2)]
    arns = [on_demand(kinesis, stream) for stream in streams]
    template = "raw/stream=!{stream:name}/year=!{timestamp:yyyy}/part-!{random:uuid}.txt"
    create(kinesis, name, bucket, arns, record_format="STRING", OutputKeyTemplate=template)
    for stream in streams:
        put(kinesis, stream, [f"of {stream}".encode()])
    eventually(lambda: len(keys(shared, bucket)) == 2)
    for stream in streams:
        folder = shared.data_dir / "buckets" / bucket / "raw" / f"stream={stream}" / time.strftime("year=%Y", time.gmtime())
        file, = folder.iterdir()
        assert re.fullmatch(rf"part-{UUID}\.txt", file.name)
        assert file.read_bytes() == f"of {stream}\n".encode()


def test_bytes_follow_their_length(shared, kinesis, new_name):
    name, stream, bucket = new_name("channel"), new_name("source"), new_name("bucket")
    create(kinesis, name, bucket, [on_demand(kinesis, stream)], record_format="BYTE_ARRAY")
    kinesis.put_record(StreamName=stream, Data=b"\n\xff\x00", PartitionKey="k")
    kinesis.put_record(StreamName=stream, Data=b"second", PartitionKey="k")
    eventually(lambda: delivered(shared, bucket) == b"\0\0\0\x03\n\xff\x00" + b"\0\0\0\x06second")


def test_what_is_not_json_becomes_a_dead_letter(shared, kinesis, new_name):
    name, stream, bucket, graves = new_name("channel"), new_name("source"), new_name("bucket"), new_name("graves")
    dead = {"BucketARN": f"arn:aws:s3:::{graves}", "ExpectedBucketOwner": ACCOUNT, "ErrorOutputPrefix": "bad/"}
    arn = on_demand(kinesis, stream)
    create(kinesis, name, bucket, [arn], dead=dead)
    put(kinesis, stream, [b"{\n}", b"{broken"])
    letters = eventually(lambda: delivered_lines(shared, graves))
    letter = json.loads(letters[0])
    assert base64.b64decode(letter["rawData"]) == b"{broken"
    assert (letter["errorCode"], letter["streamARN"]) == ("InvalidJson", arn)
    assert keys(shared, graves)[0].startswith(f"bad/{name}/{stream}/")
    eventually(lambda: delivered_lines(shared, bucket) == [b"{ }"])


def test_a_crash_loses_nothing(server):
    kinesis = server.client("kinesis")
    create(kinesis, "c", "bucket", [on_demand(kinesis, "s")], record_format="STRING", freshness=2)
    lines = [b"%d" % n for n in range(150)]
    put(kinesis, "s", lines[:50])
    server.kill9()
    server.restart()
    put(kinesis, "s", lines[50:100])
    eventually(lambda: set(delivered_lines(server, "bucket")) == set(lines[:100]))
    put(kinesis, "s", lines[100:])
    server.kill9()
    server.restart()
    eventually(lambda: set(delivered_lines(server, "bucket")) == set(lines))
    assert server.sigterm() == 0
    before = sorted(delivered_lines(server, "bucket"))
    server.restart()
    time.sleep(3)
    assert sorted(delivered_lines(server, "bucket")) == before, "what was delivered is not delivered again"


def test_a_new_freshness_holds_at_once(shared, kinesis, new_name):
    name, stream, bucket = new_name("channel"), new_name("source"), new_name("bucket")
    arn = create(kinesis, name, bucket, [on_demand(kinesis, stream)], record_format="STRING", freshness=900)
    kinesis.put_record(StreamName=stream, Data=b"waiting", PartitionKey="k")
    time.sleep(2)
    assert keys(shared, bucket) == []
    logs = {"CloudWatchLogs": {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}}
    updated = kinesis.update_channel(
        ChannelARN=arn, S3DestinationConfiguration={"DataFreshnessInSeconds": 3}, LoggingConfiguration=logs
    )["ChannelDescription"]
    assert updated["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 3
    assert updated["LoggingConfiguration"] == logs
    eventually(lambda: delivered_lines(shared, bucket) == [b"waiting"])
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.update_channel(ChannelARN=arn)


def test_described_listed_tagged_and_deleted(server):
    kinesis = server.client("kinesis")
    streams = {name: on_demand(kinesis, name) for name in ("a", "b")}
    arn = create(kinesis, "one", "bucket", [streams["a"]], StorageClass="GLACIER_IR")
    create(kinesis, "two", "bucket", streams.values())
    described = kinesis.describe_channel(ChannelARN=arn)["ChannelDescription"]
    assert (described["ChannelName"], described["ChannelStatus"]) == ("one", "ACTIVE")
    assert described["ChannelARN"] == f"arn:aws:kinesis:us-east-1:{ACCOUNT}:channel/one"
    assert described["LoggingConfiguration"] == {"CloudWatchLogs": {"Enabled": False}}
    assert described["S3DestinationConfiguration"]["StorageConfiguration"]["StorageClass"] == "GLACIER_IR"
    assert described["S3DestinationConfiguration"]["DeadLetterQueueS3Configuration"]["ErrorOutputPrefix"] == "errors/"
    summary = kinesis.describe_stream_summary(StreamName="a")["StreamDescriptionSummary"]
    assert summary["ChannelCount"] == 2
    assert described["StreamConfigurationList"][0]["StreamCreationTimestamp"] == summary["StreamCreationTimestamp"]
    assert kinesis.describe_limits()["ChannelCount"] == 2

    def names(**options):
        return [channel["ChannelName"] for channel in kinesis.list_channels(**options)["ChannelSummaries"]]

    assert names() == ["one", "two"]
    assert names(StreamFilter=[{"StreamARN": streams["b"]}]) == ["two"]
    assert names(StreamFilter=[{"StreamARN": streams["b"], "StreamCreationTimestamp": 1}]) == []
    page = kinesis.list_channels(MaxResults=1)
    assert names(NextToken=page["NextToken"]) == ["two"]
    kinesis.tag_resource(ResourceARN=arn, Tags={"team": "data", "x": "y"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["x"])
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "data"}]

    with pytest.raises(ClientError, match="ResourceInUseException"):
        kinesis.delete_stream(StreamName="a", EnforceConsumerDeletion=True)
    with pytest.raises(ClientError, match="ResourceInUseException"):
        kinesis.update_stream_mode(StreamARN=streams["a"], StreamModeDetails={"StreamMode": "PROVISIONED"})
    server.kill9()
    server.restart()
    assert names() == ["one", "two"], "they survive a crash"
    for name in names():
        kinesis.delete_channel(ChannelARN=f"arn:aws:kinesis:us-east-1:{ACCOUNT}:channel/{name}")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        kinesis.describe_channel(ChannelARN=arn)
    kinesis.delete_stream(StreamName="a")


def test_what_is_not_served_is_refused(kinesis, stream, new_name):
    arn = on_demand(kinesis, new_name("source"))
    provisioned = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    tables = {
        "S3TablesConfigurationList": [{
            "TableBucketARN": f"arn:aws:s3tables:us-east-1:{ACCOUNT}:bucket/lake",
            "Namespace": "n", "TableName": "t", "CompressionType": "NONE",
        }],
        "DeadLetterQueueS3Configuration": {"BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": ACCOUNT},
    }
    base = request(new_name("channel"), "bucket", [arn])
    without = {key: value for key, value in base.items() if key != "S3DestinationConfiguration"}
    for code, refused in [
        ("InvalidArgumentException", without),
        ("InvalidArgumentException", {**without, "S3TablesDestinationConfiguration": tables}),
        ("InvalidArgumentException", {**base, "S3TablesDestinationConfiguration": tables}),
        ("InvalidArgumentException", request("c", "bucket", [arn], record_format="GSR_JSON")),
        ("InvalidArgumentException", request("c", "bucket", [provisioned])),
        ("InvalidArgumentException", request("c", "bucket", [arn], OutputKeyTemplate="!{no:thing}")),
        ("InvalidArgumentException", {**base, "EncryptionConfiguration": {"EncryptionType": "KMS", "KeyId": "k"}}),
        ("ResourceNotFoundException", request("c", "bucket", [arn + "-gone"])),
        ("ValidationException", request("no name", "bucket", [arn])),
    ]:
        with pytest.raises(ClientError, match=code):
            kinesis.create_channel(**refused)
