"""KCL for Python: the MultiLangDaemon of the Java library runs a Python program for each shard, through a split."""

import collections
import os
import pathlib
import subprocess
import sys
import time

import boto3

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))
import report

STREAM, KEYS, RECORDS = "kclpy", 6, 300
WAIT_SECONDS = 90
SCRATCH = pathlib.Path(os.environ["THALWEG_SCRATCH"])
PROCESSED = SCRATCH / "processed"
LOG = SCRATCH / "daemon.log"
PACKAGE = next(pathlib.Path(os.environ["KCL_PYTHON_PACKAGE"]).glob("amazon_kclpy-*/"))

kinesis = boto3.client("kinesis", endpoint_url=os.environ["THALWEG_ENDPOINT"])


def daemon():
    """The daemon as its own helper would start it; the endpoint of all three services comes by the environment."""
    properties = SCRATCH / "kcl.properties"
    properties.write_text(
        f"""executableName = {sys.executable} -B {pathlib.Path(__file__).parent / "processor.py"} {PROCESSED}
streamName = {STREAM}
applicationName = kclpy
AwsCredentialsProvider = DefaultCredentialsProvider
initialPositionInStream = TRIM_HORIZON
regionName = {os.environ["AWS_REGION"]}
failoverTimeMillis = 3000
shardSyncIntervalMillis = 2000
idleTimeBetweenReadsInMillis = 250
parentShardPollIntervalMillis = 500
retrievalMode = POLLING
workerMetricsReporterFreqInMillis = 1000
"""
    )
    java = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", os.environ["KCL_CLASSPATH"]]
    environment = {**os.environ, "AWS_ENDPOINT_URL": os.environ["THALWEG_ENDPOINT"], "PYTHONPATH": str(PACKAGE)}
    return subprocess.Popen(
        [*java, "software.amazon.kinesis.multilang.MultiLangDaemon", "--properties-file", str(properties)],
        env=environment, stdout=LOG.open("wb"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )


def put(first, last):
    for number in range(first, last):
        key = f"key-{number % KEYS}"
        kinesis.put_record(StreamName=STREAM, PartitionKey=key, Data=f"{key} {number // KEYS}".encode())


def processed():
    return [line.split() for line in PROCESSED.read_text().splitlines()]


def until(what, holds, worker):
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert worker.poll() is None, f"the daemon ended with {worker.returncode}"
        assert time.monotonic() < deadline, f"not within {WAIT_SECONDS} s: {what}; {len(processed())} processed"
        time.sleep(0.2)


def distinct():
    return len({(line[2], line[3]) for line in processed()})


def through_a_split():
    PROCESSED.touch()
    kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
    put(0, RECORDS // 2)
    worker = daemon()
    try:
        until("the first half is processed", lambda: distinct() >= RECORDS // 2, worker)
        kinesis.split_shard(StreamName=STREAM, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
        kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
        put(RECORDS // 2, RECORDS)
        until("the second half is processed", lambda: distinct() >= RECORDS, worker)
    except AssertionError:
        print("\n".join(LOG.read_text(errors="replace").splitlines()[-60:]), flush=True)
        raise
    finally:
        worker.kill()
        worker.wait()
    expected = collections.Counter()
    for _, shard, key, number in processed():
        assert int(number) <= expected[key], f"{key} {number} was processed in {shard} before {expected[key]}"
        expected[key] = max(expected[key], int(number) + 1)
    shards = {line[1] for line in processed()}
    assert len(shards) == 3, f"records of three shards expected, of {shards} seen"


def main():
    report.client("KCL for Python", PACKAGE.name.removeprefix("amazon_kclpy-"))
    report.feature("polling through a split: each key in order, none missed", through_a_split)


if __name__ == "__main__":
    main()
