"""`kill -9` under load: what was acknowledged is there, once, in order; what was read stays readable.

`E2E_KILLS` sets the number of kills (8 by default) and `E2E_SEED` repeats a run.
"""

import os
import random
import time

from ledger import Load
from reading import read_stream, shard_ids

KILLS = int(os.environ.get("E2E_KILLS", "8"))
# A stream that was killed more often takes longer to read back than to write, so the next kills get a fresh one.
KILLS_PER_STREAM = 20
SEED = int(os.environ.get("E2E_SEED", str(random.SystemRandom().randrange(1 << 32))))


def test_nothing_acknowledged_is_lost(make_server):
    print(f"E2E_SEED={SEED} E2E_KILLS={KILLS}")
    rng = random.Random(SEED)
    for first in range(0, KILLS, KILLS_PER_STREAM):
        server = make_server(f"data-{first}")
        kill_many_times(server, rng, min(KILLS_PER_STREAM, KILLS - first))
        server.stop()


def kill_many_times(server, rng, kills):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=3)
    with Load(server, "s", shard_ids(kinesis, "s"), rng.randrange(1 << 20)) as load:
        for kill in range(kills):
            time.sleep(rng.uniform(0.1, 1.0))
            server.kill9()
            if rng.random() < 0.3:
                interrupt_recovery(server, rng)
            server.restart()
            kept = load.ledger.check(kinesis, "s")
            print(f"kill {kill + 1}: {len(load.ledger.acknowledged)} acknowledged, {kept} kept")
    load.ledger.check(kinesis, "s")
    assert len(load.ledger.acknowledged) > 100 * kills, "the load was too light to mean anything"
    assert load.ledger.seen, "no reader saw anything"
    # And once more without load, after a clean stop.
    assert server.sigterm() == 0
    server.restart()
    load.ledger.check(kinesis, "s")


def interrupt_recovery(server, rng):
    """Dies again while it starts, which must not make things worse."""
    import subprocess

    starting = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(0, 0.15))
    starting.kill()
    starting.wait()


def test_an_acknowledged_record_survives_an_immediate_crash(server):
    """Killed right behind each acknowledgement: there is no quiet moment in which something could be flushed."""
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for n in range(5):
        kinesis.put_record(StreamName="s", Data=str(n).encode(), PartitionKey="k")
        server.kill9()
        server.restart()
    records, = read_stream(kinesis, "s").values()
    assert [record["Data"] for record in records] == [b"0", b"1", b"2", b"3", b"4"]


def test_large_batches_are_whole_after_a_crash(server):
    """A batch of many megabytes crosses whatever boundaries the log has."""
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    expected = {}
    for batch in range(4):
        entries = [{"Data": random.Random(batch * 1000 + n).randbytes(90_000), "PartitionKey": str(n)}
                   for n in range(100)]
        results = kinesis.put_records(StreamName="s", Records=entries)["Records"]
        for entry, result in zip(entries, results):
            expected.setdefault(result["ShardId"], {})[int(result["SequenceNumber"])] = entry["Data"]
    server.kill9()
    server.restart()
    for shard, records in read_stream(kinesis, "s").items():
        assert {int(r["SequenceNumber"]): r["Data"] for r in records} == expected[shard]


def test_numbers_are_not_given_out_again_after_a_restart(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    numbers = []
    for stop in (server.kill9, server.sigterm, server.kill9):
        numbers += [int(kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")["SequenceNumber"])
                    for _ in range(20)]
        stop()
        server.restart()
    numbers.append(int(kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")["SequenceNumber"]))
    assert numbers == sorted(set(numbers))
