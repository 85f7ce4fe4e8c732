"""Accounts, keys and policies: who sees what, and who may do what to it."""

import json
import subprocess

import pytest
from botocore.exceptions import ClientError

from harness import eventually

OTHER = "123456789012"


def keys(server, *arguments, check=True):
    """Runs `thalweg keys`; what it printed, or the finished process."""
    done = subprocess.run([server.binary, "keys", *arguments, "--data-dir", str(server.data_dir)],
                          capture_output=True, text=True, timeout=30)
    if not check:
        return done
    assert done.returncode == 0, done.stderr
    return done.stdout


def new_key(server, *arguments):
    """A new key as (id, secret)."""
    printed = keys(server, "add", *arguments)
    values = dict(line.split(" = ", 1) for line in printed.splitlines() if " = " in line)
    return values["aws_access_key_id"], values["aws_secret_access_key"]


def error_of(call, *arguments, **named):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]


def works(client):
    """Whether the server has taken the key up."""
    try:
        client.describe_limits()
        return True
    except ClientError as error:
        return error.response["Error"]["Code"] not in ("UnrecognizedClientException", "InvalidSignatureException")


def client_of(server, *arguments, region=None):
    """A client with a new key, once the running server knows it."""
    key, secret = new_key(server, *arguments)
    client = server.client("kinesis", key=key, secret=secret, region=region)
    eventually(lambda: works(client), seconds=10)
    return client


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def put_one(client, data, **stream):
    return client.put_record(Data=data, PartitionKey="k", **stream)


def read_all(client, **stream):
    """The data of the only shard of a stream."""
    shard = client.list_shards(**stream)["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(ShardId=shard, ShardIteratorType="TRIM_HORIZON", **stream)["ShardIterator"]
    return [record["Data"] for record in client.get_records(ShardIterator=iterator)["Records"]]


@pytest.fixture
def one(shared):
    return shared.client("kinesis")


@pytest.fixture
def two(shared):
    return client_of(shared, "--account", OTHER)


def make(client, name):
    client.create_stream(StreamName=name, ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName=name)
    return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def test_two_accounts_do_not_see_each_other(one, two, new_name):
    name = new_name("same")
    arns = [make(client, name) for client in (one, two)]
    assert [arn.split(":")[4] for arn in arns] == ["000000000000", OTHER]
    put_one(one, b"of one", StreamName=name)
    put_one(two, b"of two", StreamName=name)
    assert read_all(one, StreamName=name) == [b"of one"]
    assert read_all(two, StreamName=name) == [b"of two"]
    two.delete_stream(StreamName=name)
    two.get_waiter("stream_not_exists").wait(StreamName=name)
    assert name in one.list_streams()["StreamNames"]
    assert name not in two.list_streams()["StreamNames"]
    one.delete_stream(StreamName=name)


def test_regions_are_separate_too(shared, one, new_name):
    name = new_name("region")
    elsewhere = shared.client("kinesis", region="eu-west-1")
    assert make(one, name).split(":")[3] == "us-east-1"
    assert make(elsewhere, name).split(":")[3] == "eu-west-1"
    put_one(one, b"west", StreamName=name)
    assert read_all(elsewhere, StreamName=name) == []
    for client in (one, elsewhere):
        client.delete_stream(StreamName=name)


def test_keys_come_and_go_while_the_server_runs(server):
    kinesis = client_of(server, "--account", OTHER, "--name", "passing")
    listed = keys(server, "ls")
    assert "passing" in listed and OTHER in listed
    for line in (server.data_dir / "credentials").read_text().splitlines():
        if line.startswith("aws_secret_access_key"):
            assert line.split(" = ")[1] not in listed
    keys(server, "rm", "passing")
    eventually(lambda: not works(kinesis), seconds=10)
    assert error_of(kinesis.list_streams)["Code"] == "UnrecognizedClientException"
    assert works(server.client("kinesis"))
    last = keys(server, "rm", "default", check=False)
    assert last.returncode == 1 and "only key" in last.stderr
    assert keys(server, "rm", "nobody", check=False).returncode == 1


def test_a_broken_file_locks_nobody_out(server):
    kinesis = server.client("kinesis")
    path = server.data_dir / "credentials"
    sound = path.read_text()
    path.write_text(sound[: len(sound) // 2] + "\nnonsense\n")
    eventually(lambda: "cannot be read again" in server.log_tail(), seconds=10)
    assert works(kinesis)
    key, secret = "AKIAAAAAAAAAAAAAAAAA", "geheim" * 6
    path.write_text(f"{sound}\n[more]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    more = server.client("kinesis", key=key, secret=secret)
    eventually(lambda: works(more), seconds=10)
    assert works(kinesis)
    # A rotated secret: the old one ends with the change.
    path.write_text(path.read_text().replace(secret, "rotated" * 6))
    eventually(lambda: not works(more), seconds=10)
    assert works(server.client("kinesis", key=key, secret="rotated" * 6))
    assert secret not in server.log_tail(1000)


def test_an_identity_policy_restricts_a_key(shared, one, new_name):
    mine, other = new_name("mine"), new_name("other")
    arn, _ = make(one, mine), make(one, other)
    allowed = policy(
        {"Effect": "Allow", "Action": ["kinesis:Put*", "kinesis:Describe*"], "Resource": arn},
        {"Effect": "Allow", "Action": "kinesis:ListStreams", "Resource": "*"},
        {"Effect": "Deny", "Action": "kinesis:PutRecords", "Resource": "*"},
    )
    writer = client_of(shared, "--user", "writer", "--policy", allowed)
    assert put_one(writer, b"a", StreamName=mine)["ShardId"]
    assert put_one(writer, b"b", StreamARN=arn)["ShardId"]
    assert mine in writer.list_streams()["StreamNames"]
    user = "User: arn:aws:iam::000000000000:user/writer is not authorized to perform:"
    records = [{"Data": b"c", "PartitionKey": "k"}]
    for call, named, words in [
        (writer.put_record, {"StreamName": other, "Data": b"x", "PartitionKey": "k"}, "because no identity-based policy"),
        (writer.list_shards, {"StreamName": mine}, f"on resource: {arn} because no identity-based policy allows the"),
        (writer.delete_stream, {"StreamName": mine}, "kinesis:DeleteStream action"),
        (writer.create_stream, {"StreamName": "new", "ShardCount": 1}, "kinesis:CreateStream action"),
        (writer.put_records, {"StreamName": mine, "Records": records}, "with an explicit deny in an identity-based policy"),
        # Whether it exists is not told to who may not use it.
        (writer.put_record, {"StreamName": "nowhere", "Data": b"x", "PartitionKey": "k"}, "no identity-based policy"),
        # About no resource, so the statement about one stream does not cover it.
        (writer.describe_limits, {}, "on resource: * because no identity-based policy"),
    ]:
        error = error_of(call, **named)
        assert error["Code"] == "AccessDeniedException", error
        assert error["Message"].startswith(user) and words in error["Message"], error
    firehose = shared.client("firehose", key=writer._request_signer._credentials.access_key,
                             secret=writer._request_signer._credentials.secret_key)
    assert error_of(firehose.list_delivery_streams)["Code"] == "AccessDeniedException"
    assert read_all(one, StreamName=mine) == [b"a", b"b"]
    for name in (mine, other):
        one.delete_stream(StreamName=name)


def test_a_resource_policy_lets_another_account_in(one, two, new_name):
    name = new_name("lent")
    arn = make(one, name)
    put_one(one, b"first", StreamName=name)
    refused = error_of(two.list_shards, StreamARN=arn)
    assert refused["Code"] == "AccessDeniedException"
    assert refused["Message"].endswith(
        f"is not authorized to perform: kinesis:ListShards on resource: {arn} because no resource-based policy allows "
        "the kinesis:ListShards action")
    reads = ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"]
    lent = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": reads, "Resource": arn}
    one.put_resource_policy(ResourceARN=arn, Policy=policy(lent))
    assert json.loads(one.get_resource_policy(ResourceARN=arn)["Policy"])["Statement"] == [lent]
    assert read_all(two, StreamARN=arn) == [b"first"]
    # By name it is a stream of its own account, which there is not.
    assert error_of(two.list_shards, StreamName=name)["Code"] == "ResourceNotFoundException"
    for call, named in [
        (two.put_record, {"StreamARN": arn, "Data": b"x", "PartitionKey": "k"}),
        (two.delete_stream, {"StreamARN": arn}),
        (two.put_resource_policy, {"ResourceARN": arn, "Policy": policy(lent)}),
    ]:
        assert error_of(call, **named)["Code"] == "AccessDeniedException"
    # An iterator is not a ticket: the policy counts when records are read.
    shard = two.list_shards(StreamARN=arn)["Shards"][0]["ShardId"]
    iterator = two.get_shard_iterator(StreamARN=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    one.put_resource_policy(ResourceARN=arn, Policy=policy(lent, {**lent, "Effect": "Deny", "Action": "kinesis:Get*"}))
    denied = error_of(two.get_records, ShardIterator=iterator)
    assert denied["Message"].endswith("with an explicit deny in a resource-based policy"), denied
    one.delete_resource_policy(ResourceARN=arn)
    assert error_of(two.list_shards, StreamARN=arn)["Code"] == "AccessDeniedException"
    one.delete_stream(StreamName=name)


def test_what_is_no_policy_for_the_stream_is_refused(one, new_name):
    name = new_name("policies")
    arn = make(one, name)
    sound = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "kinesis:GetRecords", "Resource": arn}
    for text in [
        "nonsense",
        policy({**sound, "Principal": {"AWS": "nobody"}}),
        policy({**sound, "Action": "kinesis:DeleteStream"}),
        policy({**sound, "Resource": arn + "x"}),
        policy({**sound, "Condition": {"StringIs": {"a": "b"}}}),
        policy({**sound, "Sid": "x" * 20480}),
    ]:
        assert error_of(one.put_resource_policy, ResourceARN=arn, Policy=text)["Code"] == "InvalidArgumentException"
    assert error_of(one.get_resource_policy, ResourceARN=arn)["Code"] == "ResourceNotFoundException"
    one.delete_stream(StreamName=name)


def test_under_dev_an_account_is_a_key_of_twelve_digits(make_server):
    server = make_server(arguments=["--dev"])
    for key, account in ((OTHER, OTHER), ("test", "000000000000"), ("AKIAIOSFODNN7EXAMPLE", "000000000000")):
        kinesis = server.client("kinesis", key=key, secret="whatever")
        arn = make(kinesis, f"of-{key.lower()}")
        assert arn.split(":")[4] == account
    assert server.client("kinesis", key=OTHER, secret="x").list_streams()["StreamNames"] == [f"of-{OTHER}"]


def test_a_presigned_request(shared):
    """No SDK sends one to Kinesis, but signers make them."""
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    import urllib.error
    import urllib.request

    credentials = shared.credentials
    class WithBody(SigV4QueryAuth):
        """A signer that leaves the body a body instead of moving it into the query string."""

        def _modify_request_before_signing(self, request):
            body, request.data = request.data, b""
            super()._modify_request_before_signing(request)
            request.data = body

    def send(expires, body=b"{}", sent=None):
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.ListStreams"}
        request = AWSRequest(method="POST", url=shared.endpoint + "/", data=body, headers=headers)
        pair = Credentials(credentials["AWS_ACCESS_KEY_ID"], credentials["AWS_SECRET_ACCESS_KEY"])
        WithBody(pair, "kinesis", credentials["AWS_REGION"], expires=expires).add_auth(request)
        http = urllib.request.Request(request.url, data=sent or body, method="POST", headers=headers)
        try:
            with urllib.request.urlopen(http, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    assert "StreamNames" in send(60)
    assert send(60, sent=b"{ }")["__type"] == "InvalidSignatureException"
    assert send(700000)["__type"] == "InvalidSignatureException"
