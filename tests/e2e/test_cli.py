"""The commands for people, run as people run them: put, tail, stream, consumers; with credentials from everywhere.

Aggregated records come from `aws_kinesis_agg`, which shares no code with us.
"""

import base64
import json
import os
import signal
import subprocess
import time

import pytest
from aws_kinesis_agg.aggregator import RecordAggregator
from aws_kinesis_agg.deaggregator import deaggregate_records

from harness import eventually

AWS_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION",
                 "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS")


def environment(**more):
    """Nothing of the AWS configuration of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if name not in AWS_VARIABLES}
    clean.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true")
    return {**clean, **more}


@pytest.fixture
def cli(shared):
    """Runs `thalweg` beside the shared server, which it finds by its data directory."""

    def run(*arguments, stdin="", check=True, env=None):
        done = subprocess.run(
            [shared.binary, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
            env=env or environment(THALWEG_DATA_DIR=str(shared.data_dir)),
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def read_all(cli, stream, *more):
    return rows(cli("tail", stream, "--no-follow", "--format", "json", *more))


def lambda_event(record):
    """A record in the form of Lambda's events, which that implementation reads."""
    kinesis = {"kinesisSchemaVersion": "1.0", "partitionKey": record["PartitionKey"],
               "sequenceNumber": record["SequenceNumber"], "data": base64.b64encode(record["Data"]).decode(),
               "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp()}
    event = ("eventID", "eventSource", "eventVersion", "eventName", "invokeIdentityArn", "awsRegion", "eventSourceARN")
    return {"kinesis": kinesis, **dict.fromkeys(event, "")}


def test_lines_go_in_and_come_out(cli, new_name):
    name = new_name("cli")
    cli("stream", "create", name, "--shards", "3", "--wait")
    lines = [json.dumps({"user": {"id": f"u{n % 7}"}, "n": n}) for n in range(1200)]
    put = cli("put", name, "--key", ".user.id", stdin="\n".join(lines) + "\n")
    assert "put 1200 records" in put.stderr
    records = read_all(cli, name)
    assert sorted(record["data"] for record in records) == sorted(lines)
    assert all(json.loads(record["data"])["user"]["id"] == record["partitionKey"] for record in records)
    for user in range(7):
        of_user = [json.loads(r["data"])["n"] for r in records if r["partitionKey"] == f"u{user}"]
        assert of_user == sorted(of_user), "a key keeps its order"
    arrivals = [record["arrival"] for record in records]
    assert arrivals == sorted(arrivals), "shards are merged by arrival"

    assert len(read_all(cli, name, "--limit", "5")) == 5
    assert len(read_all(cli, name, "--grep", r'"n": 1\d\d}')) == 100
    shard = records[0]["shard"]
    assert {r["shard"] for r in read_all(cli, name, "--shard", shard[-1])} == {shard}
    assert read_all(cli, name, "--from", "-10m") == records
    assert read_all(cli, name, "--from", "latest") == []
    raw = cli("tail", name, "--no-follow").stdout
    assert raw.splitlines() == [record["data"] for record in records]


def test_lines_without_their_key_are_told(cli, new_name):
    name = new_name("cli")
    cli("stream", "create", name, "--wait")
    done = cli("put", name, "--key", "/id", stdin='{"id":1}\nnot json\n{"other":2}\n', check=False)
    assert done.returncode == 1
    assert "line 2" in done.stderr and "line 3" in done.stderr and "2 lines were not put" in done.stderr
    assert [r["data"] for r in read_all(cli, name)] == ['{"id":1}']


def test_files_and_a_rate(cli, new_name, tmp_path):
    name = new_name("cli")
    cli("stream", "create", name, "--wait")
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_text("".join(f"{n}\n" for n in range(30)))
    second.write_text("last")
    started = time.monotonic()
    cli("put", name, str(first), str(second), "--rate", "20/s", "--quiet")
    assert 1 < time.monotonic() - started < 10
    assert len(read_all(cli, name)) == 31
    missing = cli("put", name, str(tmp_path / "3"), check=False)
    assert missing.returncode == 1 and "cannot read" in missing.stderr


def test_aggregates_of_another_implementation_are_opened(cli, shared, new_name):
    name = new_name("cli")
    cli("stream", "create", name, "--wait")
    aggregator = RecordAggregator()
    for n in range(50):
        aggregator.add_user_record(f"key{n}", f"data {n}".encode(), None if n % 2 else str(n * 10**30))
    key, hash_key, data = aggregator.clear_and_get().get_contents()
    kinesis = shared.client("kinesis")
    kinesis.put_record(StreamName=name, PartitionKey=key, Data=data)
    records = read_all(cli, name)
    assert [r["data"] for r in records] == [f"data {n}" for n in range(50)]
    assert [r["partitionKey"] for r in records] == [f"key{n}" for n in range(50)]
    assert [r["subSequenceNumber"] for r in records] == list(range(50))
    assert len({r["sequenceNumber"] for r in records}) == 1

    broken = data[:-1] + bytes([data[-1] ^ 1])
    kinesis.put_record(StreamName=name, PartitionKey=key, Data=broken)
    last = read_all(cli, name)[-1]
    assert base64.b64decode(last["dataBase64"]) == broken and "subSequenceNumber" not in last


def test_our_aggregates_are_read_by_another_implementation(cli, shared, new_name):
    name = new_name("cli")
    cli("stream", "create", name, "--shards", "2", "--wait")
    lines = [f"line {n}" for n in range(3000)]
    cli("put", name, "--aggregate", stdin="\n".join(lines))
    kinesis = shared.client("kinesis")
    stored = []
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        token = kinesis.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        stored += kinesis.get_records(ShardIterator=token["ShardIterator"])["Records"]
    assert len(stored) < 100, "many lines are one record"
    opened = [base64.b64decode(r["kinesis"]["data"]).decode() for r in deaggregate_records(map(lambda_event, stored))]
    assert sorted(opened) == sorted(lines)
    assert sorted(r["data"] for r in read_all(cli, name)) == sorted(lines)


def test_firehose_delivers_user_records(cli, server, new_name):
    kinesis, firehose = server.client("kinesis"), server.client("firehose")
    kinesis.create_stream(StreamName="source", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="source")
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    role = "arn:aws:iam::000000000000:role/r"
    firehose.create_delivery_stream(
        DeliveryStreamName="d", DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": role},
        ExtendedS3DestinationConfiguration={"RoleARN": role, "BucketARN": "arn:aws:s3:::b",
                                            "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 1},
                                            "CompressionFormat": "UNCOMPRESSED"})
    eventually(lambda: firehose.describe_delivery_stream(DeliveryStreamName="d")
               ["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE")
    here = environment(THALWEG_DATA_DIR=str(server.data_dir))
    cli("put", "source", "--aggregate", stdin="\n".join(f"<{n}>" for n in range(500)), env=here)

    def delivered():
        files = [path for path in (server.data_dir / "buckets" / "b").rglob("*") if path.is_file()]
        text = "".join(path.read_text() for path in files)
        return sorted(text.strip("<>").split("><")) == sorted(str(n) for n in range(500))

    eventually(delivered)


def test_a_tail_follows_a_reshard_and_ends_with_control_c(cli, shared, new_name):
    name = new_name("cli")
    cli("stream", "create", name, "--shards", "1", "--wait")
    here = environment(THALWEG_DATA_DIR=str(shared.data_dir))
    tail = subprocess.Popen([shared.binary, "tail", name, "--from", "horizon"], stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.PIPE, env=here)
    try:
        cli("put", name, "--key", "k", stdin="".join(f"{n}\n" for n in range(10)))
        cli("stream", "reshard", name, "--shards", "2", "--wait")
        cli("put", name, "--key", "k", stdin="".join(f"{n}\n" for n in range(10, 20)))
        cli("stream", "reshard", name, "--shards", "1", "--wait")
        cli("put", name, "--key", "k", stdin="".join(f"{n}\n" for n in range(20, 30)))
        seen = [tail.stdout.readline().strip() for _ in range(30)]
        assert seen == [str(n) for n in range(30)], "parents come before their children"
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 0, tail.stderr.read()
    finally:
        tail.kill()
    described = cli("stream", "describe", name).stdout
    assert "1 open, 3 closed" in described
    assert len(json.loads(cli("stream", "describe", name, "--json").stdout)["Shards"]) == 4
    assert [r["data"] for r in read_all(cli, name)] == [str(n) for n in range(30)]
    cli("stream", "rm", name)
    eventually(lambda: name not in cli("stream", "ls").stdout)


def test_credentials_come_from_wherever_aws_clients_find_them(cli, shared, tmp_path):
    keys = shared.credentials
    pair = {name: keys[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    nowhere = {"THALWEG_DATA_DIR": str(tmp_path)}
    where = {"AWS_ENDPOINT_URL_KINESIS": shared.endpoint}
    cli("stream", "ls", env=environment(**nowhere, **pair, **where))

    wrong = environment(**nowhere, **where, AWS_ACCESS_KEY_ID="AKIDWRONG", AWS_SECRET_ACCESS_KEY="x")
    done = cli("stream", "ls", env=wrong, check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "thalweg env" in done.stderr

    credentials, config = tmp_path / "credentials", tmp_path / "config"
    credentials.write_text(f"[p]\naws_access_key_id = {pair['AWS_ACCESS_KEY_ID']}\n"
                           f"aws_secret_access_key = {pair['AWS_SECRET_ACCESS_KEY']}\n")
    config.write_text(f"[profile p]\nregion = us-east-1\nendpoint_url = {shared.endpoint}\n"
                      "[profile s]\nregion = us-east-1\nservices = local\nsource_profile = p\n"
                      f"[services local]\nkinesis =\n  endpoint_url = {shared.endpoint}\n")
    files = environment(**nowhere, AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE=str(credentials))
    cli("stream", "ls", env={**files, "AWS_PROFILE": "p"})
    cli("stream", "ls", "--profile", "p", env=files)
    cli("stream", "ls", "--profile", "s", env={**files, **pair})

    none = cli("stream", "ls", env=environment(**nowhere, **where), check=False)
    assert none.returncode == 1 and "no AWS credentials were found" in none.stderr
    assert len(none.stderr.splitlines()) == 1
    down = cli("stream", "ls", "--endpoint-url", "http://127.0.0.1:9", env=environment(**nowhere, **pair), check=False)
    assert down.returncode == 1 and "is the server running" in down.stderr


def test_consumers_show_registered_ones_and_the_lag_of_a_kcl_application(cli, shared, new_name):
    name, table = new_name("cli"), new_name("app")
    cli("stream", "create", name, "--wait")
    cli("put", name, "--key", "k", stdin="".join(f"{n}\n" for n in range(10)))
    kinesis = shared.client("kinesis")
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    assert "no registered consumers" in cli("consumers", name).stdout
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="fan")
    assert "fan" in cli("consumers", name).stdout

    dynamodb = shared.client("dynamodb")
    try:
        dynamodb.create_table(TableName=table, KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
                              AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                              BillingMode="PAY_PER_REQUEST")
    except dynamodb.exceptions.ClientError as error:
        pytest.skip(f"no DynamoDB yet: {error}")
    record = read_all(cli, name)[5]
    dynamodb.put_item(TableName=table, Item={"leaseKey": {"S": record["shard"]}, "leaseOwner": {"S": "worker-1"},
                                             "checkpoint": {"S": record["sequenceNumber"]}})
    shown = cli("consumers", name, "--app", table).stdout.splitlines()
    assert shown[-1].split()[:2] == [record["shard"], "worker-1"] and shown[-1].split()[3] == "4", shown
