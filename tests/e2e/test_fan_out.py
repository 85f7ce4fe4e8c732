"""SubscribeToShard with the real client: events, heartbeats, takeover, shard ends, restarts, many subscribers.

The five minutes of a subscription are tested with a clock moved by hand, in `streams/tests/data_streams/fan_out.rs`.
"""

import itertools
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError

from harness import eventually
from reading import read_shard

SHARD = "shardId-000000000000"
# botocore lets the errors of its transport through while it reads events.
GONE = (BotoCoreError, ConnectionError, EventStreamError, HTTPError)


def code_of(error):
    return error.value.response["Error"]["Code"]


def make_consumer(kinesis, name, shards=1, consumer="c"):
    """A new stream with one consumer: its ARN."""
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return register(kinesis, name, consumer)


def register(kinesis, name, consumer):
    stream_arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    arn = kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName=consumer)["Consumer"]["ConsumerARN"]
    described = lambda: kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"]
    eventually(lambda: described() == "ACTIVE")
    return arn


def subscribe(kinesis, arn, shard=SHARD, **position):
    position = position or {"Type": "TRIM_HORIZON"}
    return kinesis.subscribe_to_shard(ConsumerARN=arn, ShardId=shard, StartingPosition=position)["EventStream"]


def events(stream):
    for event in stream:
        yield event["SubscribeToShardEvent"]


def take_records(stream, count):
    """The first `count` records, and the continuation number after them."""
    records = []
    for event in events(stream):
        records += event["Records"]
        if len(records) >= count:
            return records, event.get("ContinuationSequenceNumber")
    raise AssertionError(f"the stream ended after {len(records)} of {count} records")


def put(kinesis, name, data, key="k"):
    return kinesis.put_record(StreamName=name, Data=data, PartitionKey=key)["SequenceNumber"]


def test_records_are_pushed_in_order_and_with_all_their_members(kinesis, new_name):
    name = new_name("fan")
    arn = make_consumer(kinesis, name)
    numbers = [put(kinesis, name, f"r{i}".encode(), f"key {i}") for i in range(10)]
    stream = subscribe(kinesis, arn)
    records, _ = take_records(stream, 10)
    assert [r["SequenceNumber"] for r in records] == numbers
    assert [r["Data"] for r in records] == [f"r{i}".encode() for i in range(10)]
    assert [r["PartitionKey"] for r in records] == [f"key {i}" for i in range(10)]
    assert all(abs(r["ApproximateArrivalTimestamp"].timestamp() - time.time()) < 60 for r in records)
    started = time.monotonic()
    number = put(kinesis, name, b"pushed")
    records, continuation = take_records(stream, 1)
    assert time.monotonic() - started < 1
    assert [r["SequenceNumber"] for r in records] == [number]
    assert continuation >= number
    stream.close()


def test_an_idle_shard_sends_heartbeats_whose_numbers_can_be_used(kinesis, new_name):
    name = new_name("fan")
    arn = make_consumer(kinesis, name)
    stream = subscribe(kinesis, arn, Type="LATEST")
    started = time.monotonic()
    beats = list(itertools.islice(events(stream), 3))
    assert time.monotonic() - started < 12
    assert all(beat["Records"] == [] and beat["MillisBehindLatest"] == 0 for beat in beats)
    numbers = [beat["ContinuationSequenceNumber"] for beat in beats]
    assert numbers == sorted(numbers)
    stream.close()
    put(kinesis, name, b"after")
    iterator = kinesis.get_shard_iterator(
        StreamName=name, ShardId=SHARD, ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[-1]
    )["ShardIterator"]
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=iterator)["Records"]] == [b"after"]
    stream = subscribe(kinesis, arn, Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[-1])
    assert [r["Data"] for r in take_records(stream, 1)[0]] == [b"after"]
    stream.close()


def test_positions_start_where_iterators_do(kinesis, new_name):
    name = new_name("fan")
    make_consumer(kinesis, name)
    numbers = [put(kinesis, name, f"{i}".encode()) for i in range(3)]
    time.sleep(0.05)
    middle = time.time()
    put(kinesis, name, b"3")
    positions = [
        ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": numbers[1]}, b"1"),
        ({"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": numbers[1]}, b"2"),
        ({"Type": "AT_TIMESTAMP", "Timestamp": middle}, b"3"),
        ({"Type": "TRIM_HORIZON"}, b"0"),
    ]
    for index, (position, first) in enumerate(positions):
        arn = register(kinesis, name, f"consumer-{index}")
        stream = subscribe(kinesis, arn, **position)
        assert take_records(stream, 1)[0][0]["Data"] == first, position
        stream.close()


def test_errors_before_the_stream_are_plain(kinesis, new_name):
    name = new_name("fan")
    arn = make_consumer(kinesis, name)
    number = put(kinesis, name, b"x")
    later = time.time() + 3600
    for wrong, code in [
        ({"ConsumerARN": arn[:-1] + "1" if arn[-1] != "1" else arn[:-1] + "2"}, "ResourceNotFoundException"),
        ({"ShardId": "shardId-000000000007"}, "ResourceNotFoundException"),
        ({"StartingPosition": {"Type": "AT_SEQUENCE_NUMBER"}}, "InvalidArgumentException"),
        ({"StartingPosition": {"Type": "AT_TIMESTAMP"}}, "InvalidArgumentException"),
        ({"StartingPosition": {"Type": "AT_TIMESTAMP", "Timestamp": later}}, "InvalidArgumentException"),
        ({"StartingPosition": {"Type": "LATEST", "SequenceNumber": number}}, "InvalidArgumentException"),
        ({"StartingPosition": {"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": "7"}}, "InvalidArgumentException"),
        ({"StartingPosition": {"Type": "NOWHERE"}}, "ValidationException"),
        ({"DryRun": True}, "DryRunOperationException"),
    ]:
        request = {"ConsumerARN": arn, "ShardId": SHARD, "StartingPosition": {"Type": "LATEST"}, **wrong}
        with pytest.raises(ClientError) as error:
            kinesis.subscribe_to_shard(**request)
        assert code_of(error) == code, wrong
    # None of them took the subscription.
    subscribe(kinesis, arn).close()


def test_a_second_call_is_refused_and_after_five_seconds_takes_over(kinesis, new_name):
    name = new_name("fan")
    arn = make_consumer(kinesis, name)
    first = subscribe(kinesis, arn, Type="LATEST")
    with pytest.raises(ClientError) as error:
        subscribe(kinesis, arn)
    assert code_of(error) == "ResourceInUseException"
    time.sleep(5.1)
    second = subscribe(kinesis, arn, Type="LATEST")
    with pytest.raises(EventStreamError) as error:
        list(first)
    assert code_of(error) == "ResourceInUseException"
    put(kinesis, name, b"x")
    assert take_records(second, 1)[0][0]["Data"] == b"x"
    second.close()


def test_a_closed_shard_ends_with_its_children(kinesis, new_name):
    name = new_name("fan")
    arn = make_consumer(kinesis, name, shards=2)
    streams = [subscribe(kinesis, arn, shard=f"shardId-00000000000{i}", Type="LATEST") for i in range(2)]
    put(kinesis, name, b"last")
    kinesis.merge_shards(StreamName=name, ShardToMerge=SHARD, AdjacentShardToMerge="shardId-000000000001")
    told = [list(events(stream)) for stream in streams]
    assert sum(len(event["Records"]) for one in told for event in one) == 1
    for one in told:
        assert all("ChildShards" not in event for event in one[:-1])
        assert all(event["ContinuationSequenceNumber"] for event in one[:-1])
        assert "ContinuationSequenceNumber" not in one[-1]
        (child,) = one[-1]["ChildShards"]
        assert child["ShardId"] == "shardId-000000000002"
        assert sorted(child["ParentShards"]) == [SHARD, "shardId-000000000001"]
        assert child["HashKeyRange"]["StartingHashKey"] == "0"
    # As KCL asks for the children of a shard that it has finished.
    (only,) = events(subscribe(kinesis, arn, Type="LATEST"))
    assert (only["Records"], len(only["ChildShards"])) == ([], 1)
    assert "ContinuationSequenceNumber" not in only


@pytest.mark.parametrize("end", ["deregister", "delete"])
def test_what_a_subscription_needs_going_away_ends_it(kinesis, new_name, end):
    name = new_name("fan")
    arn = make_consumer(kinesis, name)
    stream = subscribe(kinesis, arn, Type="LATEST")
    told = iter(stream)
    assert next(told)["SubscribeToShardEvent"]["Records"] == []
    if end == "deregister":
        kinesis.deregister_stream_consumer(ConsumerARN=arn)
    else:
        kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
    with pytest.raises(EventStreamError) as error:
        list(told)
    assert code_of(error) == "ResourceNotFoundException"


def test_a_stop_of_the_server_ends_subscriptions_cleanly(server):
    kinesis = server.client("kinesis")
    arn = make_consumer(kinesis, "s")
    told = iter(subscribe(kinesis, arn, Type="LATEST"))
    next(told)
    started = time.monotonic()
    rest = []
    reading = threading.Thread(target=lambda: rest.extend(told))
    reading.start()
    assert server.sigterm() == 0
    assert time.monotonic() - started < 10
    reading.join(10)
    assert rest == []


def test_nothing_is_lost_when_the_server_dies_and_the_client_goes_on(server):
    kinesis = server.client("kinesis")
    arn = make_consumer(kinesis, "s")
    # The reader may only stop when it is certain that nothing more will be acknowledged.
    stopping, written, acknowledged, seen = threading.Event(), threading.Event(), [], []

    def write():
        for index in itertools.count():
            while not stopping.is_set():
                try:
                    acknowledged.append(put(kinesis, "s", b"%d" % index))
                    break
                except (*GONE, ClientError):
                    time.sleep(0.05)
            if stopping.is_set():
                return

    def read():
        position = {"Type": "TRIM_HORIZON"}
        while not (written.is_set() and acknowledged and seen and seen[-1] >= acknowledged[-1]):
            try:
                for event in events(subscribe(kinesis, arn, **position)):
                    seen.extend(r["SequenceNumber"] for r in event["Records"])
                    position = {
                        "Type": "AFTER_SEQUENCE_NUMBER",
                        "SequenceNumber": event["ContinuationSequenceNumber"],
                    }
                    if written.is_set() and seen and seen[-1] >= acknowledged[-1]:
                        return
            except (*GONE, ClientError):
                time.sleep(0.05)

    threads = [threading.Thread(target=write, daemon=True), threading.Thread(target=read, daemon=True)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(1)
        server.kill9()
        server.restart()
    time.sleep(1)
    stopping.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
        written.set()
    everything = [r["SequenceNumber"] for r in read_shard(kinesis, "s", SHARD)]
    assert set(acknowledged) <= set(everything)
    assert seen == everything[: len(seen)], "each once, in order, none left out"
    assert len(seen) >= len(acknowledged) > 50


def test_twenty_subscribers_of_one_shard_all_get_everything(server):
    kinesis = server.client("kinesis", max_pool_connections=64)
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arns = [register(kinesis, "s", f"consumer-{i}") for i in range(20)]
    count, size = 3000, 2000
    got, failures = {arn: [] for arn in arns}, []

    def read(arn):
        try:
            stream = subscribe(kinesis, arn, Type="LATEST")
            ready.release()
            got[arn], _ = take_records(stream, count)
            stream.close()
        except Exception as error:  # noqa: BLE001 - a thread's failure has to fail the test
            failures.append(repr(error))

    ready = threading.Semaphore(0)
    threads = [threading.Thread(target=read, args=(arn,), daemon=True) for arn in arns]
    for thread in threads:
        thread.start()
    for _ in arns:
        assert ready.acquire(timeout=20), failures
    for start in range(0, count, 100):
        records = [{"Data": b"%08d" % i + bytes(size), "PartitionKey": "k"} for i in range(start, start + 100)]
        assert kinesis.put_records(StreamName="s", Records=records)["FailedRecordCount"] == 0
    for thread in threads:
        thread.join(60)
    assert not failures
    for arn in arns:
        assert [int(r["Data"][:8]) for r in got[arn]] == list(range(count))


def test_a_client_that_does_not_read_stops_nobody(server):
    kinesis = server.client("kinesis")
    slow_arn = make_consumer(kinesis, "s", consumer="slow")
    quick_arn = register(kinesis, "s", "quick")
    slow = subscribe(kinesis, slow_arn, Type="LATEST")
    quick = subscribe(kinesis, quick_arn, Type="LATEST")
    for index in range(40):
        put(kinesis, "s", b"%04d" % index + bytes(900_000))
    assert len(take_records(quick, 40)[0]) == 40
    records, _ = take_records(slow, 40)
    assert [int(r["Data"][:4]) for r in records] == list(range(40)), "and it still gets all when it goes on"
    slow.close()
    quick.close()
