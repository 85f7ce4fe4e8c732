"""Delivered objects in a bucket that is a folder, and the delivery streams that write them."""

import gzip
import re

from harness import eventually

ROLE = "arn:aws:iam::000000000000:role/firehose"
KEY = re.compile(r"\d{4}/\d{2}/\d{2}/\d{2}/(?P<name>[A-Za-z0-9_.-]+)-1-\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2}-"
                 r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?P<extension>\.gz)?")


def destination(bucket, interval=1, size=1, compression="UNCOMPRESSED", **more):
    return {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "BufferingHints": {"IntervalInSeconds": interval, "SizeInMBs": size},
        "CompressionFormat": compression,
        **more,
    }


def create(firehose, name, bucket, source_arn=None, **options):
    """Creates a delivery stream and waits until it is ACTIVE."""
    source = {"DeliveryStreamType": "DirectPut"}
    if source_arn:
        source = {"DeliveryStreamType": "KinesisStreamAsSource",
                  "KinesisStreamSourceConfiguration": {"KinesisStreamARN": source_arn, "RoleARN": ROLE}}
    answer = firehose.create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination(bucket, **options), **source
    )
    eventually(lambda: status(firehose, name) == "ACTIVE")
    return answer["DeliveryStreamARN"]


def status(firehose, name):
    return firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"][
        "DeliveryStreamStatus"]


def bucket_files(server, bucket):
    """The bucket's objects as files, oldest key first; half-written ones are not objects."""
    root = server.data_dir / "buckets" / bucket
    return sorted(path for path in root.rglob("*") if path.is_file() and "#" not in path.name)


def content(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.name.endswith(".gz") else data


def delivered(server, bucket):
    return b"".join(content(path) for path in bucket_files(server, bucket))


def delivered_lines(server, bucket):
    return delivered(server, bucket).splitlines()
