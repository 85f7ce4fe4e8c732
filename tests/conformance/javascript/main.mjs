// AWS SDK for JavaScript v3: its default handler speaks HTTP/2 to every endpoint, without TLS by prior knowledge.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as sdk from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { client, feature } from "./report.mjs";

const { env } = process;
const installed = new URL("./node_modules/@aws-sdk/client-kinesis/package.json", import.meta.url);
const TOP = (2n ** 128n - 1n).toString();
const HALF = (2n ** 127n).toString();

const plain = { endpoint: env.THALWEG_ENDPOINT, maxAttempts: 1 };
const secure = {
  endpoint: env.THALWEG_TLS_ENDPOINT,
  maxAttempts: 1,
  credentials: { accessKeyId: env.TLS_AWS_ACCESS_KEY_ID, secretAccessKey: env.TLS_AWS_SECRET_ACCESS_KEY },
};

const text = (bytes) => Buffer.from(bytes).toString();
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A client with one word for each operation that the checks need. */
class Kinesis {
  static made = 0;

  constructor(configuration) {
    this.sdk = new sdk.KinesisClient(configuration);
  }

  call(operation, input = {}) {
    return this.sdk.send(new sdk[`${operation}Command`](input));
  }

  async stream(ShardCount = 1) {
    const StreamName = `javascript-${++Kinesis.made}`;
    await this.call("CreateStream", { StreamName, ShardCount });
    return { StreamName, StreamARN: (await this.active(StreamName)).StreamARN };
  }

  async active(StreamName) {
    for (;;) {
      const { StreamDescriptionSummary: summary } = await this.call("DescribeStreamSummary", { StreamName });
      if (summary.StreamStatus === "ACTIVE") return summary;
      await pause(50);
    }
  }

  async openShards(StreamName) {
    const { Shards } = await this.call("ListShards", { StreamName, ShardFilter: { Type: "AT_LATEST" } });
    return Shards;
  }

  async read(StreamName, ShardId = "shardId-000000000000") {
    const { ShardIterator } = await this.call("GetShardIterator", { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" });
    const { Records } = await this.call("GetRecords", { ShardIterator });
    return Records.map((record) => text(record.Data));
  }

  async consumer(StreamARN, ConsumerName) {
    await this.call("RegisterStreamConsumer", { StreamARN, ConsumerName });
    for (;;) {
      const { ConsumerDescription } = await this.call("DescribeStreamConsumer", { StreamARN, ConsumerName });
      if (ConsumerDescription.ConsumerStatus === "ACTIVE") return ConsumerDescription;
      await pause(50);
    }
  }

  /** Subscribes, sees an old record, is woken by a new one, and is told of the children at the shard's end. */
  async subscribe() {
    const { StreamName, StreamARN } = await this.stream();
    await this.call("PutRecord", { StreamName, Data: Buffer.from("before"), PartitionKey: "k" });
    const { ConsumerARN } = await this.consumer(StreamARN, "reader");
    const { EventStream } = await this.call("SubscribeToShard", {
      ConsumerARN,
      ShardId: "shardId-000000000000",
      StartingPosition: { Type: "TRIM_HORIZON" },
    });
    const seen = [];
    for await (const { SubscribeToShardEvent: event } of EventStream) {
      for (const record of event.Records) {
        seen.push(text(record.Data));
        if (seen.length === 1) {
          await this.call("PutRecord", { StreamName, Data: Buffer.from("after"), PartitionKey: "k" });
        } else {
          const split = { StreamName, ShardToSplit: "shardId-000000000000", NewStartingHashKey: HALF };
          await this.call("SplitShard", split);
        }
      }
      if (event.ChildShards?.length) {
        assert.deepEqual(seen, ["before", "after"]);
        assert.deepEqual(event.ChildShards.map((child) => child.ParentShards), [["shardId-000000000000"], ["shardId-000000000000"]]);
        return;
      }
      assert.ok(event.ContinuationSequenceNumber);
    }
    assert.fail("the stream of events ended without the shard's children");
  }
}

const kinesis = new Kinesis(plain);
client("AWS SDK for JavaScript", JSON.parse(readFileSync(installed)).version);

await feature("CreateStream", async () => {
  const { StreamName } = await kinesis.stream(2);
  assert.equal((await kinesis.openShards(StreamName))[1].HashKeyRange.EndingHashKey, TOP);
});
await feature("ListStreams", async () => {
  const { StreamName } = await kinesis.stream();
  const names = [];
  for await (const page of sdk.paginateListStreams({ client: kinesis.sdk, pageSize: 1 }, {})) names.push(...page.StreamNames);
  assert.ok(names.includes(StreamName));
});
await feature("DescribeStream", async () => {
  const { StreamName } = await kinesis.stream();
  const { state } = await sdk.waitUntilStreamExists({ client: kinesis.sdk, maxWaitTime: 20 }, { StreamName });
  assert.equal(state, "SUCCESS");
});
await feature("PutRecord", async () => {
  const { StreamName } = await kinesis.stream(2);
  const put = { StreamName, Data: Buffer.from([0, 255, 128]), PartitionKey: "k", ExplicitHashKey: TOP };
  assert.equal((await kinesis.call("PutRecord", put)).ShardId, "shardId-000000000001");
});
await feature("PutRecords", async () => {
  const { StreamName } = await kinesis.stream();
  const Records = Array.from({ length: 500 }, (_, i) => ({ Data: Buffer.from(`${i}`), PartitionKey: `${i}` }));
  assert.equal((await kinesis.call("PutRecords", { StreamName, Records })).FailedRecordCount, 0);
  assert.deepEqual((await kinesis.read(StreamName)), Records.map((record) => text(record.Data)));
});
await feature("GetRecords", async () => {
  const { StreamName } = await kinesis.stream();
  const put = await kinesis.call("PutRecord", { StreamName, Data: Buffer.from([0, 255, 128]), PartitionKey: "ключ" });
  const { ShardIterator } = await kinesis.call("GetShardIterator", {
    StreamName, ShardId: put.ShardId, ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: put.SequenceNumber,
  });
  const { Records: [record] } = await kinesis.call("GetRecords", { ShardIterator });
  assert.deepEqual([...record.Data], [0, 255, 128]);
  assert.equal(record.PartitionKey, "ключ");
  assert.ok(Math.abs(record.ApproximateArrivalTimestamp - Date.now()) < 60_000);
});
await feature("GetShardIterator", async () => {
  const { StreamName } = await kinesis.stream();
  const input = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date() };
  assert.ok((await kinesis.call("GetShardIterator", input)).ShardIterator);
});
await feature("SplitShard", async () => {
  const { StreamName } = await kinesis.stream();
  await kinesis.call("SplitShard", { StreamName, ShardToSplit: "shardId-000000000000", NewStartingHashKey: HALF });
  await kinesis.active(StreamName);
  assert.equal((await kinesis.openShards(StreamName)).length, 2);
});
await feature("MergeShards", async () => {
  const { StreamName } = await kinesis.stream(2);
  await kinesis.call("MergeShards", {
    StreamName, ShardToMerge: "shardId-000000000000", AdjacentShardToMerge: "shardId-000000000001",
  });
  await kinesis.active(StreamName);
  assert.equal((await kinesis.openShards(StreamName)).length, 1);
});
await feature("UpdateShardCount", async () => {
  const { StreamName } = await kinesis.stream(2);
  await kinesis.call("UpdateShardCount", { StreamName, TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" });
  assert.equal((await kinesis.active(StreamName)).OpenShardCount, 4);
});
await feature("RegisterStreamConsumer", async () => {
  const { StreamARN } = await kinesis.stream();
  const { ConsumerCreationTimestamp } = await kinesis.consumer(StreamARN, "reader");
  assert.ok(Math.abs(ConsumerCreationTimestamp - Date.now()) < 60_000);
});
await feature("SubscribeToShard", () => kinesis.subscribe());
await feature("DeleteStream", async () => {
  const { StreamName } = await kinesis.stream();
  await kinesis.call("DeleteStream", { StreamName });
  const { state } = await sdk.waitUntilStreamNotExists({ client: kinesis.sdk, maxWaitTime: 20 }, { StreamName });
  assert.equal(state, "SUCCESS");
});
await feature("modelled errors arrive as their classes", async () => {
  await assert.rejects(kinesis.call("DescribeStreamSummary", { StreamName: "unknown" }), sdk.ResourceNotFoundException);
  await assert.rejects(kinesis.call("GetRecords", { ShardIterator: "garbage" }), sdk.InvalidArgumentException);
});
await feature("20 subscribers on one shard, on shared HTTP/2 connections", async () => {
  const { StreamName, StreamARN } = await kinesis.stream();
  const consumers = await Promise.all(Array.from({ length: 20 }, (_, i) => kinesis.consumer(StreamARN, `reader-${i}`)));
  const subscriptions = await Promise.all(consumers.map(({ ConsumerARN }) => kinesis.call("SubscribeToShard", {
    ConsumerARN, ShardId: "shardId-000000000000", StartingPosition: { Type: "TRIM_HORIZON" },
  })));
  const expected = Array.from({ length: 100 }, (_, i) => `${i}`);
  const Records = expected.map((name) => ({ Data: Buffer.from(name), PartitionKey: name }));
  await kinesis.call("PutRecords", { StreamName, Records });
  await Promise.all(subscriptions.map(async ({ EventStream }) => {
    const seen = [];
    for await (const { SubscribeToShardEvent: event } of EventStream) {
      seen.push(...event.Records.map((record) => text(record.Data)));
      if (seen.length >= expected.length) break;
    }
    assert.deepEqual(seen, expected);
  }));
});
await feature("everything over HTTP/1.1 with its other handler", async () => {
  await new Kinesis({ ...plain, requestHandler: new NodeHttpHandler() }).subscribe();
});
await feature("everything over HTTP/2 with TLS", () => new Kinesis(secure).subscribe());
// Open sessions would keep the program alive.
process.exit(0);
