"""Splits, merges and scaling under load and under `kill -9`: every key in order, nothing lost, lineage whole.

`E2E_RESHARDS` sets the number of reshards under load (40 by default) and `E2E_SEED` repeats a run.
"""

import os
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from harness import eventually
from reading import HASH_KEYS, read_from, read_shard, iterator

RESHARDS = int(os.environ.get("E2E_RESHARDS", "40"))
SEED = int(os.environ.get("E2E_SEED", str(random.SystemRandom().randrange(1 << 32))))
DEAD_SERVER = (BotoCoreError, ConnectionError)


class KeyedWriters:
    """Each thread owns some keys and writes 0, 1, 2, … to each; what is not acknowledged is written again."""

    def __init__(self, server, stream, threads=3, keys=5):
        self.server, self.stream = server, stream
        self.stopping = threading.Event()
        self.acknowledged = {}
        self.failures = []
        self.threads = [
            threading.Thread(target=self._guard, args=([f"key-{t}-{k}" for k in range(keys)],), daemon=True)
            for t in range(threads)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def _guard(self, keys):
        try:
            self._write(keys)
        except Exception as error:  # noqa: BLE001 - a thread's failure has to fail the test
            self.failures.append(repr(error))

    def _write(self, keys):
        kinesis = self.server.client("kinesis")
        nexts = dict.fromkeys(keys, 0)
        while not self.stopping.is_set():
            records = [{"Data": f"{key} {nexts[key]}".encode(), "PartitionKey": key} for key in keys]
            try:
                answer = kinesis.put_records(StreamName=self.stream, Records=records)
            except DEAD_SERVER:
                time.sleep(0.02)
                continue
            for key, result in zip(keys, answer["Records"]):
                if "SequenceNumber" in result:
                    self.acknowledged[key] = nexts[key]
                    nexts[key] += 1


def check_order(kinesis, stream, writers):
    """Reads every shard to its end, parents before children, and follows each key through all of them."""
    seen = {}
    shards = kinesis.list_shards(StreamName=stream)["Shards"]
    for shard in sorted(shards, key=lambda shard: shard["ShardId"]):
        for record in read_shard(kinesis, stream, shard["ShardId"]):
            key, number = record["Data"].decode().split(" ")
            assert record["PartitionKey"] == key
            seen.setdefault(key, []).append(int(number))
    assert not writers.failures, writers.failures
    for key, last in dict(writers.acknowledged).items():
        numbers = seen[key]
        # A number whose answer was lost with the server may be there twice, one behind the other.
        assert all(0 <= b - a <= 1 for a, b in zip(numbers, numbers[1:])), f"{key}: out of order or a hole"
        assert numbers[0] == 0 and numbers[-1] >= last, f"{key}: {numbers[-1]} of {last}"


def random_reshard(kinesis, stream, rng):
    """One split, merge or scaling of whatever is open."""
    shards = [s for s in kinesis.list_shards(StreamName=stream)["Shards"]
              if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
    shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    kind = rng.choice(["split", "merge", "scale"]) if 1 < len(shards) < 9 else rng.choice(
        ["split", "scale"] if len(shards) == 1 else ["merge", "scale"])
    if kind == "split":
        shard = rng.choice(shards)
        start, end = (int(shard["HashKeyRange"][side]) for side in ("StartingHashKey", "EndingHashKey"))
        kinesis.split_shard(StreamName=stream, ShardToSplit=shard["ShardId"],
                            NewStartingHashKey=str(rng.randrange(start + 2, end)))
    elif kind == "merge":
        at = rng.randrange(len(shards) - 1)
        kinesis.merge_shards(StreamName=stream, ShardToMerge=shards[at]["ShardId"],
                             AdjacentShardToMerge=shards[at + 1]["ShardId"])
    else:
        target = rng.choice([n for n in range(1, 9) if n != len(shards)])
        kinesis.update_shard_count(StreamName=stream, TargetShardCount=target, ScalingType="UNIFORM_SCALING")


def open_ranges(kinesis, stream):
    shards = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    ranges = sorted((int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"])) for s in shards)
    assert ranges[0][0] == 0 and ranges[-1][1] == HASH_KEYS - 1
    assert all(a[1] + 1 == b[0] for a, b in zip(ranges, ranges[1:])), "the open shards do not tile the hash space"
    return ranges


def test_a_split_and_a_merge(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.put_record(StreamName=name, Data=b"before", PartitionKey="k")
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(HASH_KEYS // 2))
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    parent, low, high = kinesis.describe_stream(StreamName=name)["StreamDescription"]["Shards"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert low["ParentShardId"] == high["ParentShardId"] == parent["ShardId"]
    assert "AdjacentParentShardId" not in low
    kinesis.merge_shards(StreamName=name, ShardToMerge=low["ShardId"], AdjacentShardToMerge=high["ShardId"])
    merged = kinesis.list_shards(StreamName=name)["Shards"][3]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (low["ShardId"], high["ShardId"])

    page = kinesis.get_records(ShardIterator=iterator(kinesis, name, parent["ShardId"]))
    assert [record["Data"] for record in page["Records"]] == [b"before"]
    assert "NextShardIterator" not in page
    assert [child["ShardId"] for child in page["ChildShards"]] == [low["ShardId"], high["ShardId"]]
    assert page["ChildShards"][0]["ParentShards"] == [parent["ShardId"]]
    page = kinesis.get_records(ShardIterator=iterator(kinesis, name, low["ShardId"], "LATEST"))
    assert page["ChildShards"][0]["ParentShards"] == [low["ShardId"], high["ShardId"]]
    with pytest.raises(ClientError) as refused:
        iterator(kinesis, name, parent["ShardId"], "AT_SEQUENCE_NUMBER",
                 StartingSequenceNumber=parent["SequenceNumberRange"]["EndingSequenceNumber"])
    assert "reached" in str(refused.value) and "maximum" in str(refused.value)


def test_scaling_is_uniform(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    for target in (3, 5, 1, 4):
        before = len(open_ranges(kinesis, name))
        answer = kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, target)
        ranges = open_ranges(kinesis, name)
        width = HASH_KEYS // target
        assert [start for start, _ in ranges] == [width * n for n in range(target)]


def test_reshards_under_load_keep_every_key_in_order(server):
    print(f"E2E_SEED={SEED} E2E_RESHARDS={RESHARDS}")
    rng = random.Random(SEED)
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    with KeyedWriters(server, "s") as writers:
        for _ in range(RESHARDS):
            random_reshard(kinesis, "s", rng)
            open_ranges(kinesis, "s")
            time.sleep(rng.uniform(0, 0.05))
    assert len(writers.acknowledged) == 15 and min(writers.acknowledged.values()) > RESHARDS / 4
    check_order(kinesis, "s", writers)


def test_a_reshard_survives_kill_9_at_any_moment(server):
    print(f"E2E_SEED={SEED}")
    rng = random.Random(SEED)
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    with KeyedWriters(server, "s") as writers:
        for _ in range(6):
            stop = threading.Event()

            def reshard():
                own = server.client("kinesis")
                while not stop.is_set():
                    try:
                        random_reshard(own, "s", rng)
                    except DEAD_SERVER:
                        return

            thread = threading.Thread(target=reshard)
            thread.start()
            time.sleep(rng.uniform(0.2, 0.6))
            server.kill9()
            stop.set()
            thread.join()
            server.restart()
            status = lambda: kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamStatus"]
            eventually(lambda: status() == "ACTIVE")
            open_ranges(kinesis, "s")
    check_order(kinesis, "s", writers)


def test_a_reader_follows_the_children(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    token = iterator(kinesis, name, "shardId-000000000000", "LATEST")
    kinesis.put_record(StreamName=name, Data=b"1", PartitionKey="k")
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    kinesis.put_record(StreamName=name, Data=b"2", PartitionKey="k")
    assert [record["Data"] for record in read_from(kinesis, token)] == [b"1"]
    children = [read_shard(kinesis, name, f"shardId-{index:012d}") for index in (1, 2)]
    assert [record["Data"] for records in children for record in records] == [b"2"]
