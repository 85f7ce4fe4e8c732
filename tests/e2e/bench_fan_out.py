"""Twenty subscribers of one busy shard: time from put to event, and what the server spends on it.

THALWEG_BIN=target/release/thalweg python tests/e2e/bench_fan_out.py [subscribers] [seconds] [bytes per second | 0: full speed]

Each record's partition key is the time of its put, so a reader learns the delay without decoding the payload. Readers
are processes of their own and look at frames, not at records: a client in Python must not be what is measured.
"""

import multiprocessing
import os
import re
import struct
import sys
import tempfile
import time
from pathlib import Path

import boto3
from botocore.config import Config

from harness import Server

RECORD_BYTES = 1024
PROCESSES = 4
KEY = re.compile(rb'"PartitionKey":"(\d+)"')


def client(endpoint, credentials):
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60, max_pool_connections=64),
    )


def frames(raw):
    """The payload bytes of each frame; headers are cheap enough to be looked through with them."""
    buffer = bytearray()
    for chunk in raw.stream(256 << 10):
        buffer += chunk
        while len(buffer) >= 4:
            (total,) = struct.unpack_from(">I", buffer)
            if len(buffer) < total:
                break
            yield bytes(buffer[:total])
            del buffer[:total]


def read(endpoint, credentials, arns, ready, until, out):
    import threading

    kinesis = client(endpoint, credentials)

    def one(arn):
        answer = kinesis.subscribe_to_shard(
            ConsumerARN=arn, ShardId="shardId-000000000000", StartingPosition={"Type": "LATEST"}
        )
        ready.release()
        delays, records, events = [], 0, 0
        for frame in frames(answer["EventStream"]._raw_stream):
            now = time.time_ns()
            keys = KEY.findall(frame)
            if keys:
                events += 1
                records += len(keys)
                delays.append((now - int(keys[-1])) / 1e6)
                if until.value and records >= until.value:
                    break
        out.put((records, events, delays))

    threads = [threading.Thread(target=one, args=(arn,)) for arn in arns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main(subscribers=20, seconds=8, rate=1_000_000):
    folder = tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR"))
    server = Server(os.environ["THALWEG_BIN"], Path(folder.name) / "data").start()
    kinesis = client(server.endpoint, server.credentials)
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    register = lambda i: kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i}")["Consumer"]["ConsumerARN"]
    arns = [register(i) for i in range(subscribers)]
    ready, out = multiprocessing.Semaphore(0), multiprocessing.Queue()
    until = multiprocessing.Value("q", 0)
    groups = [group for group in (arns[i::PROCESSES] for i in range(PROCESSES)) if group]
    readers = [
        multiprocessing.Process(target=read, args=(server.endpoint, server.credentials, group, ready, until, out))
        for group in groups
    ]
    for reader in readers:
        reader.start()
    for _ in arns:
        assert ready.acquire(timeout=30)
    per_call = 500 if rate == 0 else max(1, min(500, rate // RECORD_BYTES // 50))
    payload, sent = os.urandom(RECORD_BYTES), 0
    before, started = processor_seconds(server.process.pid), time.monotonic()
    while time.monotonic() - started < seconds:
        key = str(time.time_ns())
        kinesis.put_records(StreamName="s", Records=[{"Data": payload, "PartitionKey": key}] * per_call)
        sent += per_call
        if rate:
            time.sleep(max(0, started + sent * RECORD_BYTES / rate - time.monotonic()))
    put_seconds = time.monotonic() - started
    # Readers may be behind by now; one more record wakes those that are not.
    until.value = sent + 1
    kinesis.put_records(StreamName="s", Records=[{"Data": b"end", "PartitionKey": str(time.time_ns())}])
    results = [out.get(timeout=120) for _ in arns]
    elapsed = time.monotonic() - started
    spent = processor_seconds(server.process.pid) - before
    for reader in readers:
        reader.join()
    server.stop()
    folder.cleanup()
    delays = [delay for _, _, found in results for delay in found]
    events = sum(found for _, found, _ in results)
    assert all(records == sent + 1 for records, _, _ in results)
    megabytes = sent * RECORD_BYTES / 1e6
    print(f"put            {megabytes / put_seconds:8.2f} MB/s  {per_call} x {RECORD_BYTES} B a call, one client")
    print(f"delivered      {megabytes * subscribers / elapsed:8.2f} MB/s  to {subscribers} subscribers, {events} events")
    print(f"delay p50      {percentile(delays, 0.5):8.2f} ms    put called until frame read")
    print(f"delay p99      {percentile(delays, 0.99):8.2f} ms")
    print(f"server         {spent:8.2f} s     of processor in {elapsed:.1f} s, puts included")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
