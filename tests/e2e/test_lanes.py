"""Streams that are kept for different times write to files of their own: what one drops does not wait for another."""

from collections import Counter

from reading import read_stream


def lanes(server):
    """How many segments with frames each lane has; `docs/log-format.md` says where in the header the lane is."""
    found = Counter()
    for path in (server.data_dir / "log").glob("seg-*.log"):
        with open(path, "rb") as segment:
            header = segment.read(4100)
        if header[4096:4100] == b"TWFR":
            found[header[13]] += 1
    return found


def put(kinesis, stream, count, first=0):
    for number in range(first, first + count):
        kinesis.put_record(StreamName=stream, Data=b"%d" % number, PartitionKey=f"k{number}")


def numbers(kinesis, stream):
    return sorted(int(record["Data"]) for records in read_stream(kinesis, stream).values() for record in records)


def test_a_stream_goes_to_the_lane_of_its_retention(make_server):
    server = make_server()
    kinesis = server.client("kinesis")
    for stream, hours in [("day", 24), ("week", 168), ("year", 8760)]:
        kinesis.create_stream(StreamName=stream, ShardCount=2)
        if hours > 24:
            kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=hours)
        put(kinesis, stream, 20)
    assert set(lanes(server)) == {0, 1, 2}

    # Children of a reshard are kept as long as their parents, and so after a restart.
    kinesis.update_shard_count(StreamName="year", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    put(kinesis, "year", 20, 20)
    server.kill9()
    server.start()
    kinesis = server.client("kinesis")
    kinesis.decrease_stream_retention_period(StreamName="week", RetentionPeriodHours=24)
    for stream in ["day", "week", "year"]:
        put(kinesis, stream, 20, 40)
    assert numbers(kinesis, "day") == [*range(20), *range(40, 60)]
    assert numbers(kinesis, "week") == [*range(20), *range(40, 60)]
    assert numbers(kinesis, "year") == [*range(60)]


def test_what_is_dropped_does_not_wait_for_what_is_kept(make_server):
    """Segments of 1 MiB; of each, a tenth is kept for a year and the rest deleted with its stream."""
    server = make_server(env={"THALWEG_TEST_SEGMENT_BYTES": str(1 << 20)})
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="kept", ShardCount=1)
    kinesis.increase_stream_retention_period(StreamName="kept", RetentionPeriodHours=8760)
    kinesis.create_stream(StreamName="dropped", ShardCount=1)
    big = {"Data": b"x" * 45_000, "PartitionKey": "k"}
    for _round in range(20):
        kinesis.put_records(StreamName="dropped", Records=[big] * 20)
        kinesis.put_records(StreamName="kept", Records=[big] * 2)
    before = lanes(server)
    assert before[0] >= 15 and before[2] >= 2, before
    kinesis.delete_stream(StreamName="dropped")
    kinesis.put_record(StreamName="kept", Data=b"y", PartitionKey="k")
    server.sigterm()
    after = lanes(server)
    assert after[0] <= 3 and after[2] == before[2], (before, after)
