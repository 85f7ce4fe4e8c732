"""Connections on which nothing happens for a while: their memory is given back, and nobody notices."""

import json
import ssl
import time

from harness import Server
from raw import connect, read_answer, request_bytes

# Longer than the second after which a connection is parked at the latest.
QUIET = 2.5


def call(server, connection, reader, operation="ListStreams", body=b"{}"):
    connection.sendall(request_bytes(server, operation, body))
    return read_answer(connection, reader)


def test_a_quiet_connection_is_used_again(shared):
    with connect(shared) as connection, connection.makefile("rb") as reader:
        for pause in [0, QUIET, 0, 0.9, 1.1, QUIET]:
            time.sleep(pause)
            assert call(shared, connection, reader).status == 200


def test_a_head_in_pieces_with_pauses_is_one_head(shared):
    with connect(shared) as connection, connection.makefile("rb") as reader:
        for _round in range(2):
            whole = request_bytes(shared, "ListStreams", b"{}")
            for at in [0, 1, 30, 200]:
                end = {0: 1, 1: 30, 30: 200, 200: len(whole)}[at]
                connection.sendall(whole[at:end])
                time.sleep(1.3)
            assert read_answer(connection, reader).status == 200


def test_a_body_that_pauses_is_waited_for(shared):
    body = b'{"Limit":10' + b" " * 5_000 + b"}"
    with connect(shared) as connection, connection.makefile("rb") as reader:
        assert call(shared, connection, reader).status == 200
        whole = request_bytes(shared, "ListStreams", body)
        connection.sendall(whole[:-3_000])
        time.sleep(QUIET)
        connection.sendall(whole[-3_000:])
        assert read_answer(connection, reader).status == 200
        time.sleep(QUIET)
        assert call(shared, connection, reader).status == 200


def test_an_answer_that_is_read_late_is_whole(make_server):
    """The socket is full for seconds in the middle of the answer."""
    server = make_server()
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for _call in range(4):
        kinesis.put_records(StreamName="s", Records=[{"Data": b"x" * 900_000, "PartitionKey": "k"}] * 5)
    shard = kinesis.list_shards(StreamName="s")["Shards"][0]["ShardId"]
    with connect(server) as connection, connection.makefile("rb") as reader:
        for _round in range(2):
            token = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
            body = json.dumps({"ShardIterator": token["ShardIterator"]}).encode()
            connection.sendall(request_bytes(server, "GetRecords", body))
            time.sleep(2 * QUIET)
            answer = read_answer(connection, reader)
            assert answer.status == 200 and len(json.loads(answer.body)["Records"]) >= 10
            time.sleep(QUIET)


def test_a_subscription_without_records_is_not_disturbed(make_server):
    server = make_server()
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    shard = kinesis.list_shards(StreamName="s")["Shards"][0]["ShardId"]
    events = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": "LATEST"}
    )["EventStream"]
    time.sleep(2 * QUIET)
    server.client("kinesis").put_record(StreamName="s", Data=b"late", PartitionKey="k")
    records = []
    for event in events:
        records += event["SubscribeToShardEvent"]["Records"]
        if records:
            break
    assert [record["Data"] for record in records] == [b"late"]


def test_a_stop_does_not_wait_for_parked_connections(make_server):
    server = make_server()
    connections = [connect(server) for _ in range(20)]
    readers = [connection.makefile("rb") for connection in connections]
    for connection, reader in zip(connections, readers):
        assert call(server, connection, reader).status == 200
    time.sleep(QUIET)
    began = time.monotonic()
    assert server.sigterm() == 0
    assert time.monotonic() - began < 5
    assert all(reader.read(1) == b"" for reader in readers), "the server closes them"


def test_quiet_connections_with_tls(binary, tmp_path):
    server = Server(binary, tmp_path / "tls", ["--tls-self-signed"], listen="localhost:0")
    server.start()
    try:
        context = ssl.create_default_context(cafile=str(server.data_dir / "tls" / "ca.pem"))
        with connect(server) as plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
            with connection.makefile("rb") as reader:
                for pause in [0, QUIET, QUIET]:
                    time.sleep(pause)
                    assert call(server, connection, reader).status == 200
    finally:
        server.stop()
