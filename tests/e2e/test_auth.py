"""Who is let in: signature version 4, checked on every request."""

import datetime

import pytest
from botocore.exceptions import ClientError

from raw import request_bytes, send, send_bytes


def error_of(call, *arguments, **named):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]


def test_the_printed_credentials_work(shared):
    assert "StreamNames" in shared.client("kinesis").list_streams()


def test_a_wrong_secret(shared):
    error = error_of(shared.client("kinesis", secret="wrong" * 8).list_streams)
    assert error["Code"] == "InvalidSignatureException"
    # A message that helped to forge would say too much.
    assert shared.credentials["AWS_SECRET_ACCESS_KEY"] not in error["Message"]


def test_an_unknown_key(shared):
    error = error_of(shared.client("kinesis", key="AKIAUNKNOWNUNKNOWN00").list_streams)
    assert error["Code"] == "UnrecognizedClientException"


def test_a_wrong_service_in_the_scope(shared):
    answer = send(shared, "ListStreams", {}, service="dynamodb")
    assert (answer.status, answer.error) == (400, "InvalidSignatureException")


def test_a_skewed_clock(shared):
    now = datetime.datetime.now(datetime.timezone.utc)
    for minutes, words in ((-10, "Signature expired"), (10, "Signature not yet current")):
        answer = send(shared, "ListStreams", {}, now=now + datetime.timedelta(minutes=minutes))
        assert (answer.status, answer.error) == (400, "InvalidSignatureException")
        assert words in answer.message
        # SDKs correct their clock by this header.
        assert answer.headers["date"]
    for minutes in (-4, 4):
        assert send(shared, "ListStreams", {}, now=now + datetime.timedelta(minutes=minutes)).status == 200


def test_no_signature(shared):
    answer = send(shared, "ListStreams", {}, signed=False)
    assert (answer.status, answer.error) == (400, "MissingAuthenticationTokenException")


def test_half_a_signature(shared):
    for header in ("authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kinesis/aws4_request",
                   "authorization: Bearer token", "authorization: AWS4-HMAC-SHA256", "authorization: "):
        answer = send(shared, "ListStreams", {}, signed=False, headers=[header])
        assert answer.status in (400, 403)
        assert answer.error in ("IncompleteSignatureException", "InvalidSignatureException",
                                "MissingAuthenticationTokenException", "UnrecognizedClientException")


def test_a_tampered_body(shared, stream):
    body = {"StreamName": stream, "Data": "YQ==", "PartitionKey": "k"}
    data = request_bytes(shared, "PutRecord", body, tamper=b'{"StreamName":"%s","Data":"Yg==","PartitionKey":"k"}'
                         % stream.encode())
    answer = send_bytes(shared, data)
    assert (answer.status, answer.error) == (400, "InvalidSignatureException")


def test_a_tampered_target(shared, stream):
    data = request_bytes(shared, "DescribeStream", {"StreamName": stream})
    answer = send_bytes(shared, data.replace(b".DescribeStream\r\n", b".DeleteStream\r\n"))
    assert (answer.status, answer.error) == (400, "InvalidSignatureException")
    assert shared.client("kinesis").describe_stream_summary(StreamName=stream)


def test_any_region_is_a_region_of_its_own(shared, stream):
    """The scope of a stream is the region that the request was signed for."""
    elsewhere = shared.client("kinesis", region="eu-central-1")
    assert stream not in elsewhere.list_streams()["StreamNames"]


def test_keys_differ_between_data_directories(make_server):
    one, other = make_server("one"), make_server("other")
    assert one.credentials["AWS_SECRET_ACCESS_KEY"] != other.credentials["AWS_SECRET_ACCESS_KEY"]
    stranger = other.client("kinesis", key=one.credentials["AWS_ACCESS_KEY_ID"],
                            secret=one.credentials["AWS_SECRET_ACCESS_KEY"])
    assert error_of(stranger.list_streams)["Code"] == "UnrecognizedClientException"


def test_the_key_file_is_for_its_owner_only(server):
    files = [path for path in server.data_dir.rglob("*") if path.is_file()]
    secret = server.credentials["AWS_SECRET_ACCESS_KEY"].encode()
    holders = [path for path in files if secret in path.read_bytes()]
    assert holders, "the key is kept somewhere"
    for path in holders:
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_keys_survive_a_restart(server):
    before = dict(server.credentials)
    server.kill9()
    server.restart()
    server._credentials = None
    assert {**server.credentials, "AWS_ENDPOINT_URL": ""} == {**before, "AWS_ENDPOINT_URL": ""}
