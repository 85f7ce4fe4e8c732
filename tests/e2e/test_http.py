"""The HTTP front under rude clients: too big, too slow, too many, too long, wrong."""

import resource
import socket
import time

import pytest

import raw
from raw import connect, read_answer, request_bytes, send, send_bytes

MIB = 1 << 20
IDLE_CONNECTIONS_WANTED = 10_000


def assert_serving(server):
    assert send(server, "ListStreams", {}).status == 200


def test_an_oversize_body_is_refused_by_its_length(shared):
    body = b'{"StreamName":"' + b"a" * (17 * MIB) + b'"}'
    answer = send(shared, "PutRecord", body)
    assert answer is not None and answer.status == 413, answer
    assert_serving(shared)


def test_an_oversize_body_without_a_length_is_refused(shared):
    head = request_bytes(shared, "PutRecord", b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    with connect(shared) as connection:
        try:
            connection.sendall(head)
            for _ in range(20):
                connection.sendall(b"%x\r\n" % MIB + b"a" * MIB + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            answer = read_answer(connection)
        except ConnectionResetError:
            answer = None
    assert answer is None or answer.status == 413
    assert_serving(shared)


def test_a_chunked_body_is_a_body(shared, stream):
    body = b'{"StreamName":"%s"}' % stream.encode()
    whole = request_bytes(shared, "DescribeStreamSummary", body)
    head = whole[: whole.index(b"content-length")] + b"transfer-encoding: chunked\r\n\r\n"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    assert send_bytes(shared, head + chunks).status == 200


def test_a_get_is_refused(shared):
    for method in ("GET", "PUT", "DELETE"):
        answer = send(shared, "ListStreams", b"", method=method)
        assert answer.status in (403, 404, 405), (method, answer)
    assert_serving(shared)


def test_an_unknown_content_type_is_refused(shared):
    answer = send(shared, "ListStreams", {}, content_type="text/plain")
    assert answer.status in (400, 403, 404), answer
    suffixed = send(shared, "ListStreams", {}, content_type="application/x-amz-json-1.1; charset=utf-8")
    assert suffixed.status == 200


def test_every_answer_has_its_identity(shared):
    one, other = (send(shared, "ListStreams", {}) for _ in range(2))
    assert one.headers["x-amzn-requestid"] != other.headers["x-amzn-requestid"]
    assert one.headers["x-amz-id-2"]
    assert one.headers["date"].endswith("GMT")


def test_many_requests_on_one_connection(shared, stream):
    request = request_bytes(shared, "DescribeStreamSummary", {"StreamName": stream})
    with connect(shared) as connection:
        for _ in range(50):
            connection.sendall(request)
            assert read_answer(connection).status == 200


def test_pipelined_requests_are_answered_in_order(shared, stream):
    bodies = [{"StreamName": stream}, {"StreamName": "nowhere"}] * 3
    with connect(shared) as connection:
        connection.sendall(b"".join(request_bytes(shared, "DescribeStreamSummary", body) for body in bodies))
        reader = connection.makefile("rb")
        assert [read_answer(connection, reader).status for _ in bodies] == [200, 400] * 3


def test_continue_is_answered(shared, stream):
    body = b'{"StreamName":"%s"}' % stream.encode()
    whole = request_bytes(shared, "DescribeStreamSummary", body, headers=["expect: 100-continue"])
    with connect(shared) as connection:
        connection.sendall(whole[: -len(body)])
        connection.settimeout(5)
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert read_answer(connection).status == 200


def test_a_slow_body_holds_up_nobody(shared, stream):
    body = b'{"StreamName":"%s"}' % stream.encode()
    whole = request_bytes(shared, "DescribeStreamSummary", body)
    slow = [connect(shared) for _ in range(20)]
    for connection in slow:
        connection.sendall(whole[: -len(body)])
    for byte in body[:10]:
        for connection in slow:
            connection.sendall(bytes([byte]))
        started = time.monotonic()
        assert_serving(shared)
        assert time.monotonic() - started < 2
        time.sleep(0.05)
    for connection in slow:
        connection.sendall(body[10:])
        assert read_answer(connection).status == 200
        connection.close()


@pytest.mark.parametrize("data", [
    b"POST / HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
    b"POST / HTTP/1.1\r\nx-long: " + b"y" * (4 * MIB) + b"\r\n\r\n",
    b"POST /" + b"a" * (4 * MIB) + b" HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00" + bytes(200),
    b"\x00" * 10_000,
    b"GARBAGE\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
], ids=["many-headers", "long-header", "long-path", "tls-hello", "zeros", "garbage", "negative-length", "two-lengths",
        "bad-chunk"])
def test_floods_and_garbage_end_their_own_connection_only(shared, data):
    with connect(shared, timeout=10) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = read_answer(connection)
        except OSError:
            answer = None
    assert answer is None or 400 <= answer.status < 500, answer
    assert_serving(shared)


def test_half_a_request_and_gone(shared):
    whole = request_bytes(shared, "ListStreams", {})
    for length in (1, 10, len(whole) // 2, len(whole) - 1):
        with connect(shared) as connection:
            connection.sendall(whole[:length])
    assert_serving(shared)


def test_many_idle_connections(make_server):
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(IDLE_CONNECTIONS_WANTED, soft - 500)
    server = make_server()
    server.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    request = request_bytes(server, "ListStreams", {})
    connections = []
    try:
        for _ in range(wanted):
            connections.append(connect(server))
        started = time.monotonic()
        for _ in range(20):
            assert_serving(server)
        assert time.monotonic() - started < 10
        for connection in connections[:: max(1, wanted // 50)]:
            connection.sendall(request)
            assert read_answer(connection).status == 200
        put = raw.send(server, "PutRecord", {"StreamName": "s", "Data": "YQ==", "PartitionKey": "k"})
        assert put.status == 200
    finally:
        for connection in connections:
            connection.close()
    assert_serving(server)
