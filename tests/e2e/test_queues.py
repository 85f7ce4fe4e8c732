"""Queues with the real client: receive, acknowledge, compete, wait, crash, dead letters, and what is refused."""

import threading
import time

import pytest
from botocore.exceptions import ClientError

from harness import eventually


def code_of(error):
    return error.value.response["Error"]["Code"]


def make_stream(kinesis, name):
    """A new on-demand stream: its ARN."""
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def make_queue(kinesis, name, stream_arn=None, start="LATEST", **options):
    """A new queue, on a new stream unless one is given: its ARN."""
    stream_arn = stream_arn or make_stream(kinesis, name)
    source = {"StreamARN": stream_arn, "StartingPosition": {"Type": start}}
    made = kinesis.create_queue(QueueName=name, StreamConfigurationList=[source], **options)["QueueDescription"]
    arn = made["QueueARN"]
    eventually(lambda: kinesis.describe_queue(QueueARN=arn)["QueueDescription"]["QueueStatus"] == "ACTIVE")
    return arn


def put(kinesis, name, *texts):
    records = [{"Data": text.encode(), "PartitionKey": f"key {text}"} for text in texts]
    assert kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0


def receive(kinesis, arn, wait=1, **options):
    return kinesis.receive_queue_records(QueueARN=arn, WaitTimeSeconds=wait, **options)["QueueRecords"]


def dead_letters(kinesis, arn, wait=1, **options):
    return kinesis.receive_dead_letter_queue_records(QueueARN=arn, WaitTimeSeconds=wait, **options)["QueueRecords"]


def handles(records, **members):
    return [{"ReceiptHandle": record["ReceiptHandle"], **members} for record in records]


def acknowledge(kinesis, arn, records):
    return kinesis.acknowledge_queue_records(QueueARN=arn, Entries=handles(records))


def texts(records):
    return sorted(record["Data"].decode() for record in records)


def test_a_record_is_received_acknowledged_and_gone(kinesis, new_name):
    name = new_name("queue")
    arn = make_queue(kinesis, name)
    put(kinesis, name, "a", "b", "c")
    records = receive(kinesis, arn)
    assert texts(records) == ["a", "b", "c"]
    for record in records:
        assert record["PartitionKey"] == f"key {record['Data'].decode()}"
        assert record["ReceiveCount"] == 1
        assert record["RecordId"].isalnum() and record["RecordId"] == record["RecordId"].lower()
        assert record["ApproximateArrivalTimestamp"] <= record["FirstReceiveTimestamp"]
        assert abs(record["FirstReceiveTimestamp"].timestamp() - time.time()) < 60
    answer = acknowledge(kinesis, arn, records)
    assert len(answer["Successful"]) == 3 and answer["Failed"] == []
    # Once more: each entry fails by itself.
    answer = acknowledge(kinesis, arn, records + [{"ReceiptHandle": "nonsense"}])
    assert answer["Successful"] == []
    codes = [failed["ErrorCode"] for failed in answer["Failed"]]
    assert codes == ["ResourceNotFoundException"] * 3 + ["InvalidArgumentException"]
    assert all(failed["ErrorMessage"] for failed in answer["Failed"])
    started = time.monotonic()
    assert receive(kinesis, arn) == []
    assert 0.9 < time.monotonic() - started < 5
    # The stream keeps what the queue is done with.
    other = make_queue(kinesis, f"{name}-2", stream_arn=stream_of(kinesis, arn), start="TRIM_HORIZON")
    assert texts(receive(kinesis, other)) == ["a", "b", "c"]


def stream_of(kinesis, arn):
    return kinesis.describe_queue(QueueARN=arn)["QueueDescription"]["StreamConfigurationList"][0]["StreamARN"]


def test_a_waiting_receiver_wakes_at_once(kinesis, new_name):
    name = new_name("queue")
    arn = make_queue(kinesis, name)
    woken = {}

    def wait():
        woken["records"] = receive(kinesis, arn, wait=20)
        woken["at"] = time.monotonic()

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)
    put(kinesis, name, "a")
    acknowledged = time.monotonic()
    waiting.join(10)
    assert texts(woken["records"]) == ["a"]
    assert woken["at"] - acknowledged < 1


def test_two_receivers_share_the_records(kinesis, new_name):
    name = new_name("queue")
    arn = make_queue(kinesis, name)
    wanted = {f"{number:03}" for number in range(200)}
    received = [[], []]

    def work(mine):
        while records := receive(kinesis, arn, wait=2):
            assert acknowledge(kinesis, arn, records)["Failed"] == []
            mine += texts(records)

    workers = [threading.Thread(target=work, args=(mine,)) for mine in received]
    for worker in workers:
        worker.start()
    numbers = sorted(wanted)
    for start in range(0, 200, 20):
        put(kinesis, name, *numbers[start : start + 20])
    for worker in workers:
        worker.join(60)
    assert sorted(received[0] + received[1]) == numbers, "each record once"
    assert all(received), "both got some"


def test_visibility_ends_is_changed_and_counts(kinesis, new_name):
    name = new_name("queue")
    arn = make_queue(kinesis, name, QueueAttributes={"VisibilityTimeoutSeconds": 1})
    put(kinesis, name, "a")
    (first,) = receive(kinesis, arn)
    (second,) = receive(kinesis, arn, wait=5, VisibilityTimeoutSeconds=600)
    assert second["ReceiveCount"] == 2 and second["RecordId"] == first["RecordId"]
    assert second["FirstReceiveTimestamp"] == first["FirstReceiveTimestamp"]
    assert receive(kinesis, arn) == []
    update = lambda records, seconds: kinesis.update_queue_records_visibility(
        QueueARN=arn, Entries=handles(records, VisibilityTimeoutSeconds=seconds)
    )
    assert update([first], 0)["Failed"][0]["ErrorCode"] == "ResourceNotFoundException"
    assert len(update([second], 0)["Successful"]) == 1
    (third,) = receive(kinesis, arn)
    assert third["ReceiveCount"] == 3


def test_dead_letters_are_read_acknowledged_and_restored(kinesis, new_name):
    name = new_name("queue")
    attributes = {
        "VisibilityTimeoutSeconds": 0,
        "DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 2},
    }
    arn = make_queue(kinesis, name, QueueAttributes=attributes)
    put(kinesis, name, "a", "b")
    for count in (1, 2):
        assert [record["ReceiveCount"] for record in receive(kinesis, arn)] == [count, count]
    assert receive(kinesis, arn) == []
    dead = dead_letters(kinesis, arn, VisibilityTimeoutSeconds=600)
    assert texts(dead) == ["a", "b"]
    assert dead_letters(kinesis, arn) == []
    entries = handles(dead, VisibilityTimeoutSeconds=0)
    assert kinesis.update_dead_letter_queue_records_visibility(QueueARN=arn, Entries=entries)["Failed"] == []
    dead = dead_letters(kinesis, arn, VisibilityTimeoutSeconds=600)
    assert texts(dead) == ["a", "b"]
    assert acknowledge(kinesis, arn, dead)["Failed"][0]["ErrorCode"] == "InvalidArgumentException"
    done = kinesis.acknowledge_dead_letter_queue_records(QueueARN=arn, Entries=handles(dead[:1]))
    assert len(done["Successful"]) == 1
    restored = kinesis.restore_dead_letter_queue_records(QueueARN=arn, Entries=handles(dead[1:]))
    assert len(restored["Successful"]) == 1
    (again,) = receive(kinesis, arn)
    assert again["ReceiveCount"] == 1 and again["RecordId"] == dead[1]["RecordId"]


def test_a_crash_between_receipt_and_acknowledgement_loses_nothing(server):
    kinesis = server.client("kinesis")
    arn = make_queue(kinesis, "q", QueueAttributes={"VisibilityTimeoutSeconds": 3})
    put(kinesis, "q", *(f"{number}" for number in range(9)))
    records = receive(kinesis, arn)
    assert len(records) == 9
    assert acknowledge(kinesis, arn, records[:3])["Failed"] == []
    server.kill9()
    server.restart()
    # A handle of before the crash still works.
    assert len(acknowledge(kinesis, arn, records[3:4])["Successful"]) == 1
    rest = []
    eventually(lambda: rest.extend(receive(kinesis, arn, VisibilityTimeoutSeconds=600)) or len(rest) >= 5)
    assert texts(rest) == texts(records[4:])
    assert {record["ReceiveCount"] for record in rest} == {2}
    assert acknowledge(kinesis, arn, rest)["Failed"] == []
    server.kill9()
    server.restart()
    assert receive(kinesis, arn) == []


def test_queues_are_described_listed_changed_and_tagged(kinesis, new_name):
    name = new_name("queue")
    stream_arn = make_stream(kinesis, name)
    names = [f"{name}-{letter}" for letter in "abc"]
    arns = [make_queue(kinesis, each, stream_arn, Tags={"team": "x"}) for each in names]
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["QueueCount"] == 3 and summary["ConsumerCount"] == 0
    described = kinesis.describe_queue(QueueARN=arns[0])["QueueDescription"]
    assert described["QueueName"] == names[0]
    assert described["StreamConfigurationList"] == [
        {"StreamARN": stream_arn, "StartingPosition": {"Type": "LATEST"}}
    ]
    built_in = {"TargetType": "BUILT_IN", "MaxReceiveCount": 6}
    assert described["QueueAttributes"] == {"VisibilityTimeoutSeconds": 30, "DeadLetterConfiguration": built_in}

    pages, token = [], {}
    while True:
        page = kinesis.list_queues(StreamFilter=[{"StreamARN": stream_arn}], MaxResults=2, **token)
        pages.append([queue["QueueName"] for queue in page["QueueSummaries"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [names[:2], names[2:]]
    (identifier,) = page["QueueSummaries"][0]["Streams"]
    assert identifier["StreamARN"] == stream_arn
    assert identifier["StreamCreationTimestamp"] == summary["StreamCreationTimestamp"]
    assert kinesis.list_queues(StreamFilter=[{"StreamARN": stream_arn + "x"}])["QueueSummaries"] == []

    updated = kinesis.update_queue(QueueARN=arns[0], QueueAttributes={"DeadLetterConfiguration": {"TargetType": "NONE"}})
    attributes = updated["QueueDescription"]["QueueAttributes"]
    assert attributes == {"VisibilityTimeoutSeconds": 30, "DeadLetterConfiguration": {"TargetType": "NONE"}}
    kinesis.tag_resource(ResourceARN=arns[0], Tags={"k": "v"})
    kinesis.untag_resource(ResourceARN=arns[0], TagKeys=["team"])
    assert kinesis.list_tags_for_resource(ResourceARN=arns[0])["Tags"] == [{"Key": "k", "Value": "v"}]

    for arn in arns:
        with pytest.raises(ClientError) as error:
            kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
        assert code_of(error) == "ResourceInUseException"
        kinesis.delete_queue(QueueARN=arn)
    for call in (kinesis.describe_queue, kinesis.receive_queue_records, kinesis.delete_queue):
        with pytest.raises(ClientError) as error:
            call(QueueARN=arns[0])
        assert code_of(error) == "ResourceNotFoundException"
    kinesis.delete_stream(StreamName=name)


def test_what_a_queue_cannot_be(kinesis, stream, new_name):
    name = new_name("queue")
    stream_arn = make_stream(kinesis, name)
    provisioned = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    create = lambda *sources, **options: kinesis.create_queue(
        QueueName=name, StreamConfigurationList=list(sources), **options
    )
    source = {"StreamARN": stream_arn}
    no_time = {"StreamARN": stream_arn, "StartingPosition": {"Type": "AT_TIMESTAMP"}}
    nothing = {"DeadLetterConfiguration": {"TargetType": "NONE", "MaxReceiveCount": 3}}
    for expected, sources, options in [
        ("ValidationException", [{"StreamARN": provisioned}], {}),
        ("InvalidArgumentException", [source, source], {}),
        ("InvalidArgumentException", [no_time], {}),
        ("ResourceNotFoundException", [{"StreamARN": stream_arn + "-x"}], {}),
        ("InvalidArgumentException", [source], {"QueueAttributes": nothing}),
    ]:
        with pytest.raises(ClientError) as error:
            create(*sources, **options)
        assert code_of(error) == expected, (sources, options)
    create(source)
    with pytest.raises(ClientError) as error:
        create(source)
    assert code_of(error) == "ResourceInUseException"
    with pytest.raises(ClientError) as error:
        kinesis.update_stream_mode(StreamARN=stream_arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert code_of(error) == "ResourceInUseException"
