"""The happy paths of queues and channels; as `happy.py`."""

import time


def handles(records):
    return [{"ReceiptHandle": record["ReceiptHandle"]} for record in records]


def AcknowledgeDeadLetterQueueRecords(w):
    queue, record = w.dead_letter()
    answer = w.call("AcknowledgeDeadLetterQueueRecords", QueueARN=queue["QueueARN"], Entries=handles([record]))
    assert answer["Successful"] == handles([record]) and answer["Failed"] == [], answer


def AcknowledgeQueueRecords(w):
    queue = w.queue([b"one"], VisibilityTimeoutSeconds=1)
    records = w.receive(queue)
    unknown = {"ReceiptHandle": "unknown"}
    answer = w.call("AcknowledgeQueueRecords", QueueARN=queue["QueueARN"], Entries=[*handles(records), unknown])
    assert answer["Successful"] == handles(records), answer
    assert [failed["ReceiptHandle"] for failed in answer["Failed"]] == ["unknown"], answer
    time.sleep(1.2)
    again = w.call("ReceiveQueueRecords", QueueARN=queue["QueueARN"], WaitTimeSeconds=1)["QueueRecords"]
    assert again == [], "what was acknowledged does not come back"


def CreateChannel(w):
    channel = w.channel()
    assert channel["ChannelStatus"] in ("CREATING", "ACTIVE"), channel
    assert channel["ChannelARN"] and channel["ChannelId"], channel


def CreateQueue(w):
    queue = w.queue()
    assert queue["QueueARN"].split(":")[2] == "kinesis" and ":queue/" in queue["QueueARN"], queue
    attributes = queue["QueueAttributes"]
    assert attributes["VisibilityTimeoutSeconds"] == 30, attributes
    assert attributes["DeadLetterConfiguration"] == {"TargetType": "BUILT_IN", "MaxReceiveCount": 6}, attributes


def DeleteChannel(w):
    channel = w.channel()
    settled = lambda: w.call("DescribeChannel", ChannelARN=channel["ChannelARN"])["ChannelDescription"]
    w.until(settled, lambda seen: seen["ChannelStatus"] in ("ACTIVE", "FAILED"))
    w.call("DeleteChannel", ChannelARN=channel["ChannelARN"])
    listed = lambda: [summary["ChannelARN"] for summary in w.call("ListChannels")["ChannelSummaries"]]
    w.until(listed, lambda arns: channel["ChannelARN"] not in arns)


def DeleteQueue(w):
    queue = w.queue()
    w.call("DeleteQueue", QueueARN=queue["QueueARN"])
    listed = lambda: [summary["QueueARN"] for summary in w.call("ListQueues")["QueueSummaries"]]
    w.until(listed, lambda arns: queue["QueueARN"] not in arns)


def DescribeChannel(w):
    channel = w.channel()
    seen = w.call("DescribeChannel", ChannelARN=channel["ChannelARN"])["ChannelDescription"]
    assert seen["ChannelName"] == channel["ChannelName"], seen
    assert seen["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 300, seen


def DescribeQueue(w):
    queue = w.queue(VisibilityTimeoutSeconds=7)
    assert queue["QueueAttributes"]["VisibilityTimeoutSeconds"] == 7, queue
    assert queue["StreamConfigurationList"][0]["StartingPosition"]["Type"] == "TRIM_HORIZON", queue


def ListChannels(w):
    channel = w.channel()
    arn = channel["StreamConfigurationList"][0]["StreamARN"]
    summary, = w.call("ListChannels", StreamFilter=[{"StreamARN": arn}])["ChannelSummaries"]
    assert summary["ChannelARN"] == channel["ChannelARN"] and summary["ChannelDestinationType"] == "S3", summary


def ListQueues(w):
    queue = w.queue()
    arn = queue["StreamConfigurationList"][0]["StreamARN"]
    summary, = w.call("ListQueues", StreamFilter=[{"StreamARN": arn}])["QueueSummaries"]
    assert summary["QueueARN"] == queue["QueueARN"], summary
    page = w.call("ListQueues", MaxResults=1)
    assert len(page["QueueSummaries"]) <= 1, page


def ReceiveDeadLetterQueueRecords(w):
    _, record = w.dead_letter()
    assert w.caller.data(record["Data"]) == b"poison", record


def ReceiveQueueRecords(w):
    queue = w.queue([b"one"], VisibilityTimeoutSeconds=1)
    first, = w.receive(queue)
    assert w.caller.data(first["Data"]) == b"one" and first["PartitionKey"] == "k", first
    assert first["ReceiveCount"] == 1, first
    second, = w.receive(queue)
    assert second["RecordId"] == first["RecordId"] and second["ReceiveCount"] >= 2, (first, second)


def RestoreDeadLetterQueueRecords(w):
    queue, record = w.dead_letter()
    answer = w.call("RestoreDeadLetterQueueRecords", QueueARN=queue["QueueARN"], Entries=handles([record]))
    assert answer["Successful"] == handles([record]) and answer["Failed"] == [], answer
    back, = w.receive(queue)
    assert w.caller.data(back["Data"]) == b"poison" and back["ReceiveCount"] == 1, back


def UpdateChannel(w):
    channel = w.channel()
    settled = lambda: w.call("DescribeChannel", ChannelARN=channel["ChannelARN"])["ChannelDescription"]
    w.until(settled, lambda seen: seen["ChannelStatus"] == "ACTIVE")
    wanted = {"DataFreshnessInSeconds": 60}
    w.call("UpdateChannel", ChannelARN=channel["ChannelARN"], S3DestinationConfiguration=wanted)
    seen = w.until(settled, lambda seen: seen["ChannelStatus"] == "ACTIVE")
    assert seen["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 60, seen


def UpdateDeadLetterQueueRecordsVisibility(w):
    queue, record = w.dead_letter()
    entries = [{"ReceiptHandle": record["ReceiptHandle"], "VisibilityTimeoutSeconds": 0}]
    answer = w.call("UpdateDeadLetterQueueRecordsVisibility", QueueARN=queue["QueueARN"], Entries=entries)
    assert answer["Successful"] == handles([record]), answer
    again, = w.receive(queue, "ReceiveDeadLetterQueueRecords")
    assert again["RecordId"] == record["RecordId"], again


def UpdateQueue(w):
    queue = w.queue()
    attributes = {"VisibilityTimeoutSeconds": 5, "DeadLetterConfiguration": {"TargetType": "NONE"}}
    w.call("UpdateQueue", QueueARN=queue["QueueARN"], QueueAttributes=attributes)
    describe = lambda: w.call("DescribeQueue", QueueARN=queue["QueueARN"])["QueueDescription"]
    seen = w.until(describe, lambda seen: seen["QueueStatus"] == "ACTIVE")
    assert seen["QueueAttributes"]["VisibilityTimeoutSeconds"] == 5, seen


def UpdateQueueRecordsVisibility(w):
    queue = w.queue([b"one"])
    record, = w.receive(queue)
    entries = [{"ReceiptHandle": record["ReceiptHandle"], "VisibilityTimeoutSeconds": 0}]
    answer = w.call("UpdateQueueRecordsVisibility", QueueARN=queue["QueueARN"], Entries=entries)
    assert answer["Successful"] == handles([record]), answer
    again, = w.receive(queue)
    assert again["RecordId"] == record["RecordId"], "visible at once, long before its 30 seconds"
