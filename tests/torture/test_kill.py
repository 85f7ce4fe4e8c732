"""`kill -9` under load, at random moments: while putting, while a segment is rolled, while a reshard runs, while starting.

After each restart the ledger's newest claims are read back, and everything after every tenth kill and at the end.
`TORTURE_KILLS` is the number of kills (200).
"""

import json
import os
import subprocess
import time

from storm import Client, GONE, Ledger, Refused, Storm, assert_calm, create_stream, read_all, thalweg_json

KILLS = int(os.environ.get("TORTURE_KILLS", "200"))
# A stream that was killed more often takes longer to read back than to write, so the next kills get a fresh one.
KILLS_PER_SERVER = 50
# Short segments: rolls, sidecars and segments made ahead happen all the time.
SEGMENTS = {"THALWEG_TEST_SEGMENT_BYTES": str(256 << 10)}


def test_nothing_acknowledged_is_lost(make_server, tmp_path, rng, say):
    restarts, records = [], 0
    for first in range(0, KILLS, KILLS_PER_SERVER):
        server = make_server(f"data-{first}", env=SEGMENTS)
        create_stream(server, "s", 2)
        ledger = Ledger(tmp_path / f"ledger-{first}")
        with Storm(server, "s", ledger, rng) as storm:
            for kill in range(min(KILLS_PER_SERVER, KILLS - first)):
                time.sleep(rng.choice([0.02, 0.2, 0.4]) * rng.random())
                if rng.random() < 0.1:
                    reshard(server, rng)
                server.kill9()
                while rng.random() < 0.2:
                    interrupt_start(server, rng)
                started = time.monotonic()
                server.restart()
                restarts.append(time.monotonic() - started)
                if kill % 10 == 9:
                    check_now(storm, server)
        records += storm.check(read_all(server, "s"))
        assert len(ledger.acknowledged) > 20, "the load was too light to mean anything"
        assert storm.seen, "no reader saw anything"
        assert_calm(server)
        # Once more after a clean stop, and as the offline check sees it.
        assert server.sigterm() == 0
        code, verified = thalweg_json(server, "verify", "--json")
        assert code == 0, json.dumps(verified, indent=1)
        server.restart()
        storm.check(read_all(server, "s"))
        server.stop()
    restarts.sort()
    say(f"{KILLS} kills, {records} records kept, 0 lost; restart p50 {restarts[len(restarts) // 2] * 1e3:.0f} ms, "
        f"max {restarts[-1] * 1e3:.0f} ms")


def test_nothing_is_lost_in_several_lanes(make_server, tmp_path, rng, say):
    """Two streams that are kept for different times, and change that: commits have frames in several lanes."""
    server = make_server("lanes", env=SEGMENTS)
    create_stream(server, "s", 2)
    create_stream(server, "w", 2)
    hours = {"s": 24, "w": keep(server, "w", 24, 168)}
    one, other = Ledger(tmp_path / "ledger-s"), Ledger(tmp_path / "ledger-w")
    with Storm(server, "s", one, rng, writers=3) as storm, Storm(server, "w", other, rng, writers=3) as second:
        for kill in range(KILLS // 4):
            time.sleep(rng.choice([0.02, 0.2, 0.4]) * rng.random())
            if rng.random() < 0.3:
                stream = rng.choice("sw")
                hours[stream] = keep(server, stream, hours[stream], rng.choice([24, 168, 8760]))
            server.kill9()
            server.restart()
            if kill % 10 == 9:
                check_now(storm, server)
    records = storm.check(read_all(server, "s")) + second.check(read_all(server, "w"))
    assert min(len(one.acknowledged), len(other.acknowledged)) > 20, "the load was too light to mean anything"
    lanes = {path.read_bytes()[13] for path in (server.data_dir / "log").glob("seg-*.log")}
    assert len(lanes) > 1, lanes
    assert server.sigterm() == 0
    code, verified = thalweg_json(server, "verify", "--json")
    assert code == 0, json.dumps(verified, indent=1)
    say(f"{KILLS // 4} kills with {len(lanes)} lanes, {records} records kept, 0 lost")


def keep(server, stream, before, hours):
    """Changes how long records are kept; answers for how long, as far as is known."""
    if hours == before:
        return before
    operation = "IncreaseStreamRetentionPeriod" if hours > before else "DecreaseStreamRetentionPeriod"
    try:
        Client(server).call(operation, {"StreamName": stream, "RetentionPeriodHours": hours})
    except (*GONE, Refused):
        return before
    return hours


def check_now(storm, server):
    """What was acknowledged before this moment must be there; what comes meanwhile is for the next time."""
    ledger = storm.ledger
    with ledger.lock:
        claimed, seen = dict(ledger.acknowledged), dict(storm.seen)
        assert not ledger.failures, ledger.failures[:5]
    kept = read_all(server, "s")
    places = {(shard, number): data for shard, records in kept.items() for number, data in records}
    lost = [data for data, place in claimed.items() if places.get(place) != data]
    assert not lost, f"{len(lost)} of {len(claimed)} acknowledged records are lost: {lost[:5]}"
    gone = [place for place, data in seen.items() if places.get(place) != data]
    assert not gone, f"{len(gone)} records were read and are gone: {gone[:5]}"


def reshard(server, rng):
    """Starts a reshard and does not wait: the kill comes into it."""
    try:
        Client(server).call("UpdateShardCount", {"StreamName": "s", "TargetShardCount": rng.choice([1, 2, 3, 4]),
                                                 "ScalingType": "UNIFORM_SCALING"})
    except (*GONE, Refused):
        pass


def interrupt_start(server, rng):
    """Dies again while it starts, which must not make things worse."""
    starting = subprocess.Popen(server.command(), env={**os.environ, **server.env}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(0, 0.12))
    starting.kill()
    starting.wait()
