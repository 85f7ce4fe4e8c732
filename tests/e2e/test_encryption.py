"""Encryption at rest: what the data directory holds, who can read it, and where master keys come from."""

import base64
import os

import pytest
from botocore.exceptions import ClientError, EventStreamError

from harness import eventually
from objects import create as create_delivery, delivered_lines
from reading import iterator, read_shard

SHARD = "shardId-000000000000"
MANAGED = "alias/aws/kinesis"
MARKER = b"marker-that-nobody-may-find"


@pytest.fixture
def server(make_server):
    return make_server()


def new_stream(kinesis, name="orders"):
    kinesis.create_stream(StreamName=name, ShardCount=1)
    return name


def start(kinesis, name, key=MANAGED):
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)


def stop(kinesis, name, key=MANAGED):
    kinesis.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)


def described(kinesis, name):
    """Encryption type and key as both descriptions tell them, which must agree."""
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    whole = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    told = [(each["EncryptionType"], each.get("KeyId")) for each in (summary, whole)]
    assert told[0] == told[1]
    return told[0]


def put(kinesis, name, data, key="key"):
    return kinesis.put_record(StreamName=name, PartitionKey=key, Data=data)


def types(records):
    return [record.get("EncryptionType", "NONE") for record in records]


def error_of(call, *arguments, **members):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **members)
    return caught.value.response["Error"]["Code"]


def secret(byte):
    return base64.b64encode(bytes([byte] * 32)).decode()


def write_keys(path, **keys):
    """A file of master keys; each value is the secret's byte, or that and a state."""
    text = ""
    for name, key in keys.items():
        byte, state = key if isinstance(key, tuple) else (key, "enabled")
        text += f'[[key]]\nid = "alias/{name}"\nsecret = "{secret(byte)}"\nstate = "{state}"\n'
    path.write_text(text)
    path.chmod(0o600)


def holders(server, text):
    """Files of the data directory that hold the text."""
    return [path for path in server.data_dir.rglob("*") if path.is_file() and text in path.read_bytes()]


def test_each_record_keeps_the_encryption_that_it_was_written_with(server):
    kinesis = server.client("kinesis")
    name = new_stream(kinesis)
    assert described(kinesis, name) == ("NONE", None)
    assert put(kinesis, name, b"0").get("EncryptionType", "NONE") == "NONE"
    start(kinesis, name)
    assert described(kinesis, name) == ("KMS", MANAGED)
    assert put(kinesis, name, b"1")["EncryptionType"] == "KMS"
    batch = kinesis.put_records(StreamName=name, Records=[{"Data": b"2", "PartitionKey": "é"}])
    assert batch["EncryptionType"] == "KMS"
    start(kinesis, name)
    stop(kinesis, name)
    stop(kinesis, name)
    assert described(kinesis, name) == ("NONE", None)
    put(kinesis, name, b"3")
    server.kill9()
    server.restart()
    records = read_shard(server.client("kinesis"), name, SHARD)
    assert [record["Data"] for record in records] == [b"0", b"1", b"2", b"3"]
    assert [record["PartitionKey"] for record in records] == ["key", "key", "é", "key"]
    assert types(records) == ["NONE", "KMS", "KMS", "NONE"]


def test_the_data_directory_holds_no_plaintext(server):
    kinesis = server.client("kinesis")
    name, plain = new_stream(kinesis), new_stream(kinesis, "plain")
    put(kinesis, plain, b"in-the-clear-" + MARKER[::-1])
    assert holders(server, MARKER[::-1]), "the search finds what is not encrypted"
    start(kinesis, name)
    put(kinesis, name, MARKER)
    put(kinesis, name, b"x", key=MARKER.decode())
    assert [record["Data"] for record in read_shard(kinesis, name, SHARD)] == [MARKER, b"x"]
    assert server.sigterm() == 0
    assert holders(server, MARKER) == []
    keys = server.data_dir / "master-keys"
    assert keys.stat().st_mode & 0o777 == 0o600 and MANAGED.encode() in keys.read_bytes()
    assert holders(server, base64.b64decode(keys.read_text().split('secret = "')[1].split('"')[0])) == []


def test_rotation_needs_both_keys(make_server, tmp_path):
    keys = tmp_path / "keys.toml"
    write_keys(keys, one=1, two=2)
    server = make_server(arguments=["--master-keys", str(keys)])
    kinesis = server.client("kinesis")
    name = new_stream(kinesis)
    start(kinesis, name, "alias/one")
    put(kinesis, name, b"first")
    arn = "arn:aws:kms:us-east-1:000000000000:alias/two"
    start(kinesis, name, arn)
    assert described(kinesis, name) == ("KMS", arn)
    put(kinesis, name, b"second")
    assert [record["Data"] for record in read_shard(kinesis, name, SHARD)] == [b"first", b"second"]
    write_keys(keys, two=2)
    server.kill9()
    server.restart()
    kinesis = server.client("kinesis")
    assert error_of(kinesis.get_records, ShardIterator=iterator(kinesis, name, SHARD)) == "KMSNotFoundException"
    latest = iterator(kinesis, name, SHARD, "LATEST")
    put(kinesis, name, b"third")
    assert kinesis.get_records(ShardIterator=latest)["Records"][0]["Data"] == b"third"
    # Nothing is lost: with the key back, and no restart, all is there.
    write_keys(keys, one=1, two=2)
    assert [record["Data"] for record in read_shard(kinesis, name, SHARD)] == [b"first", b"second", b"third"]


@pytest.mark.parametrize("keys, code", [
    ({}, "KMSNotFoundException"),
    ({"one": 9}, "KMSAccessDeniedException"),
    ({"one": (1, "disabled")}, "KMSDisabledException"),
    ({"one": (1, "pending-deletion")}, "KMSInvalidStateException"),
])
def test_each_trouble_with_a_master_key_has_its_exception(make_server, tmp_path, keys, code):
    path = tmp_path / "keys.toml"
    write_keys(path, one=1)
    server = make_server(arguments=["--master-keys", str(path)])
    kinesis = server.client("kinesis")
    name = new_stream(kinesis)
    start(kinesis, name, "alias/one")
    put(kinesis, name, b"kept")
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    write_keys(path, **keys)
    server.kill9()
    server.restart()
    kinesis = server.client("kinesis")
    assert error_of(put, kinesis, name, b"x") == code
    assert error_of(kinesis.put_records, StreamName=name, Records=[{"Data": b"x", "PartitionKey": "k"}]) == code
    assert error_of(kinesis.get_records, ShardIterator=iterator(kinesis, name, SHARD)) == code
    events = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=SHARD, StartingPosition={"Type": "TRIM_HORIZON"}
    )["EventStream"]
    with pytest.raises((EventStreamError, ClientError), match=code):
        for event in events:
            assert not event["SubscribeToShardEvent"]["Records"]
    if code != "KMSAccessDeniedException":
        assert error_of(start, kinesis, new_stream(kinesis, "other"), "alias/one") == code
    write_keys(path, one=1)
    assert [record["Data"] for record in read_shard(kinesis, name, SHARD)] == [b"kept"]


def test_master_keys_from_the_environment(make_server):
    env = {"THALWEG_MASTER_KEY": secret(1), "THALWEG_MASTER_KEY_ALIAS_MY_KEY": secret(2)}
    server = make_server(env=env)
    kinesis = server.client("kinesis")
    name = new_stream(kinesis)
    for key in (MANAGED, "alias/my-key"):
        start(kinesis, name, key)
        put(kinesis, name, key.encode())
    server.kill9()
    server.restart()
    kinesis = server.client("kinesis")
    assert [record["Data"] for record in read_shard(kinesis, name, SHARD)] == [MANAGED.encode(), b"alias/my-key"]
    assert not (server.data_dir / "master-keys").exists()
    assert holders(server, bytes([1] * 32)) == [] and holders(server, secret(2).encode()) == []


def test_starts_and_stops_are_checked(server):
    kinesis = server.client("kinesis")
    name = new_stream(kinesis)
    assert error_of(start, kinesis, name, "alias/unknown") == "KMSNotFoundException"
    assert error_of(start, kinesis, name, "1234abcd-12ab-34cd-56ef-1234567890ab") == "KMSNotFoundException"
    for call in (kinesis.start_stream_encryption, kinesis.stop_stream_encryption):
        code = error_of(call, StreamName=name, EncryptionType="NONE", KeyId=MANAGED)
        assert code == "InvalidArgumentException"
    assert error_of(start, kinesis, "nothing") == "ResourceNotFoundException"
    assert described(kinesis, name) == ("NONE", None)
    assert not os.path.exists(server.data_dir / "master-keys")


def test_firehose_waits_for_the_master_key(make_server, tmp_path):
    keys = tmp_path / "keys.toml"
    write_keys(keys, one=1)
    server = make_server(arguments=["--master-keys", str(keys)])
    kinesis = server.client("kinesis")
    name = new_stream(kinesis)
    start(kinesis, name, "alias/one")
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    create_delivery(server.client("firehose"), "copies", "bucket", source_arn=arn, interval=5)
    put(kinesis, name, b"sealed\n")
    # It dies before the five seconds are over, so the record must be read again.
    server.kill9()
    write_keys(keys)
    server.restart()
    eventually(lambda: "a read of the source failed" in server.log_tail())
    assert delivered_lines(server, "bucket") == []
    write_keys(keys, one=1)
    eventually(lambda: delivered_lines(server, "bucket") == [b"sealed"])
