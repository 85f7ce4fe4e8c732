"""Firehose into a folder that is laid out as S3 lays out a bucket."""

import random
import time

import pytest
from botocore.exceptions import ClientError

from harness import eventually
from objects import KEY, bucket_files, content, create, delivered, delivered_lines, destination, status


@pytest.fixture
def firehose(shared):
    return shared.client("firehose")


def test_direct_puts_arrive(shared, firehose, new_name):
    name, bucket = new_name("direct"), new_name("bucket")
    create(firehose, name, bucket)
    lines = [f"line {n}\n".encode() for n in range(30)]
    ids = {firehose.put_record(DeliveryStreamName=name, Record={"Data": line})["RecordId"] for line in lines[:10]}
    batch = firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": line} for line in lines[10:]])
    assert batch["FailedPutCount"] == 0
    ids |= {entry["RecordId"] for entry in batch["RequestResponses"]}
    assert len(ids) == 30
    eventually(lambda: sorted(delivered_lines(shared, bucket)) == sorted(line.strip() for line in lines))
    for path in bucket_files(shared, bucket):
        key = path.relative_to(shared.data_dir / "buckets" / bucket).as_posix()
        match = KEY.fullmatch(key)
        assert match and match["name"] == name and not match["extension"], key
        # Under the hour of the oldest record, in UTC.
        assert key[:13] in {time.strftime("%Y/%m/%d/%H", time.gmtime(time.time() - back)) for back in (0, 60)}


def test_gzip(shared, firehose, new_name):
    name, bucket = new_name("gzip"), new_name("bucket")
    create(firehose, name, bucket, compression="GZIP")
    data = b"".join(b"compressible %d\n" % n for n in range(1000))
    firehose.put_record(DeliveryStreamName=name, Record={"Data": data})
    eventually(lambda: delivered(shared, bucket) == data)
    path, = bucket_files(shared, bucket)
    assert path.name.endswith(".gz") and path.stat().st_size < len(data) / 3


def test_records_are_not_separated_unless_they_are(shared, firehose, new_name):
    name, bucket = new_name("bare"), new_name("bucket")
    create(firehose, name, bucket)
    records = [{"Data": data} for data in (b"a", b"", b"\x00\xff", b"z")]
    firehose.put_record_batch(DeliveryStreamName=name, Records=records)
    eventually(lambda: delivered(shared, bucket) == b"a\x00\xffz")


def test_size_fills_a_buffer_before_its_time(shared, firehose, new_name):
    name, bucket = new_name("size"), new_name("bucket")
    create(firehose, name, bucket, interval=900, size=1)
    for n in range(3):
        data = random.Random(n).randbytes(500_000)
        firehose.put_record(DeliveryStreamName=name, Record={"Data": data})
    files = eventually(lambda: bucket_files(shared, bucket))
    assert len(content(files[0])) >= 1 << 20


def test_time_empties_a_buffer_before_its_size(shared, firehose, new_name):
    name, bucket = new_name("time"), new_name("bucket")
    create(firehose, name, bucket, interval=3, size=64)
    started = time.monotonic()
    firehose.put_record(DeliveryStreamName=name, Record={"Data": b"one"})
    time.sleep(1.5)
    assert bucket_files(shared, bucket) == []
    firehose.put_record(DeliveryStreamName=name, Record={"Data": b"two"})
    eventually(lambda: delivered(shared, bucket) == b"onetwo")
    assert 2 <= time.monotonic() - started < 10
    assert len(bucket_files(shared, bucket)) == 1, "one buffer is one object"


def test_a_stream_is_a_source(shared, kinesis, firehose, stream, new_name):
    name, bucket = new_name("sourced"), new_name("bucket")
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    create(firehose, name, bucket, source_arn=arn, compression="GZIP")
    lines = [b"row %d\n" % n for n in range(400)]
    kinesis.put_records(StreamName=stream, Records=[{"Data": d, "PartitionKey": str(n)} for n, d in enumerate(lines)])
    eventually(lambda: len(delivered_lines(shared, bucket)) >= 400)
    assert sorted(delivered_lines(shared, bucket)) == sorted(line.strip() for line in lines)
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        firehose.put_record(DeliveryStreamName=name, Record={"Data": b"not by this door"})
    described = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    assert described["DeliveryStreamType"] == "KinesisStreamAsSource"
    assert described["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"] == arn


@pytest.mark.parametrize("from_stream", [False, True], ids=["direct-put", "stream"])
def test_a_crash_before_the_flush_loses_nothing(server, from_stream):
    firehose, kinesis = server.client("firehose"), server.client("kinesis")
    arn = None
    if from_stream:
        kinesis.create_stream(StreamName="s", ShardCount=2)
        arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    create(firehose, "d", "bucket", source_arn=arn, interval=3)
    lines = [b"%d\n" % n for n in range(100)]

    def put(some):
        if from_stream:
            kinesis.put_records(StreamName="s", Records=[{"Data": d, "PartitionKey": repr(d)} for d in some])
        else:
            firehose.put_record_batch(DeliveryStreamName="d", Records=[{"Data": d} for d in some])

    put(lines[:50])
    server.kill9()
    server.restart()
    put(lines[50:])
    server.kill9()
    assert delivered(server, "bucket") == b""
    server.restart()
    wanted = {line.strip() for line in lines}
    eventually(lambda: set(delivered_lines(server, "bucket")) == wanted)


def test_a_crash_at_any_moment_loses_nothing(server):
    """Kills fall on puts, on flushes and between; what was acknowledged arrives, some of it perhaps twice."""
    firehose = server.client("firehose")
    create(firehose, "d", "bucket", interval=1)
    rng, acknowledged = random.Random(5), []
    for round_number in range(4):
        deadline = time.monotonic() + rng.uniform(0.5, 2.0)
        while time.monotonic() < deadline:
            lines = [b"%d %d\n" % (round_number, len(acknowledged) + n) for n in range(20)]
            firehose.put_record_batch(DeliveryStreamName="d", Records=[{"Data": line} for line in lines])
            acknowledged += lines
        server.kill9()
        server.restart()
    wanted = {line.strip() for line in acknowledged}
    eventually(lambda: set(delivered_lines(server, "bucket")) == wanted)


def test_a_graceful_stop_flushes(server):
    firehose = server.client("firehose")
    create(firehose, "d", "bucket", interval=900, size=64)
    firehose.put_record(DeliveryStreamName="d", Record={"Data": b"waiting\n"})
    assert server.sigterm() == 0
    assert delivered(server, "bucket") == b"waiting\n"
    server.restart()
    time.sleep(1)
    assert delivered(server, "bucket") == b"waiting\n", "what was delivered is not delivered again"


def test_described_as_it_was_made(firehose, new_name):
    name = new_name("described")
    arn = create(firehose, name, "some-bucket", interval=60, size=5, compression="GZIP")
    described = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    assert described["DeliveryStreamARN"] == arn
    assert arn.startswith("arn:aws:firehose:") and arn.endswith(f":deliverystream/{name}")
    assert described["DeliveryStreamType"] == "DirectPut" and described["VersionId"] == "1"
    assert described["HasMoreDestinations"] is False and described["CreateTimestamp"]
    target, = described["Destinations"]
    assert target["DestinationId"] == "destinationId-000000000001"
    s3 = target["ExtendedS3DestinationDescription"]
    assert s3["BucketARN"] == "arn:aws:s3:::some-bucket"
    assert s3["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 60}
    assert s3["CompressionFormat"] == "GZIP"
    assert s3["EncryptionConfiguration"] == {"NoEncryptionConfig": "NoEncryption"}


def test_listed_by_page_and_type(server):
    firehose = server.client("firehose")
    names = sorted(f"d{n:02d}" for n in range(12))
    for name in names:
        firehose.create_delivery_stream(DeliveryStreamName=name, DeliveryStreamType="DirectPut",
                                        ExtendedS3DestinationConfiguration=destination("b"))
    first = firehose.list_delivery_streams()
    assert first["DeliveryStreamNames"] == names[:10] and first["HasMoreDeliveryStreams"] is True
    rest = firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName=names[9])
    assert rest["DeliveryStreamNames"] == names[10:] and rest["HasMoreDeliveryStreams"] is False
    assert firehose.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")["DeliveryStreamNames"] == []
    server.kill9()
    server.restart()
    assert firehose.list_delivery_streams(Limit=100)["DeliveryStreamNames"] == names


def test_a_deleted_delivery_stream_is_gone(firehose, new_name):
    name = new_name("gone")
    create(firehose, name, "bucket")
    firehose.delete_delivery_stream(DeliveryStreamName=name)

    def gone():
        try:
            status(firehose, name)
        except firehose.exceptions.ResourceNotFoundException:
            return True

    eventually(gone)
    with pytest.raises(firehose.exceptions.ResourceNotFoundException):
        firehose.put_record(DeliveryStreamName=name, Record={"Data": b"x"})
    with pytest.raises(firehose.exceptions.ResourceNotFoundException):
        firehose.delete_delivery_stream(DeliveryStreamName=name)


def test_what_is_refused(firehose, new_name):
    name = new_name("refused")
    create(firehose, name, "bucket")

    def check(expected, **request):
        with pytest.raises(ClientError, match=expected):
            firehose.create_delivery_stream(**{
                "DeliveryStreamName": new_name("bad"),
                "ExtendedS3DestinationConfiguration": destination("bucket"),
                **request,
            })

    check("ResourceInUseException", DeliveryStreamName=name)
    check("InvalidArgumentException", DeliveryStreamType="KinesisStreamAsSource")
    check("InvalidArgumentException", DeliveryStreamType="KinesisStreamAsSource", KinesisStreamSourceConfiguration={
        "KinesisStreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/nowhere",
        "RoleARN": "arn:aws:iam::000000000000:role/r"})
    check("ValidationException|InvalidArgumentException",
          ExtendedS3DestinationConfiguration=destination("bucket", interval=901))
    check("InvalidArgumentException",
          ExtendedS3DestinationConfiguration=destination("bucket", Prefix="!{nonsense:x}/", ErrorOutputPrefix="e/"))
    with pytest.raises(ClientError, match="InvalidArgumentException|ValidationException"):
        firehose.put_record(DeliveryStreamName=name, Record={"Data": bytes(1_024_001)})
    with pytest.raises(ClientError, match="InvalidArgumentException|ValidationException"):
        firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": bytes(1_000_000)}] * 5)
    with pytest.raises(firehose.exceptions.ResourceNotFoundException):
        firehose.put_record(DeliveryStreamName="nowhere", Record={"Data": b"x"})


def test_a_prefix_shapes_the_key(shared, firehose, new_name):
    name, bucket = new_name("prefixed"), new_name("bucket")
    create(firehose, name, bucket, Prefix="year=!{timestamp:yyyy}/", ErrorOutputPrefix="errors/!{firehose:error-output-type}/")
    firehose.put_record(DeliveryStreamName=name, Record={"Data": b"x"})
    path, = eventually(lambda: bucket_files(shared, bucket))
    assert path.parent.name == time.strftime("year=%Y", time.gmtime())
