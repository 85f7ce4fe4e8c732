"""Load with a memory: writers that remember every acknowledgement, readers that remember every record they saw.

After a crash the stream is read back whole and held against both. Read next: `test_crash.py`.
"""

import itertools
import random
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from reading import read_stream

# What a client sees when the server dies under it; anything else is a failure of the test.
DEAD_SERVER = (BotoCoreError, ConnectionError)


class Ledger:
    """What was acknowledged, what was tried, what was seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}  # (shard, sequence number) -> data
        self.tried = set()  # data of every attempt, acknowledged or not
        self.seen = {}  # (shard, sequence number) -> data, as some reader got it
        self.failures = []

    def try_out(self, datas):
        with self.lock:
            self.tried.update(datas)

    def acknowledge(self, results):
        with self.lock:
            for shard, number, data in results:
                key = (shard, int(number))
                if key in self.acknowledged:
                    self.failures.append(f"{key} was given out twice")
                self.acknowledged[key] = data

    def see(self, shard, records):
        with self.lock:
            for record in records:
                key = (shard, int(record["SequenceNumber"]))
                if self.seen.setdefault(key, record["Data"]) != record["Data"]:
                    self.failures.append(f"{key} was read with two contents")

    def fail(self, text):
        with self.lock:
            self.failures.append(text)

    def check(self, kinesis, stream):
        """Reads everything back: each acknowledged record once, in order, with its data; nothing seen is gone."""
        # What is acknowledged while this reads may stand behind what was already read, so the claim is fixed before.
        with self.lock:
            acknowledged, seen = dict(self.acknowledged), dict(self.seen)
        kept = {}
        for shard, records in read_stream(kinesis, stream).items():
            numbers = [int(record["SequenceNumber"]) for record in records]
            assert all(a < b for a, b in zip(numbers, numbers[1:])), f"{shard}: order or a number is repeated"
            kept.update({(shard, number): record["Data"] for number, record in zip(numbers, records)})
        with self.lock:
            assert not self.failures, self.failures[:5]
            lost = [key for key, data in acknowledged.items() if kept.get(key) != data]
            assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged records are lost: {lost[:5]}"
            unread = [key for key, data in seen.items() if kept.get(key) != data]
            assert not unread, f"{len(unread)} records were read and are gone: {unread[:5]}"
            foreign = [key for key, data in kept.items() if data not in self.tried]
            assert not foreign, f"{len(foreign)} records that nobody wrote: {foreign[:5]}"
        return len(kept)


class Load:
    """Writer and reader threads that go on through restarts, until told to stop."""

    def __init__(self, server, stream, shards, seed, writers=4, readers=2):
        self.server, self.stream, self.ledger = server, stream, Ledger()
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._guard, args=(self._write, random.Random(seed * 100 + n), n), daemon=True)
            for n in range(writers)
        ] + [
            threading.Thread(target=self._guard, args=(self._read, shards[n % len(shards)]), daemon=True)
            for n in range(readers)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                self.ledger.fail("a client thread hangs")

    def _guard(self, work, *arguments):
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - a thread's failure has to fail the test
            self.ledger.fail(f"{work.__name__}: {error!r}")

    def _write(self, rng, writer):
        kinesis = self.server.client("kinesis")
        for n in itertools.count():
            if self.stopping.is_set():
                return
            count = rng.choice([1, 1, 2, 10, 100])
            datas = [f"{writer}/{n}/{i}/".encode() + rng.randbytes(rng.randrange(600)) for i in range(count)]
            self.ledger.try_out(datas)
            keys = [str(rng.random()) for _ in datas]
            try:
                self.ledger.acknowledge(self._put(kinesis, datas, keys))
            except DEAD_SERVER:
                time.sleep(0.02)

    def _put(self, kinesis, datas, keys):
        if len(datas) == 1:
            put = kinesis.put_record(StreamName=self.stream, Data=datas[0], PartitionKey=keys[0])
            return [(put["ShardId"], put["SequenceNumber"], datas[0])]
        entries = [{"Data": data, "PartitionKey": key} for data, key in zip(datas, keys)]
        results = kinesis.put_records(StreamName=self.stream, Records=entries)["Records"]
        return [(r["ShardId"], r["SequenceNumber"], d) for r, d in zip(results, datas) if "SequenceNumber" in r]

    def _read(self, shard):
        """Follows one shard; after a break it goes on behind the last record it got, as a consumer does."""
        kinesis = self.server.client("kinesis")
        last, token = None, None
        while not self.stopping.is_set():
            try:
                if token is None:
                    start = {"ShardIteratorType": "TRIM_HORIZON"} if last is None else {
                        "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last}
                    token = kinesis.get_shard_iterator(StreamName=self.stream, ShardId=shard, **start)["ShardIterator"]
                answer = kinesis.get_records(ShardIterator=token)
            except DEAD_SERVER:
                token = None
                time.sleep(0.02)
                continue
            except ClientError as error:
                self.ledger.fail(f"a reader was refused: {error}")
                return
            for record in answer["Records"]:
                if last is not None and int(record["SequenceNumber"]) <= int(last):
                    self.ledger.fail(f"{shard}: {record['SequenceNumber']} came after {last}")
                last = record["SequenceNumber"]
            self.ledger.see(shard, answer["Records"])
            token = answer["NextShardIterator"]
            if not answer["Records"]:
                time.sleep(0.005)
