"""SQL over live streams: windows by event time, projection and filter, exactly once into another stream."""

import collections
import json
import random
import time

import pytest
from botocore.exceptions import ClientError

from harness import eventually
from reading import read_stream

ROLE = "arn:aws:iam::000000000000:role/analytics"
BASE = 1_700_000_000  # a whole number of 5 s windows since 1970


def arn(kinesis, stream):
    return kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]


def table(name, columns, stream_arn, region, position="TRIM_HORIZON"):
    return f"""CREATE TABLE {name} ({columns}) WITH (
  'connector' = 'kinesis', 'stream.arn' = '{stream_arn}', 'aws.region' = '{region}',
  'source.init.position' = '{position}', 'format' = 'json');"""


def windows_sql(source_arn, sink_arn, region):
    return "\n".join([
        table("readings", "sensor STRING, temperature DOUBLE, ts TIMESTAMP(3), "
              "WATERMARK FOR ts AS ts - INTERVAL '1' SECOND", source_arn, region),
        table("averages", "window_start TIMESTAMP(3), window_end TIMESTAMP(3), sensor STRING, average DOUBLE, "
              "highest DOUBLE, readings BIGINT", sink_arn, region),
        """INSERT INTO averages
SELECT window_start, window_end, sensor, AVG(temperature), MAX(temperature), COUNT(*)
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, sensor;""",
    ])


def start(analytics, name, sql):
    create(analytics, name, sql)
    analytics.start_application(ApplicationName=name, RunConfiguration={})
    eventually(lambda: status(analytics, name) == "RUNNING")


def create(analytics, name, sql):
    return analytics.create_application(
        ApplicationName=name, RuntimeEnvironment="FLINK-1_20", ServiceExecutionRole=ROLE,
        ApplicationConfiguration={"ApplicationCodeConfiguration": {
            "CodeContentType": "PLAINTEXT", "CodeContent": {"TextContent": sql}}},
    )["ApplicationDetail"]


def status(analytics, name):
    return analytics.describe_application(ApplicationName=name)["ApplicationDetail"]["ApplicationStatus"]


def text_of(seconds):
    """A timestamp as Flink's JSON format writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}"


def reading(sensor, temperature, seconds):
    row = {"sensor": sensor, "temperature": temperature, "ts": text_of(seconds)}
    return {"Data": json.dumps(row).encode(), "PartitionKey": sensor}


def rows(kinesis, stream):
    return [json.loads(record["Data"]) for records in read_stream(kinesis, stream).values() for record in records]


def expected_windows(readings):
    """(window start, sensor) -> (average, highest, count), by the definition of a tumbling window."""
    grouped = collections.defaultdict(list)
    for entry in readings:
        row = json.loads(entry["Data"])
        seconds = time.mktime(time.strptime(row["ts"][:19], "%Y-%m-%d %H:%M:%S")) - time.timezone
        grouped[text_of(seconds - seconds % 5)[:19], row["sensor"]].append(row["temperature"])
    return {key: (sum(values) / len(values), max(values), len(values)) for key, values in grouped.items()}


def found_windows(kinesis, stream):
    found = {}
    for row in rows(kinesis, stream):
        key = row["window_start"].replace("T", " ")[:19], row["sensor"]
        assert key not in found, f"{key} was emitted twice"
        found[key] = (row["average"], row["highest"], row["readings"])
    return found


def assert_windows(found, expected):
    assert set(found) == set(expected)
    for key, (average, highest, count) in expected.items():
        assert found[key][1:] == (highest, count), key
        assert found[key][0] == pytest.approx(average), key


@pytest.fixture
def joined(server):
    """A server with a source of `shards` shards and a sink, and the clients."""
    kinesis = server.client("kinesis")
    for name, shards in (("source", 1), ("sink", 2)):
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    return server, kinesis, server.client("kinesisanalyticsv2")


def test_tumbling_windows(joined):
    server, kinesis, analytics = joined
    start(analytics, "app", windows_sql(arn(kinesis, "source"), arn(kinesis, "sink"), server.credentials["AWS_REGION"]))
    rng = random.Random(3)
    readings = [reading(rng.choice("abc"), rng.uniform(-20, 40), BASE + n / 10) for n in range(300)]
    for begin in range(0, 300, 50):
        kinesis.put_records(StreamName="source", Records=readings[begin:begin + 50])
    # Moves the watermark past the last window; its own window stays open.
    kinesis.put_record(StreamName="source", **reading("closer", 0.0, BASE + 60))
    expected = expected_windows(readings)
    assert len(expected) == 18
    eventually(lambda: len(rows(kinesis, "sink")) >= len(expected), seconds=30)
    assert_windows(found_windows(kinesis, "sink"), expected)

    # Late for its closed window: dropped. In its open window: counted.
    kinesis.put_record(StreamName="source", **reading("a", 99.0, BASE + 1))
    kinesis.put_record(StreamName="source", **reading("closer", 2.0, BASE + 61))
    kinesis.put_record(StreamName="source", **reading("end", 0.0, BASE + 100))
    eventually(lambda: len(rows(kinesis, "sink")) > len(expected), seconds=30)
    found = found_windows(kinesis, "sink")
    assert found.pop((text_of(BASE + 60)[:19], "closer")) == (1.0, 2.0, 2)
    assert_windows(found, expected)


def test_windows_are_exactly_once_over_crashes(joined):
    server, kinesis, analytics = joined
    start(analytics, "app", windows_sql(arn(kinesis, "source"), arn(kinesis, "sink"), server.credentials["AWS_REGION"]))
    rng = random.Random(11)
    readings = [reading(rng.choice("abcd"), rng.randrange(1000) / 10, BASE + n / 5) for n in range(500)]
    for crash in range(5):
        for begin in range(crash * 100, crash * 100 + 100, 20):
            kinesis.put_records(StreamName="source", Records=readings[begin:begin + 20])
            time.sleep(rng.uniform(0, 0.3))
        server.kill9()
        server.restart()
        # It goes on by itself: nobody starts it again.
        eventually(lambda: status(analytics, "app") == "RUNNING")
    kinesis.put_record(StreamName="source", **reading("closer", 0.0, BASE + 1000))
    expected = expected_windows(readings)
    eventually(lambda: len(rows(kinesis, "sink")) >= len(expected), seconds=30)
    time.sleep(1)
    assert_windows(found_windows(kinesis, "sink"), expected)


def test_the_watermark_is_the_slowest_shards(server):
    kinesis, analytics = server.client("kinesis"), server.client("kinesisanalyticsv2")
    kinesis.create_stream(StreamName="source", ShardCount=2)
    kinesis.create_stream(StreamName="sink", ShardCount=1)
    start(analytics, "app", windows_sql(arn(kinesis, "source"), arn(kinesis, "sink"), server.credentials["AWS_REGION"]))
    low, high = {"ExplicitHashKey": "0"}, {"ExplicitHashKey": str((1 << 128) - 1)}
    kinesis.put_record(StreamName="source", **reading("fast", 1.0, BASE), **low)
    kinesis.put_record(StreamName="source", **reading("fast", 1.0, BASE + 60), **low)
    kinesis.put_record(StreamName="source", **reading("slow", 2.0, BASE + 1), **high)
    time.sleep(2)
    assert rows(kinesis, "sink") == [], "the slow shard may still bring records for the first window"
    kinesis.put_record(StreamName="source", **reading("slow", 4.0, BASE + 2), **high)
    kinesis.put_record(StreamName="source", **reading("slow", 9.0, BASE + 60), **high)
    eventually(lambda: len(rows(kinesis, "sink")) == 2)
    assert {(row["sensor"], row["readings"]) for row in rows(kinesis, "sink")} == {("fast", 1), ("slow", 2)}


def test_projection_and_filter(joined):
    server, kinesis, analytics = joined
    region = server.credentials["AWS_REGION"]
    start(analytics, "app", "\n".join([
        table("readings", "sensor STRING, temperature DOUBLE, ts TIMESTAMP(3)", arn(kinesis, "source"), region),
        table("alarms", "sensor STRING, fahrenheit DOUBLE", arn(kinesis, "sink"), region),
        "INSERT INTO alarms SELECT UPPER(sensor), temperature * 1.8 + 32 FROM readings WHERE temperature > 30;",
    ]))
    entries = [reading(f"s{n}", float(n), BASE) for n in range(50)]
    kinesis.put_records(StreamName="source", Records=entries)
    eventually(lambda: len(rows(kinesis, "sink")) >= 19)
    got = {row["sensor"]: row["fahrenheit"] for row in rows(kinesis, "sink")}
    assert got == {f"S{n}": pytest.approx(n * 1.8 + 32) for n in range(31, 50)}
    server.kill9()
    server.restart()
    kinesis.put_record(StreamName="source", **reading("last", 100.0, BASE))
    eventually(lambda: any(row["sensor"] == "LAST" for row in rows(kinesis, "sink")))
    assert len(rows(kinesis, "sink")) == 20, "nothing was emitted again after the crash"


def test_stop_and_go_on(joined):
    server, kinesis, analytics = joined
    start(analytics, "app", windows_sql(arn(kinesis, "source"), arn(kinesis, "sink"), server.credentials["AWS_REGION"]))
    kinesis.put_record(StreamName="source", **reading("a", 1.0, BASE))
    time.sleep(0.5)
    analytics.stop_application(ApplicationName="app")
    eventually(lambda: status(analytics, "app") == "READY")
    kinesis.put_record(StreamName="source", **reading("a", 3.0, BASE + 1))
    kinesis.put_record(StreamName="source", **reading("a", 0.0, BASE + 30))
    time.sleep(1)
    assert rows(kinesis, "sink") == []
    analytics.start_application(ApplicationName="app", RunConfiguration={})
    eventually(lambda: len(rows(kinesis, "sink")) == 1)
    assert rows(kinesis, "sink")[0]["readings"] == 2


def test_an_application_is_described_listed_and_deleted(joined):
    server, kinesis, analytics = joined
    sql = windows_sql(arn(kinesis, "source"), arn(kinesis, "sink"), server.credentials["AWS_REGION"])
    detail = create(analytics, "app", sql)
    assert detail["ApplicationStatus"] == "READY" and detail["ApplicationVersionId"] == 1
    assert detail["ApplicationARN"].startswith("arn:aws:kinesisanalytics:")
    summary, = analytics.list_applications()["ApplicationSummaries"]
    assert summary["ApplicationName"] == "app" and summary["RuntimeEnvironment"] == "FLINK-1_20"
    with pytest.raises(analytics.exceptions.ResourceInUseException):
        create(analytics, "app", sql)
    server.kill9()
    server.restart()
    described = analytics.describe_application(ApplicationName="app")["ApplicationDetail"]
    assert described["CreateTimestamp"] == detail["CreateTimestamp"]
    analytics.delete_application(ApplicationName="app", CreateTimestamp=described["CreateTimestamp"])

    def gone():
        try:
            status(analytics, "app")
        except analytics.exceptions.ResourceNotFoundException:
            return True

    eventually(gone)
    assert analytics.list_applications()["ApplicationSummaries"] == []


@pytest.mark.parametrize("statement", [
    "INSERT INTO nowhere SELECT * FROM readings",
    "INSERT INTO averages SELECT nonsense FROM readings",
    "SELEKT 1",
    "INSERT INTO averages SELECT sensor FROM readings",
    "INSERT INTO averages SELECT sensor, COUNT(*) FROM readings GROUP BY sensor",
], ids=["no-such-table", "no-such-column", "not-sql", "too-few-columns", "unbounded-aggregate"])
def test_bad_sql_is_refused_with_its_place(joined, statement):
    server, kinesis, analytics = joined
    tables = windows_sql(arn(kinesis, "source"), arn(kinesis, "sink"), server.credentials["AWS_REGION"])
    sql = tables[: tables.index("INSERT INTO")] + statement + ";"
    with pytest.raises(ClientError, match="CodeValidationException|InvalidArgumentException") as caught:
        create(analytics, "app", sql)
        analytics.start_application(ApplicationName="app", RunConfiguration={})
    message = caught.value.response["Error"]["Message"]
    assert "line" in message.lower(), f"the message says where: {message}"
