"""Records: where they land, what comes back, and how much of it at a time."""

import random
import threading

import pytest

from harness import eventually
from reading import (HASH_KEYS, assert_increasing, hash_key, iterator, owner, read_from, read_shard, read_stream,
                     shard_ids)

MIB = 1 << 20


def test_a_record_comes_back_as_it_went_in(kinesis, stream):
    put = kinesis.put_record(StreamName=stream, Data=b"\x00\xff hello", PartitionKey="key")
    record, = read_shard(kinesis, stream, put["ShardId"])
    assert record["Data"] == b"\x00\xff hello"
    assert record["PartitionKey"] == "key"
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert record["ApproximateArrivalTimestamp"].tzinfo is not None


def test_a_full_batch_comes_back_in_order_per_shard(kinesis, stream):
    entries = [{"Data": f"record {n}".encode(), "PartitionKey": f"key {n % 50}"} for n in range(500)]
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    assert answer["FailedRecordCount"] == 0
    assert len(answer["Records"]) == 500
    expected = {}
    for entry, result in zip(entries, answer["Records"]):
        assert "ErrorCode" not in result
        expected.setdefault(result["ShardId"], []).append((int(result["SequenceNumber"]), entry))
    assert len(expected) == 4
    for shard, records in read_stream(kinesis, stream).items():
        assert_increasing(records)
        # In order of sequence numbers, which need not be the order inside the batch.
        wanted = [entry for _, entry in sorted(expected[shard], key=lambda pair: pair[0])]
        assert [(r["Data"], r["PartitionKey"]) for r in records] == [(e["Data"], e["PartitionKey"]) for e in wanted]


def test_records_of_one_key_keep_their_order(kinesis, stream):
    for n in range(40):
        kinesis.put_record(StreamName=stream, Data=str(n).encode(), PartitionKey="one")
    shard = owner(kinesis.list_shards(StreamName=stream)["Shards"], hash_key("one"))
    assert [int(record["Data"]) for record in read_shard(kinesis, stream, shard)] == list(range(40))


def test_routing_is_md5_of_the_key(kinesis, stream):
    shards = kinesis.list_shards(StreamName=stream)["Shards"]
    keys = [f"key-{n}" for n in range(200)] + ["", " ", "ключ", "鍵", "🔑", "a" * 256, "é" * 256]
    keys.remove("")
    answer = kinesis.put_records(StreamName=stream, Records=[{"Data": b"x", "PartitionKey": key} for key in keys])
    for key, result in zip(keys, answer["Records"]):
        assert result["ShardId"] == owner(shards, hash_key(key)), key
    read = {record["PartitionKey"] for records in read_stream(kinesis, stream).values() for record in records}
    assert read == set(keys)


def test_an_explicit_hash_key_wins(kinesis, stream):
    shards = kinesis.list_shards(StreamName=stream)["Shards"]
    edges = [0, HASH_KEYS - 1]
    for shard in shards:
        edges += [int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"])]
    for key in edges:
        put = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="same", ExplicitHashKey=str(key))
        assert put["ShardId"] == owner(shards, key)
    entries = [{"Data": b"x", "PartitionKey": "same", "ExplicitHashKey": str(key)} for key in edges]
    results = kinesis.put_records(StreamName=stream, Records=entries)["Records"]
    assert [result["ShardId"] for result in results] == [owner(shards, key) for key in edges]
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k", ExplicitHashKey=str(HASH_KEYS))


def test_sequence_numbers_increase_over_calls(kinesis, stream):
    numbers = {}
    for n in range(100):
        put = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey=str(n))
        numbers.setdefault(put["ShardId"], []).append(int(put["SequenceNumber"]))
    for of_shard in numbers.values():
        assert of_shard == sorted(set(of_shard))
    last = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="0", SequenceNumberForOrdering=str(
        max(numbers[owner(kinesis.list_shards(StreamName=stream)["Shards"], hash_key("0"))])))
    assert int(last["SequenceNumber"]) > max(numbers[last["ShardId"]])


def test_the_smallest_and_the_largest_record(kinesis, stream):
    key = "k"
    largest = random.Random(1).randbytes(MIB - len(key))
    for data in (b"", b"\x00", largest):
        kinesis.put_record(StreamName=stream, Data=data, PartitionKey=key)
    shard = owner(kinesis.list_shards(StreamName=stream)["Shards"], hash_key(key))
    assert [record["Data"] for record in read_shard(kinesis, stream, shard)] == [b"", b"\x00", largest]
    # Data and key together are more than the stream's largest record.
    with pytest.raises(Exception, match="ValidationException|InvalidArgumentException"):
        kinesis.put_record(StreamName=stream, Data=largest + b"x", PartitionKey=key)


def test_one_bad_entry_fails_the_whole_batch(kinesis, stream):
    entries = [{"Data": b"good", "PartitionKey": "k"}, {"Data": b"bad", "PartitionKey": "k" * 257}]
    with pytest.raises(Exception, match="ValidationException"):
        kinesis.put_records(StreamName=stream, Records=entries)
    over = [{"Data": bytes(MIB - 100), "PartitionKey": str(n)} for n in range(11)]
    with pytest.raises(Exception, match="InvalidArgumentException|ValidationException"):
        kinesis.put_records(StreamName=stream, Records=over)
    assert all(records == [] for records in read_stream(kinesis, stream).values())


def test_a_page_ends_at_ten_mebibytes(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    data = [random.Random(n).randbytes(900_000) for n in range(25)]
    for start in (0, 11, 22):
        batch = data[start:start + 11]
        kinesis.put_records(StreamName=name, Records=[{"Data": d, "PartitionKey": "k"} for d in batch])
    shard, = shard_ids(kinesis, name)
    token, pages = iterator(kinesis, name, shard), []
    while sum(len(page) for page in pages) < len(data):
        answer = kinesis.get_records(ShardIterator=token)
        pages.append([record["Data"] for record in answer["Records"]])
        token = answer["NextShardIterator"]
        assert sum(len(d) for d in pages[-1]) <= 10 * MIB
    assert [d for page in pages for d in page] == data
    assert 3 <= len([page for page in pages if page]) <= 5
    kinesis.delete_stream(StreamName=name)


def test_a_limit_is_kept(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    for start in range(0, 1200, 400):
        kinesis.put_records(StreamName=name, Records=[
            {"Data": str(n).encode(), "PartitionKey": "k"} for n in range(start, start + 400)])
    shard, = shard_ids(kinesis, name)
    for limit in (1, 7, 500, 1200, 10_000):
        answer = kinesis.get_records(ShardIterator=iterator(kinesis, name, shard), Limit=limit)
        assert len(answer["Records"]) == min(limit, 1200)
    records = read_from(kinesis, iterator(kinesis, name, shard), limit=99)
    assert sorted(int(record["Data"]) for record in records) == list(range(1200))
    assert_increasing(records)
    kinesis.delete_stream(StreamName=name)


def test_many_readers_while_writing(kinesis, shared, new_name):
    """Six readers that follow the tip see every record, once and in order, while four writers write."""
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    shards = shard_ids(kinesis, name)
    written, lock, done = {shard: {} for shard in shards}, threading.Lock(), threading.Event()
    failures = []

    def guarded(work, *arguments):
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - any failure in a thread has to fail the test
            failures.append(error)

    def write(writer):
        client = shared.client("kinesis")
        for n in range(30):
            entries = [{"Data": f"{writer}/{n}/{i}".encode(), "PartitionKey": f"{writer}{i}"} for i in range(20)]
            results = client.put_records(StreamName=name, Records=entries)["Records"]
            with lock:
                for entry, result in zip(entries, results):
                    written[result["ShardId"]][int(result["SequenceNumber"])] = entry["Data"]

    seen = []

    def read(shard):
        client = shared.client("kinesis")
        token, records = iterator(client, name, shard), []
        seen.append((shard, records))
        while True:
            finished = done.is_set()
            answer = client.get_records(ShardIterator=token)
            token = answer["NextShardIterator"]
            records += [(int(r["SequenceNumber"]), r["Data"]) for r in answer["Records"]]
            if finished and not answer["Records"]:
                return

    writers = [threading.Thread(target=guarded, args=(write, n)) for n in range(4)]
    readers = [threading.Thread(target=guarded, args=(read, shard)) for shard in shards for _ in range(3)]
    for thread in writers + readers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert not failures
    assert len(seen) == 6
    for shard, records in seen:
        assert records == sorted(written[shard].items())
    kinesis.delete_stream(StreamName=name)


def test_lag_is_told(kinesis, new_name):
    name = new_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    shard, = shard_ids(kinesis, name)
    empty = kinesis.get_records(ShardIterator=iterator(kinesis, name, shard))
    assert empty["Records"] == [] and empty["MillisBehindLatest"] == 0 and empty["NextShardIterator"]
    for n in range(3):
        kinesis.put_record(StreamName=name, Data=str(n).encode(), PartitionKey="k")

    def behind():
        answer = kinesis.get_records(ShardIterator=iterator(kinesis, name, shard), Limit=1)
        assert len(answer["Records"]) == 1
        return answer["MillisBehindLatest"] > 0

    eventually(behind, seconds=5)
    whole = kinesis.get_records(ShardIterator=iterator(kinesis, name, shard))
    assert len(whole["Records"]) == 3 and whole["MillisBehindLatest"] == 0
    kinesis.delete_stream(StreamName=name)
