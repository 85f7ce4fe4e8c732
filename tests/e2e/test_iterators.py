"""The five kinds of iterator, and what an iterator withstands."""

import datetime
import time

import pytest

import raw
from reading import hash_key, iterator, owner, read_from, read_shard, shard_ids

NUMBER_OF_RECORDS = 10


@pytest.fixture
def filled(kinesis, new_name):
    """A stream of one shard with ten records, and what the puts answered."""
    name = new_name("filled")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    puts = [kinesis.put_record(StreamName=name, Data=str(n).encode(), PartitionKey="k")
            for n in range(NUMBER_OF_RECORDS)]
    yield name, puts[0]["ShardId"], [put["SequenceNumber"] for put in puts]
    kinesis.delete_stream(StreamName=name)


def values(records):
    return [int(record["Data"]) for record in records]


def test_trim_horizon_starts_at_the_oldest(kinesis, filled):
    name, shard, _ = filled
    assert values(read_shard(kinesis, name, shard)) == list(range(10))


def test_at_sequence_number_includes_it(kinesis, filled):
    name, shard, numbers = filled
    for n in (0, 4, 9):
        read = read_shard(kinesis, name, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[n])
        assert values(read) == list(range(n, 10))


def test_after_sequence_number_excludes_it(kinesis, filled):
    name, shard, numbers = filled
    for n in (0, 4, 9):
        read = read_shard(kinesis, name, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[n])
        assert values(read) == list(range(n + 1, 10))


def test_the_shards_own_start_is_a_position(kinesis, filled):
    name, shard, _ = filled
    start = kinesis.list_shards(StreamName=name)["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert values(read_shard(kinesis, name, shard, kind, StartingSequenceNumber=start)) == list(range(10))


def test_latest_sees_what_is_put_after_it(kinesis, filled):
    name, shard, _ = filled
    token = iterator(kinesis, name, shard, "LATEST")
    assert kinesis.get_records(ShardIterator=token)["Records"] == []
    kinesis.put_record(StreamName=name, Data=b"10", PartitionKey="k")
    assert values(read_from(kinesis, token)) == [10]


def test_at_timestamp_includes_the_millisecond(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    shard, = shard_ids(kinesis, name)
    for n in range(5):
        kinesis.put_record(StreamName=name, Data=str(n).encode(), PartitionKey="k")
        time.sleep(0.01)
    records = read_shard(kinesis, name, shard)
    for n, record in enumerate(records):
        arrival = record["ApproximateArrivalTimestamp"]
        assert values(read_shard(kinesis, name, shard, "AT_TIMESTAMP", Timestamp=arrival)) == list(range(n, 5))
        later = arrival + datetime.timedelta(milliseconds=1)
        assert values(read_shard(kinesis, name, shard, "AT_TIMESTAMP", Timestamp=later)) == list(range(n + 1, 5))
    long_ago = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
    assert values(read_shard(kinesis, name, shard, "AT_TIMESTAMP", Timestamp=long_ago)) == list(range(5))
    # After the last record: an iterator at the tip.
    now = datetime.datetime.now(datetime.timezone.utc)
    token = iterator(kinesis, name, shard, "AT_TIMESTAMP", Timestamp=now)
    kinesis.put_record(StreamName=name, Data=b"5", PartitionKey="k")
    assert values(read_from(kinesis, token)) == [5]
    kinesis.delete_stream(StreamName=name)


def test_a_timestamp_far_in_the_future_is_refused(kinesis, filled):
    name, shard, _ = filled
    future = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        iterator(kinesis, name, shard, "AT_TIMESTAMP", Timestamp=future)


def test_an_iterator_can_be_used_again(kinesis, filled):
    name, shard, _ = filled
    token = iterator(kinesis, name, shard)
    first = kinesis.get_records(ShardIterator=token, Limit=4)
    for _ in range(3):
        again = kinesis.get_records(ShardIterator=token, Limit=4)
        assert again["Records"] == first["Records"]
    assert values(read_from(kinesis, first["NextShardIterator"])) == [4, 5, 6, 7, 8, 9]


def test_iterators_are_independent(kinesis, filled):
    name, shard, numbers = filled
    tokens = [iterator(kinesis, name, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=n) for n in numbers]
    for _ in range(2):
        for n, token in reversed(list(enumerate(tokens))):
            assert values(kinesis.get_records(ShardIterator=token)["Records"]) == list(range(n, 10))


def test_an_iterator_has_the_length_that_clients_allow(kinesis, new_name):
    name = "n" * 128
    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert 1 <= len(iterator(kinesis, name, shard_ids(kinesis, name)[0])) <= 512
    kinesis.delete_stream(StreamName=name)


def test_a_forged_iterator_is_refused(kinesis, filled):
    name, shard, _ = filled
    token = iterator(kinesis, name, shard)
    flipped = ("B" if token[20] != "B" else "C").join([token[:20], token[21:]])
    for forged in ("garbage", "AAAA", token[:-4], flipped, token + "AAAA"):
        with pytest.raises(kinesis.exceptions.InvalidArgumentException):
            kinesis.get_records(ShardIterator=forged)


def test_a_position_must_fit_its_kind(kinesis, filled, stream):
    name, shard, numbers = filled
    refused = kinesis.exceptions.InvalidArgumentException
    with pytest.raises(refused):
        iterator(kinesis, name, shard, "AT_SEQUENCE_NUMBER")
    with pytest.raises(refused):
        iterator(kinesis, name, shard, "AFTER_SEQUENCE_NUMBER")
    with pytest.raises(refused):
        iterator(kinesis, name, shard, "AT_TIMESTAMP")
    with pytest.raises(refused):
        iterator(kinesis, name, shard, "LATEST", StartingSequenceNumber=numbers[0])
    with pytest.raises(refused):
        iterator(kinesis, name, shard, "TRIM_HORIZON", StartingSequenceNumber=numbers[0])
    with pytest.raises(refused):
        iterator(kinesis, name, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber="12345")
    # A number of another stream's shard names nothing here.
    other = owner(kinesis.list_shards(StreamName=stream)["Shards"], hash_key("k"))
    with pytest.raises(refused):
        iterator(kinesis, stream, other, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0])
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        iterator(kinesis, name, "shardId-000000000099")


def test_an_iterator_survives_a_restart(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.put_record(StreamName="s", Data=b"0", PartitionKey="k")
    token = iterator(kinesis, "s", "shardId-000000000000")
    server.kill9()
    server.restart()
    assert values(kinesis.get_records(ShardIterator=token)["Records"]) == [0]


def test_an_iterator_expires_after_five_minutes(make_server):
    """The server is started again with its clock ahead; requests are signed with the same shifted time."""
    server = make_server()
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.put_record(StreamName="s", Data=b"0", PartitionKey="k")
    token = iterator(kinesis, "s", "shardId-000000000000")

    def get_records_after(seconds):
        assert server.sigterm() == 0
        server.env["THALWEG_TEST_CLOCK_OFFSET_SECONDS"] = str(seconds)
        server.restart()
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        return raw.send(server, "GetRecords", {"ShardIterator": token}, now=now)

    fresh = get_records_after(200)
    assert fresh.status == 200 and len(fresh.json()["Records"]) == 1
    expired = get_records_after(330)
    assert expired.status == 400
    assert expired.error == "ExpiredIteratorException"
    assert expired.headers["x-amzn-errortype"] == "ExpiredIteratorException"
