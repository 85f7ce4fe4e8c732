"""Every protocol that an SDK may speak: JSON, the CBOR of Java, RPC v2, query; HTTP/1.1, HTTP/2 and TLS."""

import datetime
import gzip
import shutil
import ssl

import cbor2
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness import eventually

CBOR = "application/x-amz-cbor-1.1"
CLOUDWATCH = "/service/GraniteServiceVersion20100801/operation/"


def signed(server, service, body, headers, path="/", endpoint=None):
    """The URL and the headers of a request that botocore's own signer signed."""
    credentials = server.credentials
    request = AWSRequest(method="POST", url=(endpoint or server.endpoint) + path, data=body, headers=headers)
    pair = Credentials(credentials["AWS_ACCESS_KEY_ID"], credentials["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(pair, service, credentials["AWS_REGION"]).add_auth(request)
    return request.url, dict(request.headers.items())


def post(server, service, body, headers, path="/", client=httpx, endpoint=None):
    url, headers = signed(server, service, body, headers, path, endpoint)
    return client.post(url, content=body, headers=headers, timeout=30)


def cbor(server, operation, **members):
    """One call as the SDKs for Java make it."""
    headers = {"Content-Type": CBOR, "X-Amz-Target": f"Kinesis_20131202.{operation}"}
    return post(server, "kinesis", cbor2.dumps(members), headers)


def rpc(server, operation, members, encoding=None):
    body = cbor2.dumps(members, datetime_as_timestamp=True)
    headers = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor", "Accept": "application/cbor"}
    if encoding:
        body, headers["Content-Encoding"] = gzip.compress(body), encoding
    return post(server, "monitoring", body, headers, CLOUDWATCH + operation)


def json_call(server, operation, body=b"{}", **how):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"}
    return post(server, "kinesis", body, headers, **how)


def test_records_travel_in_cbor(shared, stream):
    data = bytes(range(256))
    put = cbor(shared, "PutRecords", StreamName=stream, Records=[{"Data": data, "PartitionKey": "k"}] * 3)
    assert (put.status_code, put.headers["content-type"]) == (200, CBOR), put.content
    results = cbor2.loads(put.content)
    assert results["FailedRecordCount"] == 0
    shard = results["Records"][0]["ShardId"]
    hour_ago = int((datetime.datetime.now().timestamp() - 3600) * 1000)
    # Milliseconds under tag 1, which the RFC would take for a date in the far future.
    position = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": cbor2.CBORTag(1, hour_ago)}
    iterator = cbor(shared, "GetShardIterator", StreamName=stream, ShardId=shard, **position)
    assert iterator.status_code == 200, iterator.content
    page = cbor(shared, "GetRecords", ShardIterator=cbor2.loads(iterator.content)["ShardIterator"])

    def tagged(_, tag):
        return tag.value

    # A tag that the library does not know, so that it does not read the milliseconds as the RFC would.
    unknown = b"\xd9\xd9\x03"
    records = cbor2.loads(page.content.replace(b"\xc1\x1b", unknown + b"\x1b"), tag_hook=tagged)["Records"]
    assert [record["Data"] for record in records] == [data] * 3
    age = datetime.datetime.now().timestamp() - records[0]["ApproximateArrivalTimestamp"] / 1000
    assert -5 < age < 60


def test_indefinite_items_are_read(shared, stream):
    body = b"\xbf\x6aStreamName\x7f" + b"".join(b"\x61" + bytes([c]) for c in stream.encode()) + b"\xff\xff"
    headers = {"Content-Type": CBOR, "X-Amz-Target": "Kinesis_20131202.DescribeStreamSummary"}
    answer = post(shared, "kinesis", body, headers)
    assert answer.status_code == 200, answer.content


def test_errors_come_in_cbor(shared):
    missing = cbor(shared, "DescribeStreamSummary", StreamName="none")
    assert (missing.status_code, missing.headers["x-amzn-errortype"]) == (400, "ResourceNotFoundException")
    assert cbor2.loads(missing.content)["__type"] == "ResourceNotFoundException"
    headers = {"Content-Type": CBOR, "X-Amz-Target": "Kinesis_20131202.ListStreams"}
    unsigned = httpx.post(shared.endpoint, content=b"\xa0", headers=headers)
    assert unsigned.status_code == 400
    assert cbor2.loads(unsigned.content)["__type"] == "MissingAuthenticationTokenException"
    garbage = post(shared, "kinesis", b"\xff", headers)
    assert cbor2.loads(garbage.content)["__type"] == "SerializationException"


def test_metrics_travel_in_rpc_and_query_and_json(shared, new_name):
    namespace = new_name("space")
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    datum = {"MetricName": "m", "Value": 1.5, "Timestamp": now, "Unit": "Count"}
    put = rpc(shared, "PutMetricData", {"Namespace": namespace, "MetricData": [datum] * 100}, encoding="gzip")
    assert (put.status_code, put.headers["smithy-protocol"]) == (200, "rpc-v2-cbor"), put.content
    form = (
        f"Action=PutMetricData&Version=2010-08-01&Namespace={namespace}&MetricData.member.1.MetricName=m"
        f"&MetricData.member.1.Value=2&MetricData.member.1.Unit=Count"
        f"&MetricData.member.1.Timestamp={now.strftime('%Y-%m-%dT%H%%3A%M%%3A%SZ')}"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    put = post(shared, "monitoring", form.encode(), headers)
    assert put.status_code == 200 and b"<PutMetricDataResponse" in put.content, put.content
    cloudwatch = shared.client("cloudwatch")
    period = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now + datetime.timedelta(minutes=5)}

    def stored():
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace, MetricName="m", Period=60, Statistics=["Sum", "SampleCount"], **period
        )["Datapoints"]
        return sum(p["SampleCount"] for p in points) == 101 and sum(p["Sum"] for p in points) == 152

    eventually(stored)
    wrong = rpc(shared, "PutMetricData", {"MetricData": "x"})
    assert wrong.status_code == 400 and ";Sender" in wrong.headers["x-amzn-query-error"], wrong.headers
    assert "#" in cbor2.loads(wrong.content)["__type"]
    wrong = post(shared, "monitoring", b"Action=Nope&Version=2010-08-01", headers)
    assert wrong.status_code == 400 and b"<Code>InvalidAction</Code>" in wrong.content


def test_http2_with_prior_knowledge(shared):
    with httpx.Client(http1=False, http2=True) as client:
        for _ in range(50):
            answer = json_call(shared, "ListStreams", client=client)
            assert (answer.status_code, answer.http_version) == (200, "HTTP/2"), answer.content


@pytest.fixture(scope="module")
def tls_server(binary, tmp_path_factory):
    from harness import Server

    server = Server(binary, tmp_path_factory.mktemp("tls"), ["--tls-self-signed"], listen="localhost:0")
    server.start()
    yield server
    server.stop()


def bundle(server):
    return str(server.data_dir / "tls" / "ca.pem")


def test_the_server_makes_a_certificate_that_sdks_trust(tls_server):
    assert tls_server.endpoint.startswith("https://")
    # What `thalweg env` prints is enough.
    assert tls_server.credentials["AWS_CA_BUNDLE"] == bundle(tls_server)
    import boto3

    credentials = tls_server.credentials
    kinesis = boto3.client(
        "kinesis",
        endpoint_url=tls_server.endpoint,
        region_name=credentials["AWS_REGION"],
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        verify=bundle(tls_server),
    )
    kinesis.create_stream(StreamName="s", ShardCount=1)
    assert kinesis.list_streams()["StreamNames"] == ["s"]
    with pytest.raises(httpx.ConnectError):
        httpx.post(tls_server.endpoint)


def test_http2_is_negotiated(tls_server):
    with httpx.Client(http2=True, verify=ssl.create_default_context(cafile=bundle(tls_server))) as client:
        answer = json_call(tls_server, "ListStreams", client=client)
        assert (answer.status_code, answer.http_version) == (200, "HTTP/2"), answer.content
    with httpx.Client(verify=ssl.create_default_context(cafile=bundle(tls_server))) as client:
        answer = json_call(tls_server, "ListStreams", client=client)
        assert (answer.status_code, answer.http_version) == (200, "HTTP/1.1"), answer.content


def test_loopback_may_do_without_tls(tls_server):
    plain = tls_server.endpoint.replace("https://", "http://")
    assert json_call(tls_server, "ListStreams", endpoint=plain).status_code == 200


def test_a_new_certificate_is_taken_without_a_restart(make_server, tls_server, tmp_path):
    """The files of another server stand in for those of an authority."""
    made = tls_server.data_dir / "tls"
    for name in ("cert.pem", "key.pem"):
        shutil.copy(made / name, tmp_path / name)
    files = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    server = make_server("files", arguments=files)
    trusted = ssl.create_default_context(cafile=bundle(tls_server))
    assert json_call(server, "ListStreams", client=httpx.Client(verify=trusted)).status_code == 200

    other = make_server("other", arguments=["--tls-self-signed"])
    (tmp_path / "cert.pem").write_text("broken")
    eventually(lambda: "the old certificate stays in use" in server.log_tail(), seconds=15)
    assert json_call(server, "ListStreams", client=httpx.Client(verify=trusted)).status_code == 200
    for name in ("key.pem", "cert.pem"):
        shutil.copy(other.data_dir / "tls" / name, tmp_path / name)
    fresh = ssl.create_default_context(cafile=bundle(other))

    def reloaded():
        try:
            return json_call(server, "ListStreams", client=httpx.Client(verify=fresh)).status_code == 200
        except httpx.ConnectError:
            return False

    eventually(reloaded, seconds=15)


def test_beyond_loopback_tls_is_enough(make_server):
    server = make_server(arguments=["--tls-self-signed"], listen="0.0.0.0:0")
    assert server.endpoint.startswith("https://127.0.0.1:")
