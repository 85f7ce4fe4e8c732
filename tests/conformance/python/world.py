"""Streams, consumers, queues and channels for the cases to work on: each made when a case asks, under a new name."""

import datetime
import itertools
import time

WAIT_SECONDS = 30


class World:
    """What a case gets: a way of calling, and things to call it on."""

    def __init__(self, caller, prefix):
        self.caller = caller
        self.call = caller.call
        self.prefix = prefix
        self._names = itertools.count(1)

    def new_name(self, kind):
        return f"{self.prefix}-{kind}-{next(self._names)}"

    def stream(self, shards=1, **more):
        """An active stream's name and ARN."""
        name = self.new_name("stream")
        size = {} if "StreamModeDetails" in more else {"ShardCount": shards}
        self.call("CreateStream", StreamName=name, **size, **more)
        summary = self.active(name)
        return name, summary["StreamARN"]

    def on_demand(self):
        return self.stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})

    def summary(self, name):
        return self.call("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]

    def active(self, name):
        return self.until(lambda: self.summary(name), lambda summary: summary["StreamStatus"] == "ACTIVE")

    def shards(self, name, **filters):
        return self.call("ListShards", StreamName=name, **filters)["Shards"]

    def open_shards(self, name):
        return self.shards(name, ShardFilter={"Type": "AT_LATEST"})

    def consumer(self, arn):
        """An active consumer's description."""
        name = self.new_name("consumer")
        made = self.call("RegisterStreamConsumer", StreamARN=arn, ConsumerName=name)["Consumer"]
        describe = lambda: self.call("DescribeStreamConsumer", ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
        return self.until(describe, lambda consumer: consumer["ConsumerStatus"] == "ACTIVE")

    def put(self, name, *payloads, key="k"):
        """Puts each payload and gives the answers."""
        return [self.call("PutRecord", StreamName=name, Data=payload, PartitionKey=key) for payload in payloads]

    def iterator(self, name, shard="shardId-000000000000", kind="TRIM_HORIZON", **more):
        return self.call(
            "GetShardIterator", StreamName=name, ShardId=shard, ShardIteratorType=kind, **more
        )["ShardIterator"]

    def read(self, name, shard="shardId-000000000000"):
        """What one GetRecords from the horizon gives, as bytes."""
        records = self.call("GetRecords", ShardIterator=self.iterator(name, shard))["Records"]
        return [self.caller.data(record["Data"]) for record in records]

    def queue(self, payloads=(), **attributes):
        """An active queue over an on-demand stream that then gets the payloads; the queue's description."""
        stream, arn = self.on_demand()
        made = self.call(
            "CreateQueue",
            QueueName=self.new_name("queue"),
            StreamConfigurationList=[{"StreamARN": arn, "StartingPosition": {"Type": "TRIM_HORIZON"}}],
            **({"QueueAttributes": attributes} if attributes else {}),
        )["QueueDescription"]
        describe = lambda: self.call("DescribeQueue", QueueARN=made["QueueARN"])["QueueDescription"]
        queue = self.until(describe, lambda queue: queue["QueueStatus"] == "ACTIVE")
        self.put(stream, *payloads)
        return queue

    def receive(self, queue, operation="ReceiveQueueRecords", **more):
        """The records of a queue, waited for."""
        ask = lambda: self.call(operation, QueueARN=queue["QueueARN"], WaitTimeSeconds=1, **more)["QueueRecords"]
        return self.until(ask, bool)

    def dead_letter(self):
        """A queue one of whose records has been received too often, and that record."""
        dead = {"TargetType": "BUILT_IN", "MaxReceiveCount": 1}
        queue = self.queue([b"poison"], VisibilityTimeoutSeconds=1, DeadLetterConfiguration=dead)
        self.receive(queue)
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            # What comes back once more is on its way to the dead letters.
            self.call("ReceiveQueueRecords", QueueARN=queue["QueueARN"], WaitTimeSeconds=1)
            got = self.call("ReceiveDeadLetterQueueRecords", QueueARN=queue["QueueARN"], WaitTimeSeconds=1)
            if got["QueueRecords"]:
                return queue, got["QueueRecords"][0]
        raise AssertionError(f"no dead letter within {WAIT_SECONDS} s")

    def channel(self):
        """A channel that delivers an on-demand stream to S3."""
        _, arn = self.on_demand()
        return self.call("CreateChannel", **self.channel_input(arn))["ChannelDescription"]

    def channel_input(self, stream_arn):
        storage = {"BucketARN": "arn:aws:s3:::conformance", "ExpectedBucketOwner": "000000000000", "CompressionType": "NONE"}
        return {
            "ChannelName": self.new_name("channel"),
            "ServiceExecutionRoleARN": "arn:aws:iam::000000000000:role/channel",
            "StreamConfigurationList": [{"StreamARN": stream_arn, "RecordConfiguration": {"RecordFormatType": "JSON"}}],
            "S3DestinationConfiguration": {"StorageConfiguration": storage},
        }

    @staticmethod
    def until(ask, good, seconds=WAIT_SECONDS):
        """Asks until the answer is good, and gives it."""
        deadline = time.monotonic() + seconds
        while True:
            answer = ask()
            if good(answer):
                return answer
            assert time.monotonic() < deadline, f"not within {seconds} s; the last answer: {answer}"
            time.sleep(0.05)


def now():
    return datetime.datetime.now(datetime.timezone.utc)
