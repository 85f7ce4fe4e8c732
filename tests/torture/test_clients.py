"""Clients that mean harm or are many: no descriptors left, thousands that dawdle, bodies that lie.

The 5,000 slow clients go on in the background while the other files run; `test_zz_reaped.py` sees them all gone.
`TORTURE_CLIENTS` is their number.
"""

import gzip
import os
import socket
import ssl
import struct
import threading
import time

import h2.config
import h2.connection
import pytest
from harness import eventually
from raw import connect, read_answer, request_bytes, send, send_bytes

from slow import Dawdlers
from storm import Client, assert_calm, create_stream

CLIENTS = int(os.environ.get("TORTURE_CLIENTS", "5000"))


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid, field="VmRSS"):
    line = next(line for line in open(f"/proc/{pid}/status") if line.startswith(field))
    return int(line.split()[1]) << 10


def test_few_descriptors_and_many_clients(make_server, say):
    server = make_server(start=False)
    # The shell gives the limit to the server and is replaced by it.
    command = server.command
    server.command = lambda: ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", *command()]
    server.start()
    server.command = command
    create_stream(server, "s", 1)
    old = Client(server)
    old.call("ListStreams", {})
    crowd = []
    for _ in range(CLIENTS):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(tuple_of(server))
        crowd.append(connection)
    time.sleep(1)
    before, started = cpu_seconds(server.process.pid), time.monotonic()
    time.sleep(2)
    share = (cpu_seconds(server.process.pid) - before) / (time.monotonic() - started)
    puts = 0
    for _ in range(50):
        old.call("PutRecord", {"StreamName": "s", "Data": "YQ==", "PartitionKey": "k"})
        puts += 1
    for connection in crowd:
        connection.close()
    started = time.monotonic()
    eventually(lambda: answers(server), seconds=20)
    say(f"256 descriptors, {CLIENTS} clients: {share * 100:.1f} % of a core while idle, {puts} puts on an old "
        f"connection, a new client is answered {time.monotonic() - started:.2f} s after they left")
    assert share < 0.05, "it spins"
    assert_calm(server)
    assert server.process.poll() is None


def tuple_of(server):
    host, port = server.endpoint.split("//")[1].rsplit(":", 1)
    return host, int(port)


def answers(server):
    try:
        with connect(server, timeout=3) as connection:
            connection.sendall(request_bytes(server, "ListStreams", {}))
            answer = read_answer(connection)
            return answer is not None and answer.status == 200
    except OSError:
        return False


def latencies(server, count):
    client, taken = Client(server), []
    for n in range(count):
        started = time.perf_counter()
        client.call("PutRecord", {"StreamName": "s", "Data": "YQ==", "PartitionKey": str(n)})
        taken.append(time.perf_counter() - started)
    return sorted(taken)


def test_slow_clients_do_not_slow_the_others(dawdled, say):
    """The honest ones are all answered; by how much they wait longer is told, since other tests share the machine."""
    server = dawdled.server
    alone = latencies(server, 300)
    dawdled.start(CLIENTS)
    time.sleep(2)
    beside = latencies(server, 300)
    # Connections and their requests come and go meanwhile too.
    for _ in range(20):
        assert answers(server)
    say(f"{len(dawdled)} slow clients: p99 of a put {alone[297] * 1e3:.1f} ms without and {beside[297] * 1e3:.1f} ms "
        f"with them, p50 {alone[150] * 1e3:.1f} and {beside[150] * 1e3:.1f} ms; "
        f"{resident(server.process.pid) >> 20} MB resident")


@pytest.fixture
def bounded(make_server):
    """A server that may map no more than 2 GiB and touches less than 512 MiB, or the test fails."""
    server = make_server(env={"MALLOC_ARENA_MAX": "2"})
    create_stream(server, "s", 1)
    yield server
    assert server.process.poll() is None, "it ended"
    assert_calm(server)
    assert answers(server)


def in_parallel(work, items, threads=16):
    items, failures, lock = list(items), [], threading.Lock()

    def drain():
        while True:
            with lock:
                if not items:
                    return
                item = items.pop()
            try:
                work(item)
            except (OSError, ValueError, EOFError):
                # The server may close on nonsense.
                pass
            except Exception as error:  # noqa: BLE001
                failures.append(error)

    running = [threading.Thread(target=drain) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120)
    assert not failures, failures[:3]


def garbage(server):
    """Requests that are large, deep or lie about what they hold."""
    largest = b'{"StreamName":"s","Data":"' + b"A" * (10 << 20) + b'","PartitionKey":"k"}'
    deep = b'{"StreamName":' * 200_000
    deep_list = b"[" * 1_000_000
    cbor = "application/x-amz-cbor-1.1"
    lies = [b"\xbf\x67Records\x9b\x00\x00\x00\xff\xff\xff\xff\xff", b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
            b"\xbb\x00\x00\xff\xff\xff\xff\xff\xff", b"\xa1\x64Data\x5a\xff\xff\xff\xf0abc", b"\x9f" * 500_000,
            b"\xc6" * 500_000]
    bomb = gzip.compress(b"\0" * (400 << 20), 9)
    yield from (request_bytes(server, "PutRecord", largest) for _ in range(24))
    yield from (request_bytes(server, "PutRecord", body) for body in (deep, deep_list) for _ in range(8))
    yield from (request_bytes(server, "PutRecords", body, content_type=cbor) for body in lies for _ in range(8))
    yield from (request_bytes(server, "PutRecord", bomb, headers=["content-encoding: gzip"]) for _ in range(8))
    # Unsigned, so that nothing but the body is read; and one that promises more than it sends.
    yield from (request_bytes(server, "PutRecords", largest, signed=False) for _ in range(16))


def test_garbage_does_not_fill_memory(bounded, say):
    begin = resident(bounded.process.pid)
    in_parallel(lambda data: send_bytes(bounded, data), garbage(bounded), threads=12)
    peak = resident(bounded.process.pid, "VmHWM")
    say(f"large, deep and lying bodies: {begin >> 20} MB resident before, {peak >> 20} MB at most")
    assert peak < 512 << 20


def test_a_flood_of_resets_is_stopped(bounded, say):
    """HTTP/2 streams opened and reset at once, as in CVE-2023-44487."""
    resets = []

    def flood(_):
        connection = connect(bounded, timeout=10)
        h2c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        h2c.initiate_connection()
        connection.sendall(h2c.data_to_send())
        try:
            for n in range(20_000):
                stream = h2c.get_next_available_stream_id()
                h2c.send_headers(stream, [(":method", "POST"), (":path", "/"), (":scheme", "http"),
                                          (":authority", "localhost"), ("x-amz-target", "Kinesis_20131202.ListStreams")])
                h2c.reset_stream(stream)
                connection.sendall(h2c.data_to_send())
                resets.append(n)
        except OSError:
            pass
        finally:
            connection.close()

    before = cpu_seconds(bounded.process.pid)
    in_parallel(flood, range(4), threads=4)
    peak = resident(bounded.process.pid, "VmHWM")
    say(f"{len(resets)} resets on 4 connections until they were cut: {cpu_seconds(bounded.process.pid) - before:.2f} s "
        f"of processor time, {peak >> 20} MB resident at most")
    assert peak < 512 << 20
    assert len(resets) < 80_000, "no connection was cut"


def test_nonsense_before_tls(make_server):
    """A port that speaks TLS, and clients that do not."""
    server = make_server(arguments=["--tls-self-signed"])
    for first in (b"\x16\x03\x01\xff\xff" + os.urandom(2000), os.urandom(4000), b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff",
                  struct.pack(">HBBH", 0x8080, 1, 3, 1) * 100):
        with socket.create_connection(tuple_of(server), timeout=15) as connection:
            connection.sendall(first)
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(tuple_of(server), timeout=10)) as connection:
        connection.sendall(request_bytes(server, "ListStreams", {}))
        assert read_answer(connection).status == 200
    assert_calm(server)
