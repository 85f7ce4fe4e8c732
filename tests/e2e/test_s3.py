"""Firehose to S3's own protocol: an S3 server that knows nothing of us checks our requests and their signatures."""

import gzip
import os
import random
import shutil
import socket
import subprocess

import boto3
import pytest
from botocore.config import Config

from harness import eventually
from objects import KEY, create

KEY_ID, SECRET = "AKIDS3TEST", "s3-secret-for-the-test"


class S3Server:
    """`s3s-fs` on a port of its own."""

    def __init__(self, program, root):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.program, self.root, self.process = program, root, None
        self.endpoint = f"http://127.0.0.1:{self.port}"
        root.mkdir()
        self.client = boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id=KEY_ID,
                                   aws_secret_access_key=SECRET, config=Config(s3={"addressing_style": "path"}))

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--host", "127.0.0.1", "--port", str(self.port), "--access-key", KEY_ID, "--secret-key",
             SECRET, str(self.root)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers)

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def objects(self, bucket):
        listed = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {entry["Key"]: self.client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                for entry in listed}


@pytest.fixture
def s3(tmp_path):
    program = os.environ.get("THALWEG_S3_SERVER") or shutil.which("s3s-fs")
    assert program, "THALWEG_S3_SERVER must name s3s-fs; `cargo xtask test` builds it"
    server = S3Server(program, tmp_path / "s3")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(make_server, s3, tmp_path):
    config = tmp_path / "thalweg.toml"
    config.write_text(f"""
[buckets]
kind = "s3"
endpoint = "{s3.endpoint}"
region = "us-east-1"
allow_http = true
access_key_id = "{KEY_ID}"
secret_access_key = "{SECRET}"
""")
    return make_server(arguments=["--config", str(config)])


def test_records_become_objects(server, s3):
    s3.client.create_bucket(Bucket="landing")
    firehose = server.client("firehose")
    create(firehose, "d", "landing", compression="GZIP")
    lines = [b"line %d\n" % n for n in range(100)]
    firehose.put_record_batch(DeliveryStreamName="d", Records=[{"Data": line} for line in lines])
    eventually(lambda: b"".join(gzip.decompress(body) for body in s3.objects("landing").values()) == b"".join(lines))
    for key in s3.objects("landing"):
        assert KEY.fullmatch(key)["extension"] == ".gz"
    assert not (server.data_dir / "buckets").exists()


def test_a_large_object_arrives_whole(server, s3):
    """Larger than one part of a multipart upload."""
    s3.client.create_bucket(Bucket="landing")
    firehose = server.client("firehose")
    create(firehose, "d", "landing", interval=5, size=64)
    data = [random.Random(n).randbytes(1_000_000) for n in range(24)]
    for start in range(0, len(data), 4):
        firehose.put_record_batch(DeliveryStreamName="d", Records=[{"Data": d} for d in data[start:start + 4]])
    eventually(lambda: sum(len(body) for body in s3.objects("landing").values()) >= 24_000_000, seconds=30)
    assert b"".join(body for _, body in sorted(s3.objects("landing").items())) == b"".join(data)


def test_an_outage_delays_and_loses_nothing(server, s3):
    s3.client.create_bucket(Bucket="landing")
    firehose = server.client("firehose")
    create(firehose, "d", "landing")
    s3.stop()
    firehose.put_record(DeliveryStreamName="d", Record={"Data": b"during the outage\n"})
    server.kill9()
    server.restart()
    firehose.put_record(DeliveryStreamName="d", Record={"Data": b"after the crash\n"})
    s3.start()

    def arrived():
        lines = b"".join(s3.objects("landing").values()).splitlines()
        return {b"during the outage", b"after the crash"} <= set(lines)

    eventually(arrived, seconds=60)
