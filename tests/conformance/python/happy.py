"""The happy path of each operation: a function named after it that gets a `World` and asserts what must hold.

Read next: `queues.py` for queues and channels, `errors.py` for what each operation refuses.
"""

import time

from world import now

TOP = 2**128 - 1
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},'
    '"Action":["kinesis:GetRecords"],"Resource":"%s"}]}'
)


def AddTagsToStream(w):
    name, _ = w.stream()
    w.call("AddTagsToStream", StreamName=name, Tags={"team": "river", "stage": "test"})
    tags = w.call("ListTagsForStream", StreamName=name)["Tags"]
    assert tags == [{"Key": "stage", "Value": "test"}, {"Key": "team", "Value": "river"}], tags


def CreateStream(w):
    name, arn = w.stream(2, Tags={"made": "here"})
    assert arn.endswith(f":stream/{name}"), arn
    first, second = (shard["HashKeyRange"] for shard in w.shards(name))
    assert first == {"StartingHashKey": "0", "EndingHashKey": str(2**127 - 1)}, first
    assert second == {"StartingHashKey": str(2**127), "EndingHashKey": str(TOP)}, second
    assert w.call("ListTagsForStream", StreamName=name)["Tags"] == [{"Key": "made", "Value": "here"}]
    name, _ = w.on_demand()
    assert len(w.open_shards(name)) == 4


def DecreaseStreamRetentionPeriod(w):
    name, _ = w.stream()
    w.call("IncreaseStreamRetentionPeriod", StreamName=name, RetentionPeriodHours=72)
    w.active(name)
    w.call("DecreaseStreamRetentionPeriod", StreamName=name, RetentionPeriodHours=24)
    assert w.active(name)["RetentionPeriodHours"] == 24


def DeleteResourcePolicy(w):
    _, arn = w.stream()
    w.call("PutResourcePolicy", ResourceARN=arn, Policy=POLICY % arn)
    w.call("DeleteResourcePolicy", ResourceARN=arn)
    try:
        assert "111122223333" not in w.call("GetResourcePolicy", ResourceARN=arn)["Policy"]
    except Exception as error:
        assert "ResourceNotFoundException" in str(error), error


def DeleteStream(w):
    name, arn = w.stream()
    w.consumer(arn)
    w.call("DeleteStream", StreamName=name, EnforceConsumerDeletion=True)
    w.until(lambda: name in w.call("ListStreams", Limit=10000)["StreamNames"], lambda there: not there)


def DeregisterStreamConsumer(w):
    _, arn = w.stream()
    consumer = w.consumer(arn)
    w.call("DeregisterStreamConsumer", StreamARN=arn, ConsumerName=consumer["ConsumerName"])
    w.until(lambda: w.call("ListStreamConsumers", StreamARN=arn)["Consumers"], lambda consumers: not consumers)


def DescribeAccountSettings(w):
    settings = w.call("DescribeAccountSettings")["MinimumThroughputBillingCommitment"]
    assert settings["Status"] in ("ENABLED", "DISABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END"), settings


def DescribeLimits(w):
    name, _ = w.stream(3)
    limits = w.call("DescribeLimits")
    assert limits["ShardLimit"] >= limits["OpenShardCount"] >= 3, limits
    assert limits["OnDemandStreamCountLimit"] >= limits["OnDemandStreamCount"] >= 0, limits


def DescribeStream(w):
    name, arn = w.stream(3)
    seen = w.call("DescribeStream", StreamName=name, Limit=2)["StreamDescription"]
    assert (seen["StreamName"], seen["StreamARN"], seen["StreamStatus"]) == (name, arn, "ACTIVE"), seen
    assert len(seen["Shards"]) == 2 and seen["HasMoreShards"] is True, seen
    last = seen["Shards"][-1]["ShardId"]
    rest = w.call("DescribeStream", StreamARN=arn, ExclusiveStartShardId=last)["StreamDescription"]
    assert [shard["ShardId"] for shard in rest["Shards"]] == ["shardId-000000000002"], rest
    assert rest["HasMoreShards"] is False and rest["RetentionPeriodHours"] == 24, rest


def DescribeStreamConsumer(w):
    _, arn = w.stream()
    consumer = w.consumer(arn)
    named = w.call("DescribeStreamConsumer", StreamARN=arn, ConsumerName=consumer["ConsumerName"])
    assert named["ConsumerDescription"] == consumer, named
    assert consumer["ConsumerARN"].startswith(f"{arn}/consumer/{consumer['ConsumerName']}:"), consumer
    assert consumer["StreamARN"] == arn, consumer


def DescribeStreamSummary(w):
    name, arn = w.stream(2)
    w.consumer(arn)
    summary = w.summary(name)
    assert (summary["OpenShardCount"], summary["ConsumerCount"]) == (2, 1), summary
    assert summary["StreamModeDetails"]["StreamMode"] == "PROVISIONED", summary
    assert "StreamId" not in summary, "a stream id would send later calls to AWS's own host names"


def DisableEnhancedMonitoring(w):
    name, _ = w.stream()
    w.call("EnableEnhancedMonitoring", StreamName=name, ShardLevelMetrics=["ALL"])
    w.active(name)
    answer = w.call("DisableEnhancedMonitoring", StreamName=name, ShardLevelMetrics=["IncomingBytes"])
    assert len(answer["CurrentShardLevelMetrics"]) == 7, answer
    assert len(answer["DesiredShardLevelMetrics"]) == 6, answer


def EnableEnhancedMonitoring(w):
    name, _ = w.stream()
    wanted = ["IncomingBytes", "OutgoingRecords"]
    answer = w.call("EnableEnhancedMonitoring", StreamName=name, ShardLevelMetrics=wanted)
    assert answer["CurrentShardLevelMetrics"] == [], answer
    assert sorted(answer["DesiredShardLevelMetrics"]) == wanted, answer
    assert sorted(w.active(name)["EnhancedMonitoring"][0]["ShardLevelMetrics"]) == wanted


def GetRecords(w):
    name, _ = w.stream()
    put = w.put(name, b"one", b"two", b"three")
    page = w.call("GetRecords", ShardIterator=w.iterator(name), Limit=2)
    assert [w.caller.data(record["Data"]) for record in page["Records"]] == [b"one", b"two"], page
    assert page["Records"][0]["SequenceNumber"] == put[0]["SequenceNumber"], page
    assert page["Records"][0]["PartitionKey"] == "k" and page["MillisBehindLatest"] >= 0, page
    page = w.call("GetRecords", ShardIterator=page["NextShardIterator"])
    assert [w.caller.data(record["Data"]) for record in page["Records"]] == [b"three"], page
    assert page["MillisBehindLatest"] == 0 and page["NextShardIterator"], page


def GetResourcePolicy(w):
    _, arn = w.stream()
    w.call("PutResourcePolicy", ResourceARN=arn, Policy=POLICY % arn)
    assert "111122223333" in w.call("GetResourcePolicy", ResourceARN=arn)["Policy"]


def GetShardIterator(w):
    name, _ = w.stream()
    before = now()
    first, second = (answer["SequenceNumber"] for answer in w.put(name, b"one", b"two"))
    for kind, more, expected in (
        ("TRIM_HORIZON", {}, [b"one", b"two"]),
        ("LATEST", {}, []),
        ("AT_SEQUENCE_NUMBER", {"StartingSequenceNumber": second}, [b"two"]),
        ("AFTER_SEQUENCE_NUMBER", {"StartingSequenceNumber": first}, [b"two"]),
        ("AT_TIMESTAMP", {"Timestamp": before}, [b"one", b"two"]),
    ):
        records = w.call("GetRecords", ShardIterator=w.iterator(name, kind=kind, **more))["Records"]
        assert [w.caller.data(record["Data"]) for record in records] == expected, (kind, records)


def IncreaseStreamRetentionPeriod(w):
    name, _ = w.stream()
    w.call("IncreaseStreamRetentionPeriod", StreamName=name, RetentionPeriodHours=8760)
    assert w.active(name)["RetentionPeriodHours"] == 8760


def ListShards(w):
    name, arn = w.stream(3)
    page = w.call("ListShards", StreamARN=arn, MaxResults=2)
    rest = w.call("ListShards", NextToken=page["NextToken"])
    ids = [shard["ShardId"] for shard in page["Shards"] + rest["Shards"]]
    assert ids == [f"shardId-00000000000{index}" for index in range(3)] and "NextToken" not in rest, (page, rest)
    for kind, expected in (("AT_LATEST", 3), ("AT_TRIM_HORIZON", 3), ("FROM_TRIM_HORIZON", 3)):
        assert len(w.shards(name, ShardFilter={"Type": kind})) == expected, kind
    after = w.shards(name, ShardFilter={"Type": "AFTER_SHARD_ID", "ShardId": ids[0]})
    assert [shard["ShardId"] for shard in after] == ids[1:], after


def ListStreamConsumers(w):
    _, arn = w.stream()
    names = sorted(w.consumer(arn)["ConsumerName"] for _ in range(3))
    page = w.call("ListStreamConsumers", StreamARN=arn, MaxResults=2)
    rest = w.call("ListStreamConsumers", StreamARN=arn, NextToken=page["NextToken"])
    assert sorted(consumer["ConsumerName"] for consumer in page["Consumers"] + rest["Consumers"]) == names


def ListStreams(w):
    made = {w.stream()[0] for _ in range(3)}
    seen, more = [], {}
    while True:
        page = w.call("ListStreams", Limit=2, **more)
        seen += page["StreamNames"]
        assert [summary["StreamName"] for summary in page["StreamSummaries"]] == page["StreamNames"], page
        if not page["HasMoreStreams"]:
            break
        more = {"NextToken": page["NextToken"]}
    assert made <= set(seen) and seen == sorted(seen), seen


def ListTagsForResource(w):
    _, arn = w.stream()
    w.call("TagResource", ResourceARN=arn, Tags={"a": "1"})
    assert w.call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]


def ListTagsForStream(w):
    name, _ = w.stream()
    w.call("AddTagsToStream", StreamName=name, Tags={"a": "1", "b": "2", "c": "3"})
    page = w.call("ListTagsForStream", StreamName=name, Limit=2)
    assert page["HasMoreTags"] is True and [tag["Key"] for tag in page["Tags"]] == ["a", "b"], page
    rest = w.call("ListTagsForStream", StreamName=name, ExclusiveStartTagKey="b")
    assert rest["HasMoreTags"] is False and [tag["Key"] for tag in rest["Tags"]] == ["c"], rest


def MergeShards(w):
    name, _ = w.stream(2)
    low, high = (shard["ShardId"] for shard in w.shards(name))
    w.call("PutRecord", StreamName=name, Data=b"low", PartitionKey="k", ExplicitHashKey="0")
    w.call("MergeShards", StreamName=name, ShardToMerge=low, AdjacentShardToMerge=high)
    w.active(name)
    child, = w.open_shards(name)
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (low, high), child
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(TOP)}, child
    page = w.call("GetRecords", ShardIterator=w.iterator(name, low))
    assert [w.caller.data(record["Data"]) for record in page["Records"]] == [b"low"], page
    page = page if "ChildShards" in page else w.call("GetRecords", ShardIterator=page["NextShardIterator"])
    assert page.get("NextShardIterator") is None, page
    assert page["ChildShards"][0]["ShardId"] == child["ShardId"], page
    assert sorted(page["ChildShards"][0]["ParentShards"]) == sorted([low, high]), page


def PutRecord(w):
    name, arn = w.stream(2)
    low = w.call("PutRecord", StreamName=name, Data=b"low", PartitionKey="k", ExplicitHashKey="0")
    high = w.call("PutRecord", StreamARN=arn, Data=b"high", PartitionKey="k", ExplicitHashKey=str(TOP))
    assert (low["ShardId"], high["ShardId"]) == ("shardId-000000000000", "shardId-000000000001"), (low, high)
    again = w.call(
        "PutRecord", StreamName=name, Data=b"next", PartitionKey="k", ExplicitHashKey="0",
        SequenceNumberForOrdering=low["SequenceNumber"],
    )
    assert int(again["SequenceNumber"]) > int(low["SequenceNumber"]), (low, again)


def PutRecords(w):
    name, _ = w.stream(2)
    # The MD5 of "a" begins with 0, that of "b" with 9: one for each half.
    entries = [{"Data": key.encode(), "PartitionKey": key} for key in ("a", "b")]
    answer = w.call("PutRecords", StreamName=name, Records=entries)
    assert answer["FailedRecordCount"] == 0, answer
    shards = [record["ShardId"] for record in answer["Records"]]
    assert shards == ["shardId-000000000000", "shardId-000000000001"], answer
    assert w.read(name) == [b"a"]


def PutResourcePolicy(w):
    _, arn = w.stream()
    w.call("PutResourcePolicy", ResourceARN=arn, Policy=POLICY % arn)
    consumer = w.consumer(arn)["ConsumerARN"]
    w.call("PutResourcePolicy", ResourceARN=consumer, Policy=(POLICY % consumer).replace("GetRecords", "SubscribeToShard"))
    assert "SubscribeToShard" in w.call("GetResourcePolicy", ResourceARN=consumer)["Policy"]


def RegisterStreamConsumer(w):
    name, arn = w.stream()
    consumer = w.call("RegisterStreamConsumer", StreamARN=arn, ConsumerName="reader", Tags={"a": "1"})["Consumer"]
    assert consumer["ConsumerName"] == "reader" and consumer["ConsumerStatus"] in ("CREATING", "ACTIVE"), consumer
    tags = w.call("ListTagsForResource", ResourceARN=consumer["ConsumerARN"])["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}], tags


def RemoveTagsFromStream(w):
    name, _ = w.stream()
    w.call("AddTagsToStream", StreamName=name, Tags={"a": "1", "b": "2"})
    w.call("RemoveTagsFromStream", StreamName=name, TagKeys=["a", "unknown"])
    assert w.call("ListTagsForStream", StreamName=name)["Tags"] == [{"Key": "b", "Value": "2"}]


def SplitShard(w):
    name, _ = w.stream()
    parent, = w.shards(name)
    w.call("SplitShard", StreamName=name, ShardToSplit=parent["ShardId"], NewStartingHashKey=str(2**127))
    w.active(name)
    low, high = w.open_shards(name)
    assert low["ParentShardId"] == high["ParentShardId"] == parent["ShardId"], (low, high)
    assert low["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**127 - 1)}, low
    assert high["HashKeyRange"] == {"StartingHashKey": str(2**127), "EndingHashKey": str(TOP)}, high
    put = w.call("PutRecord", StreamName=name, Data=b"x", PartitionKey="k", ExplicitHashKey="0")
    assert put["ShardId"] == low["ShardId"], put
    closed = next(shard for shard in w.shards(name) if shard["ShardId"] == parent["ShardId"])
    assert closed["SequenceNumberRange"].get("EndingSequenceNumber"), closed


def StartStreamEncryption(w):
    name, _ = w.stream()
    w.call("StartStreamEncryption", StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    summary = w.active(name)
    assert (summary["EncryptionType"], summary["KeyId"]) == ("KMS", "alias/aws/kinesis"), summary
    put, = w.put(name, b"secret")
    assert put["EncryptionType"] == "KMS" and w.read(name) == [b"secret"], put


def StopStreamEncryption(w):
    name, _ = w.stream()
    key = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    w.call("StartStreamEncryption", StreamName=name, **key)
    w.active(name)
    w.put(name, b"secret")
    w.call("StopStreamEncryption", StreamName=name, **key)
    assert w.active(name).get("EncryptionType", "NONE") == "NONE"
    w.put(name, b"open")
    assert w.read(name) == [b"secret", b"open"]


def SubscribeToShard(w):
    name, arn = w.stream()
    w.put(name, b"before")
    consumer = w.consumer(arn)["ConsumerARN"]
    subscription = w.call(
        "SubscribeToShard", ConsumerARN=consumer, ShardId="shardId-000000000000",
        StartingPosition={"Type": "TRIM_HORIZON"},
    )
    events = iter(subscription["EventStream"])
    event = next(events)["SubscribeToShardEvent"]
    assert [record["Data"] for record in event["Records"]] == [b"before"], event
    assert event["ContinuationSequenceNumber"] and event["MillisBehindLatest"] >= 0, event
    started = time.monotonic()
    w.put(name, b"after")
    while not (records := next(events)["SubscribeToShardEvent"]["Records"]):
        pass
    assert [record["Data"] for record in records] == [b"after"], records
    assert time.monotonic() - started < 2, "a waiting subscriber is woken by the put"
    w.call("SplitShard", StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    last = [event["SubscribeToShardEvent"] for event in events][-1]
    children = [child["ShardId"] for child in last["ChildShards"]]
    assert children == ["shardId-000000000001", "shardId-000000000002"], last
    assert not last.get("ContinuationSequenceNumber"), last


def TagResource(w):
    _, arn = w.stream()
    consumer = w.consumer(arn)["ConsumerARN"]
    for resource in (arn, consumer):
        w.call("TagResource", ResourceARN=resource, Tags={"a": "1"})
        assert w.call("ListTagsForResource", ResourceARN=resource)["Tags"] == [{"Key": "a", "Value": "1"}], resource


def UntagResource(w):
    _, arn = w.stream(Tags={"a": "1", "b": "2"})
    w.call("UntagResource", ResourceARN=arn, TagKeys=["a"])
    assert w.call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def UpdateAccountSettings(w):
    wanted = {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}
    answer = w.call("UpdateAccountSettings", **wanted)["MinimumThroughputBillingCommitment"]
    assert answer["Status"] == "ENABLED", answer
    assert w.call("DescribeAccountSettings")["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED"


def UpdateMaxRecordSize(w):
    name, arn = w.stream()
    w.call("UpdateMaxRecordSize", StreamARN=arn, MaxRecordSizeInKiB=2048)
    assert w.active(name)["MaxRecordSizeInKiB"] == 2048
    w.put(name, b"x" * (1500 * 1024))


def UpdateShardCount(w):
    name, arn = w.stream(2)
    answer = w.call("UpdateShardCount", StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, 3), answer
    assert answer["StreamARN"] == arn, answer
    assert w.active(name)["OpenShardCount"] == 3
    ranges = sorted(
        (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
        for shard in w.open_shards(name)
    )
    assert ranges[0][0] == 0 and ranges[-1][1] == TOP, ranges
    assert all(low[1] + 1 == high[0] for low, high in zip(ranges, ranges[1:])), ranges
    widths = [end - start for start, end in ranges]
    assert max(widths) - min(widths) <= 2, widths


def UpdateStreamMode(w):
    name, arn = w.stream(2)
    w.call("UpdateStreamMode", StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    summary = w.active(name)
    assert summary["StreamModeDetails"]["StreamMode"] == "ON_DEMAND", summary
    w.call("UpdateStreamMode", StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert w.active(name)["StreamModeDetails"]["StreamMode"] == "PROVISIONED"


def UpdateStreamRecordDistributionStrategy(w):
    name, arn = w.on_demand()
    w.call("UpdateStreamRecordDistributionStrategy", StreamARN=arn, RecordDistributionStrategy="AUTO")
    assert w.active(name)["RecordDistributionStrategy"] == "AUTO"
    put = w.call("PutRecord", StreamName=name, Data=b"no key")
    record, = w.call("GetRecords", ShardIterator=w.iterator(name, put["ShardId"]))["Records"]
    assert "PartitionKey" not in record, record


def UpdateStreamWarmThroughput(w):
    w.call("UpdateAccountSettings", MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    name, arn = w.on_demand()
    answer = w.call("UpdateStreamWarmThroughput", StreamARN=arn, WarmThroughputMiBps=10)
    assert answer["WarmThroughput"]["TargetMiBps"] == 10, answer
    assert w.active(name)["WarmThroughput"]["CurrentMiBps"] >= 10
