"""The machine's clock jumps: sequence numbers and arrival times still only grow, and nothing is forgotten early.

`libfaketime` gives the server a clock of its own; it is installed when root may and it is missing.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from storm import Client, create_stream, thalweg_json

PLACES = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), *Path("/usr/local/lib").glob("**/libfaketimeMT.so.1")]
SEGMENTS = {"THALWEG_TEST_SEGMENT_BYTES": str(64 << 10)}


@pytest.fixture(scope="module")
def libfaketime():
    if not PLACES and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "libfaketime"], capture_output=True, timeout=120)
    found = [*PLACES, *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not found:
        pytest.skip("libfaketime is not installed")
    return str(found[0])


def records(client):
    """All records; a page may be empty when the clock says that nothing is near."""
    token = client.call("GetShardIterator", {"StreamName": "s", "ShardId": "shardId-000000000000",
                                             "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
    read = []
    for _ in range(100):
        page = client.call("GetRecords", {"ShardIterator": token})
        read += page["Records"]
        token = page["NextShardIterator"]
        if not page["Records"] and page["MillisBehindLatest"] == 0:
            break
    return read


@pytest.mark.parametrize("jumps", [["-1h"], ["+1h", "-1h"], ["+20h", "+0", "-2h"]], ids=" ".join)
def test_time_and_numbers_only_grow(make_server, libfaketime, tmp_path, jumps, say):
    server = make_server(env=SEGMENTS, arguments=["--dev"])
    create_stream(server, "s", 1)
    client, put = Client(server), []
    put += [client.call("PutRecord", {"StreamName": "s", "Data": "YQ==", "PartitionKey": "k"}) for _ in range(50)]
    for jump in jumps:
        server.kill9()
        server.env = {**SEGMENTS, "LD_PRELOAD": libfaketime, "FAKETIME": jump, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        server.restart()
        put += [client_call(server) for _ in range(50)]
    numbers = [int(answer["SequenceNumber"]) for answer in put]
    assert numbers == sorted(set(numbers))
    read = records(Client(server))
    assert [int(record["SequenceNumber"]) for record in read] == numbers, "nothing is lost or forgotten early"
    times = [record["ApproximateArrivalTimestamp"] for record in read]
    assert times == sorted(times), "arrival times go back"
    server.kill9()
    server.env = SEGMENTS
    assert thalweg_json(server, "verify")[0] == 0
    server.restart()
    assert len(records(Client(server))) == len(numbers)


def client_call(server):
    """`--dev` takes signatures of any time, which a client with another clock makes."""
    return Client(server).call("PutRecord", {"StreamName": "s", "Data": "YQ==", "PartitionKey": "k"})
