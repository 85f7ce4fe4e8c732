"""A small disk that fills up: clean refusals that a client may retry, reads and the control plane go on, deleting a stream
makes room, and puts resume in the same process.

`TORTURE_FILLS` is the number of cycles (20), `TORTURE_DISK_MB` the size of the disk (192).
"""

import base64
import json
import os
import subprocess
import time

import pytest
from harness import eventually

from storm import Client, Ledger, Refused, Storm, assert_calm, create_stream, read_all, thalweg_json

FILLS = int(os.environ.get("TORTURE_FILLS", "20"))
DISK_MB = int(os.environ.get("TORTURE_DISK_MB", "192"))
# A live record keeps its segment, so short ones make the cycles alike.
SEGMENTS = {"THALWEG_TEST_SEGMENT_BYTES": str(1 << 20)}
PAYLOAD = base64.b64encode(os.urandom(900_000)).decode()


@pytest.fixture
def small_disk(tmp_path):
    """An ext4 file system of its own on a loop device; a tmpfs where there is none."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    folder.mkdir()
    with open(image, "wb") as file:
        file.truncate(DISK_MB << 20)
    made = subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], capture_output=True)
    if made.returncode or subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True).returncode:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(folder)],
                                 capture_output=True, text=True)
        if mounted.returncode:
            pytest.skip(f"neither a loop device nor a tmpfs can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_filled_and_freed_without_a_restart(make_server, small_disk, tmp_path, rng, say):
    server = make_server(small_disk / "data", env=SEGMENTS)
    # Outside the small disk: the log of the server must not be what fills it.
    create_stream(server, "kept", 2)
    ledger = Ledger(tmp_path / "ledger")
    process, client, filled = server.process.pid, Client(server), 0
    for cycle in range(FILLS):
        create_stream(server, "filler", 1)
        # Records that stay are put before and after, not while it fills: a live record keeps its whole segment.
        with Storm(server, "kept", ledger, rng, writers=2, readers=0):
            time.sleep(0.1)
        with Storm(server, "kept", ledger, rng, writers=0, readers=1) as reading:
            filled += fill(client)
            # The disk is full. Reads and the control plane go on.
            kept = read_all(server, "kept")
            assert kept and client.call("ListStreams", {})["StreamNames"] == ["filler", "kept"]
            client.call("AddTagsToStream", {"StreamName": "kept", "Tags": {"cycle": str(cycle)}})
            token = client.call("GetShardIterator", {"StreamName": "filler", "ShardId": "shardId-000000000000",
                                                     "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
            assert client.call("GetRecords", {"ShardIterator": token, "Limit": 2})["Records"]
            client.call("DeleteStream", {"StreamName": "filler"})
            before = len(ledger.acknowledged)
        with Storm(server, "kept", ledger, rng, writers=2, readers=0):
            eventually(lambda: len(ledger.acknowledged) > before or ledger.failures, seconds=20, every=0.02)
        reading.check(read_all(server, "kept"))
        assert server.process.poll() is None and server.process.pid == process
    assert_calm(server)
    server.kill9()
    code, verified = thalweg_json(server, "verify", "--json")
    assert code == 0, json.dumps(verified, indent=1)
    server.restart()
    total = ledger.check(read_all(server, "kept"))
    say(f"{FILLS} times full and freed on {DISK_MB} MB ({filled >> 20} MB put), {total} records kept, 0 lost")


def fill(client):
    """Puts until the disk is full; how many bytes it took."""
    taken, refusals, deadline = 0, 0, time.monotonic() + 60
    # The room of the last cycle comes back in the background, so the first puts may still be refused.
    while refusals < 3 or not taken:
        assert time.monotonic() < deadline, f"the disk does not fill: {taken} bytes taken, {refusals} refusals"
        try:
            client.call("PutRecord", {"StreamName": "filler", "Data": PAYLOAD, "PartitionKey": "k"})
            taken, refusals = taken + 900_000, 0
        except Refused as refused:
            assert refused.status >= 500, f"not an answer that clients retry: {refused}"
            refusals += 1
            time.sleep(0.02)
    return taken
