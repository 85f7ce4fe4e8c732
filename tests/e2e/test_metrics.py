"""Metrics: what clients put, what the server measures of itself, what Prometheus reads, and who is asking."""

import datetime
import http.client
import socket
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import objects
from harness import eventually
from reading import hash_key, iterator, owner

# What a client says it sends in each protocol.
PROTOCOLS = {
    "smithy-rpc-v2-cbor": "application/cbor",
    "json": "application/x-amz-json-1.0",
    "query": "application/x-www-form-urlencoded",
}


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def span(minutes=30):
    """A range of time around now that one period of an hour covers."""
    return {"StartTime": now() - datetime.timedelta(minutes=minutes), "EndTime": now() + datetime.timedelta(minutes=2)}


def dimensions(**values):
    return [{"Name": name, "Value": value} for name, value in values.items()]


def figures(cloudwatch, namespace, name, **of):
    """The figures of the last half hour as a dictionary; none if nothing was recorded."""
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=dimensions(**of),
        Period=3600,
        Statistics=["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
        **span(),
    )
    assert answer["Label"] == name
    points = answer["Datapoints"]
    assert len(points) <= 1, points
    return points[0] if points else None


def total(cloudwatch, name, **of):
    found = figures(cloudwatch, "AWS/Kinesis", name, **of)
    return found and found["Sum"]


@pytest.fixture(scope="module", params=PROTOCOLS)
def cloudwatch(request, shared):
    """CloudWatch in each of the protocols that its clients speak."""
    client = client_of(shared, request.param)
    sent = []
    client.meta.events.register("before-send.cloudwatch", lambda request, **_: sent.append(request.headers["Content-Type"]))
    client.list_metrics()
    assert PROTOCOLS[request.param] in str(sent[0])
    return client


def client_of(server, protocol):
    """A client whose copy of the service model knows one protocol."""
    session = boto3.Session()
    loader = session._session.get_component("data_loader")
    load = loader.load_service_model

    def load_one(service, kind, *version, **named):
        model = load(service, kind, *version, **named)
        if (service, kind) != ("cloudwatch", "service-2"):
            return model
        if protocol not in model["metadata"].get("protocols", [model["metadata"]["protocol"]]):
            pytest.skip(f"this botocore does not speak {protocol}")
        return {**model, "metadata": {**model["metadata"], "protocols": [protocol], "protocol": protocol}}

    loader.load_service_model = load_one
    credentials = server.credentials
    return session.client(
        "cloudwatch",
        endpoint_url=server.endpoint,
        region_name=credentials["AWS_REGION"],
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_all_forms_of_a_datum_are_told_again(cloudwatch, new_name):
    namespace = new_name("app")
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": "m", "Value": 3.5, "Unit": "Count", "Dimensions": dimensions(B="2", A="1")},
            {"MetricName": "m", "Values": [1, 10], "Counts": [2, 1], "Unit": "Count", "Dimensions": dimensions(A="1", B="2")},
            {
                "MetricName": "m",
                "Unit": "Count",
                "Timestamp": now() - datetime.timedelta(minutes=1),
                "StorageResolution": 60,
                "Dimensions": dimensions(A="1", B="2"),
                "StatisticValues": {"SampleCount": 4, "Sum": 5, "Minimum": 0.5, "Maximum": 2},
            },
        ],
    )
    told = figures(cloudwatch, namespace, "m", B="2", A="1")
    assert (told["SampleCount"], told["Sum"], told["Minimum"], told["Maximum"]) == (8, 20.5, 0.5, 10)
    assert told["Average"] == 20.5 / 8
    assert told["Unit"] == "Count"
    assert told["Timestamp"].tzinfo is not None
    assert figures(cloudwatch, namespace, "m", A="1") is None


def test_data_of_several_metrics_come_in_pages(cloudwatch, new_name):
    namespace = new_name("app")
    start = now().replace(second=0, microsecond=0) - datetime.timedelta(minutes=10)
    for minute in range(10):
        time = start + datetime.timedelta(minutes=minute)
        data = [{"MetricName": name, "Value": minute * factor, "Timestamp": time} for name, factor in [("a", 1), ("b", 2)]]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def query(name, stat="Sum"):
        metric = {"Namespace": namespace, "MetricName": name}
        return {"Id": f"q{name}", "MetricStat": {"Metric": metric, "Period": 120, "Stat": stat}}

    asked = {
        "MetricDataQueries": [query("a"), {**query("b", "Maximum"), "Label": "other"}],
        "StartTime": start,
        "EndTime": start + datetime.timedelta(minutes=10),
        "ScanBy": "TimestampAscending",
    }
    first, second = cloudwatch.get_metric_data(**asked)["MetricDataResults"]
    assert (first["Id"], first["Label"], first["StatusCode"]) == ("qa", "a", "Complete")
    assert first["Values"] == [1, 5, 9, 13, 17]
    assert first["Timestamps"] == [start + datetime.timedelta(minutes=2 * n) for n in range(5)]
    assert (second["Label"], second["Values"]) == ("other", [2, 6, 10, 14, 18])
    newest, _ = cloudwatch.get_metric_data(**{**asked, "ScanBy": "TimestampDescending"})["MetricDataResults"]
    assert newest["Values"] == [17, 13, 9, 5, 1]

    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(**asked, MaxDatapoints=4))
    assert len(pages) == 3
    paged = {"qa": [], "qb": []}
    for page in pages:
        for result in page["MetricDataResults"]:
            paged[result["Id"]] += result["Values"]
    assert paged == {"qa": first["Values"], "qb": second["Values"]}


def test_lists_are_filtered_and_paged(cloudwatch, new_name):
    namespace = new_name("app")
    for start in (0, 300):
        data = [
            {"MetricName": f"m{n % 3}", "Value": 1, "Dimensions": dimensions(N=str(n), Odd=str(n % 2))}
            for n in range(start, start + 300)
        ]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace))
    assert [len(page["Metrics"]) for page in pages] == [500, 100]
    assert len({str(metric) for page in pages for metric in page["Metrics"]}) == 600
    filtered = cloudwatch.list_metrics(
        Namespace=namespace, MetricName="m1", Dimensions=[{"Name": "Odd", "Value": "1"}, {"Name": "N"}]
    )
    assert len(filtered["Metrics"]) == 100
    assert filtered["Metrics"][0]["Dimensions"] == dimensions(N="1", Odd="1")


@pytest.mark.parametrize(
    "code, call",
    [
        ("InvalidParameterValue", lambda c: c.put_metric_data(Namespace="AWS/x", MetricData=[{"MetricName": "m", "Value": 1}])),
        ("MissingParameter", lambda c: c.put_metric_data(Namespace="x", MetricData=[{"MetricName": "m"}])),
        (
            "InvalidParameterCombination",
            lambda c: c.put_metric_data(Namespace="x", MetricData=[{"MetricName": "m", "Value": 1, "Values": [1.0]}]),
        ),
        ("InvalidParameterValue", lambda c: statistics(c, ExtendedStatistics=["p99"])),
        ("InvalidParameterValue", lambda c: statistics(c, Statistics=["Sum"], Period=61)),
        ("InvalidParameterCombination", lambda c: statistics(c, Statistics=["Sum"], minutes=1500)),
        (
            "InvalidParameterValue",
            lambda c: c.get_metric_data(MetricDataQueries=[{"Id": "a", "Expression": "SUM(METRICS())"}], **span()),
        ),
        ("InvalidNextToken", lambda c: c.list_metrics(NextToken="nobody made this")),
    ],
)
def test_errors_have_the_codes_of_cloudwatch(cloudwatch, code, call):
    with pytest.raises(ClientError) as raised:
        call(cloudwatch)
    assert raised.value.response["Error"]["Code"] in (code, f"{code}Exception")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def statistics(cloudwatch, minutes=30, Period=60, **how):
    return cloudwatch.get_metric_statistics(Namespace="x", MetricName="m", Period=Period, **how, **span(minutes))


def use(kinesis, stream):
    """Puts and gets whose figures are known: 12 records of 7 bytes with keys of one byte, in 1 + 1 + 1 calls."""
    kinesis.put_record(StreamName=stream, Data=b"1234567", PartitionKey="a")
    batch = [{"Data": b"1234567", "PartitionKey": key} for key in "bcdef"]
    kinesis.put_records(StreamName=stream, Records=batch)
    kinesis.put_records(StreamName=stream, Records=batch + [{"Data": b"1234567", "PartitionKey": "g"}])
    shards = kinesis.list_shards(StreamName=stream)["Shards"]
    for shard in shards:
        kinesis.get_records(ShardIterator=iterator(kinesis, stream, shard["ShardId"]))
    # A wrong request is nobody's failure but the client's, and is not counted.
    with pytest.raises(ClientError):
        kinesis.put_record(StreamName=stream, Data=b"", PartitionKey="a", ExplicitHashKey="x")
    return shards


EXPECTED = {
    "IncomingRecords": (12, 3),
    "IncomingBytes": (96, 3),
    "PutRecord.Bytes": (8, 1),
    "PutRecord.Success": (1, 1),
    "PutRecords.Bytes": (88, 2),
    "PutRecords.Success": (2, 2),
    "PutRecords.Records": (11, 2),
    "PutRecords.TotalRecords": (11, 2),
    "PutRecords.SuccessfulRecords": (11, 2),
    "PutRecords.FailedRecords": (0, 2),
    "PutRecords.ThrottledRecords": (0, 2),
    "WriteProvisionedThroughputExceeded": (0, 3),
    "GetRecords.Records": (12, 2),
    "GetRecords.Bytes": (96, 2),
    "GetRecords.Success": (2, 2),
    "GetRecords.IteratorAgeMilliseconds": (0, 2),
    "ReadProvisionedThroughputExceeded": (0, 2),
}


def test_the_figures_of_a_stream_are_exact_and_survive_a_crash(make_server):
    server = make_server()
    kinesis, cloudwatch = server.client("kinesis"), server.client("cloudwatch")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    use(kinesis, "s")

    def told(client):
        found = {name: figures(client, "AWS/Kinesis", name, StreamName="s") for name in EXPECTED}
        return {name: found[name] and (found[name]["Sum"], found[name]["SampleCount"]) for name in EXPECTED}

    assert told(cloudwatch) == EXPECTED
    latency = figures(cloudwatch, "AWS/Kinesis", "PutRecords.Latency", StreamName="s")
    assert latency["SampleCount"] == 2
    assert 0 < latency["Minimum"] <= latency["Average"] <= latency["Maximum"] < 10_000
    assert latency["Unit"] == "Milliseconds"
    cloudwatch.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m", "Value": 0.1}])
    cloudwatch.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m", "Value": 0.2}])

    server.kill9()
    server.restart()
    cloudwatch = server.client("cloudwatch")
    assert told(cloudwatch) == EXPECTED
    assert figures(cloudwatch, "app", "m")["Sum"] == 0.1 + 0.2
    names = {metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="AWS/Kinesis")["Metrics"]}
    assert names >= set(EXPECTED)

    # A graceful stop keeps what nobody asked for yet.
    server.client("kinesis").put_record(StreamName="s", Data=b"1234567", PartitionKey="a")
    assert server.sigterm() == 0
    server.restart()
    assert total(server.client("cloudwatch"), "IncomingRecords", StreamName="s") == 13


def test_shards_are_measured_while_enhanced_monitoring_is_on(kinesis, shared, new_name):
    stream, cloudwatch = new_name("stream"), shared.client("cloudwatch")
    kinesis.create_stream(StreamName=stream, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    use(kinesis, stream)
    on = ["IncomingBytes", "IncomingRecords", "OutgoingRecords", "IteratorAgeMilliseconds"]
    kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=on)
    eventually(lambda: kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE")
    shards = use(kinesis, stream)
    keys = "a" + "bcdef" + "bcdefg"
    for shard in shards:
        put = sum(1 for key in keys if owner(shards, hash_key(key)) == shard["ShardId"])
        of = {"StreamName": stream, "ShardId": shard["ShardId"]}
        assert total(cloudwatch, "IncomingRecords", **of) == (put or None)
        assert total(cloudwatch, "IncomingBytes", **of) == (8 * put or None)
        # From the trim horizon, so the records of the time before are read too.
        assert total(cloudwatch, "OutgoingRecords", **of) == 2 * put
        assert total(cloudwatch, "IteratorAgeMilliseconds", **of) == 0
        assert total(cloudwatch, "OutgoingBytes", **of) is None


def test_what_is_over_the_rate_is_counted(make_server, tmp_path):
    path = tmp_path / "limits.toml"
    path.write_text("[rates]\nwrite_records_per_shard = 2\nread_calls_per_shard = 1\n")
    server = make_server(arguments=["--limits", str(path)])
    kinesis, cloudwatch = server.client("kinesis"), server.client("cloudwatch")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    shard = kinesis.list_shards(StreamName="s")["Shards"][0]["ShardId"]
    on = ["WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded"]
    kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=on)
    failed = 0
    for _ in range(3):
        answer = kinesis.put_records(StreamName="s", Records=[{"Data": b"x", "PartitionKey": "a"}] * 20)
        failed += answer["FailedRecordCount"]
    assert failed > 0
    token, refused = iterator(kinesis, "s", shard), 0
    for _ in range(4):
        try:
            kinesis.get_records(ShardIterator=token)
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            refused += 1
    assert refused > 0
    assert total(cloudwatch, "PutRecords.ThrottledRecords", StreamName="s") == failed
    assert total(cloudwatch, "PutRecords.TotalRecords", StreamName="s") == 60
    assert total(cloudwatch, "IncomingRecords", StreamName="s") == 60 - failed
    assert total(cloudwatch, "GetRecords.Success", StreamName="s") == 4 - refused
    for of in ({"StreamName": "s"}, {"StreamName": "s", "ShardId": shard}):
        assert total(cloudwatch, "WriteProvisionedThroughputExceeded", **of) == failed
        assert total(cloudwatch, "ReadProvisionedThroughputExceeded", **of) == refused


def scrape(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def samples(url):
    """Every sample by name, as pairs of labels and value; the strict parser of OpenMetrics reads the text."""
    content_type, text = scrape(url)
    assert content_type.startswith("application/openmetrics-text")
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_prometheus_reads_the_same_figures(make_server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    server = make_server(arguments=["--metrics-listen", address])
    assert scrape(f"http://{address}/health")[1] == "ok\n"
    samples(f"http://{address}/metrics")
    kinesis, cloudwatch = server.client("kinesis"), server.client("cloudwatch")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    use(kinesis, "s")
    with pytest.raises(ClientError):
        kinesis.describe_stream(StreamName="nobody")
    cloudwatch.put_metric_data(
        Namespace='a "b"\\',
        MetricData=[{"MetricName": "RecordsProcessed", "Value": 5, "Unit": "Count", "Dimensions": dimensions(**{"Worker Id": "w\n1"})}],
    )
    firehose = server.client("firehose")
    objects.create(firehose, "f", "bucket")
    firehose.put_record(DeliveryStreamName="f", Record={"Data": b"x"})
    found = samples(f"http://{address}/metrics")

    def value(name, **labels):
        matching = [value for have, value in found.get(name, []) if labels.items() <= have.items()]
        assert len(matching) == 1, (name, found.get(name))
        return matching[0]

    assert value("aws_kinesis_incoming_records_total", stream="s", region="us-east-1") == 12
    assert value("aws_kinesis_incoming_bytes_total", stream="s") == 96
    assert value("aws_kinesis_put_records_calls_total", stream="s") == 2
    assert value("aws_kinesis_get_records_success_total", stream="s") == 2
    assert value("aws_kinesis_get_records_iterator_age_seconds", stream="s") == 0
    assert 0 < value("aws_kinesis_put_record_latency_seconds_total", stream="s") < 10
    assert value("thalweg_request_duration_seconds_count", operation="PutRecords", outcome="success") == 2
    assert value("thalweg_request_errors_total", operation="DescribeStream", code="ResourceNotFoundException") == 1
    assert value("thalweg_log_appended_bytes_total") > 96
    assert value("thalweg_log_disk_bytes") > 0
    assert 0 < value("thalweg_log_live_bytes") <= value("thalweg_log_disk_bytes")
    assert value("thalweg_log_damaged_segments") == 0
    assert value("thalweg_http_connections") >= 1
    assert value("thalweg_firehose_incoming_records_total", delivery_stream="f") == 1
    assert value("thalweg_firehose_records_waiting", delivery_stream="f") == 1
    client = {"namespace": 'a "b"\\', "metric": "RecordsProcessed", "dimension_Worker_Id": "w\n1", "unit": "Count"}
    assert value("cloudwatch_metric_sum", **client) == 5
    assert value("cloudwatch_metric_samples", **client) == 1

    # What was flushed in between is neither lost nor counted twice.
    assert total(cloudwatch, "IncomingRecords", StreamName="s") == 12
    found = samples(f"http://{address}/metrics")
    assert value("aws_kinesis_incoming_records_total", stream="s") == 12
    connection = http.client.HTTPConnection(address, timeout=10)
    for method, path, status in [("GET", "/nothing", 404), ("POST", "/metrics", 405)]:
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status


def test_metrics_stay_on_loopback_unless_told_otherwise(make_server):
    server = make_server(start=False, arguments=["--metrics-listen", "0.0.0.0:0"])
    with pytest.raises(AssertionError):
        server.start()
    assert "metrics on 0.0.0.0:0" in server.log_tail()


def test_sts_says_whose_key_it_is(shared):
    account = "000000000000"
    expected = {"Account": account, "Arn": f"arn:aws:iam::{account}:user/default", "UserId": account}
    identity = shared.client("sts").get_caller_identity()
    assert {name: identity[name] for name in expected} == expected
    assert shared.aws("sts", "get-caller-identity") == expected


def test_the_aws_cli_puts_and_lists(shared, new_name):
    namespace = new_name("cli")
    shared.aws("cloudwatch", "put-metric-data", "--namespace", namespace, "--metric-name", "m", "--value", "7", "--unit", "Bytes")
    listed = shared.aws("cloudwatch", "list-metrics", "--namespace", namespace)["Metrics"]
    assert [metric["MetricName"] for metric in listed] == ["m"]
