"""Load that survives its server, and a ledger on disk of what the server acknowledged.

Each writer has its own partition keys and numbers its records, so order, loss and repetition can be told per key. A
record whose answer did not come is *tried*: it may be there, once or not at all. Requests are signed by hand over one
connection per client (`raw.py`), because an SDK is ten times slower than the server. Read next: `test_kill.py`.
"""

import base64
import json
import os
import threading
import time

from raw import connect, read_answer, request_bytes

# What a client sees when its server dies.
GONE = (OSError, EOFError, ValueError, IndexError)
# Answers after which a client tries again. The first byte of a status would do; these are told one by one.
RETRYABLE = {"InternalFailure", "ServiceUnavailable", "ServiceUnavailableException", "LimitExceededException",
             "ProvisionedThroughputExceededException", "InternalFailureException", "KMSThrottlingException"}


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, answer):
        super().__init__(f"{answer.status} {answer.body[:300]!r}")
        self.status, self.name = answer.status, answer.error


class Client:
    """One connection that is made again when it breaks. No retries: the caller decides."""

    def __init__(self, server, timeout=30):
        self.server, self.timeout = server, timeout
        self.socket = self.reader = None

    def call(self, operation, body):
        try:
            if self.socket is None:
                self.socket = connect(self.server, self.timeout)
                self.reader = self.socket.makefile("rb")
            self.socket.sendall(request_bytes(self.server, operation, body))
            answer = read_answer(self.socket, self.reader)
            if answer is None:
                raise EOFError("closed without an answer")
        except GONE:
            self.close()
            raise
        if answer.headers.get("connection") == "close":
            self.close()
        if answer.status != 200:
            raise Refused(answer)
        return answer.json() if answer.body else {}

    def close(self):
        if self.socket is not None:
            self.reader.close()
            self.socket.close()
        self.socket = self.reader = None


class Ledger:
    """What was acknowledged, written to a file and synced before the next put of the same writer."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.file = open(path, "ab", buffering=0)
        self.acknowledged = {}  # data -> (shard, number)
        self.tried = {}  # data -> how many times
        self.failures = []

    def try_out(self, datas):
        with self.lock:
            for data in datas:
                self.tried[data] = self.tried.get(data, 0) + 1

    def acknowledge(self, entries):
        with self.lock:
            for data, shard, number in entries:
                self.acknowledged[data] = (shard, int(number))
            self.file.write("".join(f"{d} {s} {n}\n" for d, s, n in entries).encode())
            os.fdatasync(self.file.fileno())

    def fail(self, text):
        with self.lock:
            self.failures.append(text)

    def check(self, kept):
        """Holds `kept` ({shard: [(number, data)]}) against the ledger; how many records there are."""
        with self.lock:
            acknowledged, tried, failures = dict(self.acknowledged), dict(self.tried), list(self.failures)
        assert not failures, failures[:5]
        places, last = {}, {}
        for shard, records in kept.items():
            numbers = [number for number, _ in records]
            assert all(a < b for a, b in zip(numbers, numbers[1:])), f"{shard}: out of order"
            for number, data in records:
                places.setdefault(data, []).append((shard, number))
        lost = [data for data, place in acknowledged.items() if place not in places.get(data, ())]
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged records are lost: {sorted(lost)[:5]}"
        foreign = [data for data in places if data not in tried]
        assert not foreign, f"{len(foreign)} records that nobody put: {foreign[:5]}"
        often = {data: at for data, at in places.items() if len(at) > tried[data]}
        assert not often, f"{len(often)} records are there more often than they were put: {list(often.items())[:3]}"
        # Per key, in the order of the log (shards of one key follow each other by their numbers): the acknowledged
        # numbers of a writer that waits for each answer never go back.
        for number, data in sorted(acknowledged_in_order(acknowledged)):
            writer, count = data.split("/")[:2]
            assert last.get(writer, -1) < int(count), f"{data} stands behind {writer}/{last.get(writer)}"
            last[writer] = int(count)
        return sum(map(len, kept.values()))


def acknowledged_in_order(acknowledged):
    return [(number, data) for data, (_, number) in acknowledged.items()]


class Storm:
    """Writers and readers that go on through restarts, until told to stop."""

    def __init__(self, server, stream, ledger, rng, writers=4, readers=2, size=400, retries=True):
        self.server, self.stream, self.ledger, self.retries = server, stream, ledger, retries
        self.size = size
        self.seen = {}  # (shard, number) -> data
        self.stopping = threading.Event()
        self.paused = threading.Event()
        self.refusals = {}
        generation = rng.randrange(1 << 30)
        work = [(self._write, f"{generation:x}-{n}") for n in range(writers)] + [(self._read, n) for n in range(readers)]
        self.threads = [threading.Thread(target=self._guard, args=item, daemon=True) for item in work]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                self.ledger.fail("a client hangs")

    def _guard(self, work, argument):
        try:
            work(argument)
        except Exception as error:  # noqa: BLE001 - a thread's failure has to fail the test
            self.ledger.fail(f"{work.__name__}: {error!r}")

    def _write(self, writer):
        client, count = Client(self.server), 0
        filler = "x" * self.size
        while not self.stopping.is_set():
            batch = [1, 1, 3, 20][count % 4]
            datas = [f"{writer}/{count + n}/" for n in range(batch)]
            count += batch
            # One key per writer: all of its records are in one shard at a time, in order.
            self._put_until_answered(client, writer, datas, filler)
        client.close()

    def _put_until_answered(self, client, key, datas, filler):
        waiting = datas
        while waiting and not self.stopping.is_set():
            self.ledger.try_out(waiting)
            records = [{"Data": base64.b64encode((data + filler).encode()).decode(), "PartitionKey": key}
                       for data in waiting]
            try:
                answer = client.call("PutRecords", {"StreamName": self.stream, "Records": records})
            except GONE:
                time.sleep(0.01)
                if not self.retries:
                    return
                continue
            except Refused as refused:
                self._refused(refused.name)
                if refused.name not in RETRYABLE and refused.status < 500:
                    raise
                time.sleep(0.05)
                continue
            results = list(zip(waiting, answer["Records"]))
            done = [(data, result["ShardId"], result["SequenceNumber"]) for data, result in results
                    if "SequenceNumber" in result]
            self.ledger.acknowledge(done)
            for _, result in results:
                if "ErrorCode" in result:
                    self._refused(result["ErrorCode"])
            waiting = [data for data, result in results if "SequenceNumber" not in result]
            if waiting:
                time.sleep(0.05)

    def _refused(self, name):
        self.refusals[name] = self.refusals.get(name, 0) + 1

    def _read(self, number):
        """Follows all shards in turn and checkpoints in memory, as a consumer that outlives the server does."""
        client, positions = Client(self.server), {}
        while not self.stopping.is_set():
            try:
                shards = client.call("ListShards", {"StreamName": self.stream})["Shards"]
                for shard in shards:
                    if self.stopping.is_set():
                        break
                    self._follow(client, shard["ShardId"], positions)
            except GONE:
                time.sleep(0.02)
            except Refused as refused:
                if refused.status < 500:
                    raise
                time.sleep(0.05)
            time.sleep(0.02)
        client.close()

    def _follow(self, client, shard, positions):
        last = positions.get(shard)
        start = {"ShardIteratorType": "TRIM_HORIZON"} if last is None else {
            "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last}
        token = client.call("GetShardIterator", {"StreamName": self.stream, "ShardId": shard, **start})["ShardIterator"]
        for record in client.call("GetRecords", {"ShardIterator": token, "Limit": 2000})["Records"]:
            number, data = record["SequenceNumber"], label(record)
            if last is not None and int(number) <= int(last):
                self.ledger.fail(f"{shard}: {number} came after {last}")
            if self.seen.setdefault((shard, int(number)), data) != data:
                self.ledger.fail(f"{shard} {number} was read with two contents")
            last = number
        positions[shard] = last

    def check(self, kept):
        """The ledger's claims, and that nothing that a reader saw is gone."""
        seen = dict(self.seen)
        total = self.ledger.check(kept)
        places = {(shard, number): data for shard, records in kept.items() for number, data in records}
        gone = [place for place, data in seen.items() if places.get(place) != data]
        assert not gone, f"{len(gone)} records were read and are gone: {gone[:5]}"
        return total


def label(record):
    """The beginning of a record's data that tells it from all others."""
    data = base64.b64decode(record["Data"])
    return data[: data.rindex(b"/") + 1].decode()


def read_all(server, stream):
    """Every record: {shard: [(number, label)]}."""
    client, kept = Client(server), {}
    for shard in client.call("ListShards", {"StreamName": stream})["Shards"]:
        token = client.call("GetShardIterator", {"StreamName": stream, "ShardId": shard["ShardId"],
                                                 "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
        records = kept.setdefault(shard["ShardId"], [])
        while token:
            page = client.call("GetRecords", {"ShardIterator": token, "Limit": 10000})
            records += [(int(record["SequenceNumber"]), label(record)) for record in page["Records"]]
            if not page["Records"] and page["MillisBehindLatest"] == 0:
                break
            token = page.get("NextShardIterator")
    client.close()
    return kept


def create_stream(server, stream, shards):
    Client(server).call("CreateStream", {"StreamName": stream, "ShardCount": shards})


def thalweg_json(server, *arguments):
    """Runs a command on the server's data directory; its exit code and the JSON that it printed."""
    import subprocess

    done = subprocess.run([server.binary, *arguments, "--data-dir", str(server.data_dir)], capture_output=True,
                          text=True, timeout=120)
    assert "panicked" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr


def assert_calm(server):
    """The server has not panicked."""
    text = server.log_path.read_text(errors="replace")
    assert "panicked" not in text, text[-3000:]
