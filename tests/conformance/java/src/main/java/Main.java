import java.util.List;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ScalingType;

/** AWS SDK for Java v2: the blocking client (CBOR, HTTP/1.1) and the asynchronous one (HTTP/2). */
public final class Main {
  private static final int SECONDS = 30;

  public static void main(String[] arguments) {
    Wire wire = new Wire();
    Streams plain = new Streams(Clients.blocking(Environment.PLAIN, wire));
    Report.client("AWS SDK for Java v2", VersionInfo.SDK_VERSION);
    feature("CreateStream", () -> {
      String name = plain.create(2);
      Report.expect("the last hash key", plain.open(name).get(1).hashKeyRange().endingHashKey(), Streams.TOP);
    });
    feature("DeleteStream", () -> {
      String name = plain.create(1);
      plain.kinesis.deleteStream(r -> r.streamName(name));
      plain.kinesis.waiter().waitUntilStreamNotExists(r -> r.streamName(name));
    });
    feature("DescribeStream", () -> {
      String name = plain.create(1);
      plain.kinesis.waiter().waitUntilStreamExists(r -> r.streamName(name));
    });
    feature("GetRecords", () -> getRecords(plain));
    feature("ListStreams", () -> {
      String name = plain.create(1);
      boolean listed = plain.kinesis.listStreamsPaginator(r -> r.limit(1)).streamNames().stream().anyMatch(name::equals);
      Report.expect("whether the stream is listed", listed, true);
    });
    feature("MergeShards", () -> {
      String name = plain.create(2);
      plain.kinesis.mergeShards(r -> r.streamName(name).shardToMerge(Streams.FIRST).adjacentShardToMerge(Streams.SECOND));
      plain.active(name);
      Report.expect("open shards", plain.open(name).size(), 1);
    });
    feature("PutRecord", () -> {
      String name = plain.create(2);
      Report.expect("the shard", plain.put(name, "x", Streams.TOP).shardId(), Streams.SECOND);
    });
    feature("PutRecords", () -> putRecords(plain));
    feature("SplitShard", () -> {
      String name = plain.create(1);
      plain.split(name);
      plain.active(name);
      Report.expect("open shards", plain.open(name).size(), 2);
    });
    feature("SubscribeToShard", () -> new Subscriber(plain, Clients.async(Environment.PLAIN, Protocol.HTTP2)).run());
    feature("UpdateShardCount", () -> {
      String name = plain.create(2);
      plain.kinesis.updateShardCount(r -> r.streamName(name).targetShardCount(4).scalingType(ScalingType.UNIFORM_SCALING));
      plain.active(name);
      Report.expect("open shards", plain.open(name).size(), 4);
    });
    feature("modelled errors arrive as their classes", () -> errors(plain));
    feature("legacy CBOR, the default, both ways", () -> {
      wire.clear();
      getRecords(plain);
      Report.expect("the content types", wire.contentTypes(), "[application/x-amz-cbor-1.1]");
    });
    feature("JSON with CBOR switched off", () -> {
      System.setProperty("aws.cborEnabled", "false");
      try {
        wire.clear();
        getRecords(new Streams(Clients.blocking(Environment.PLAIN, wire)));
        Report.expect("the content types", wire.contentTypes(), "[application/x-amz-json-1.1]");
      } finally {
        System.clearProperty("aws.cborEnabled");
      }
    });
    feature("asynchronous over HTTP/1.1", () -> new Subscriber(plain, Clients.async(Environment.PLAIN, Protocol.HTTP1_1)).run());
    feature("asynchronous with the CRT client", () -> {
      String name = plain.create(1);
      try (var crt = Clients.crt(Environment.PLAIN)) {
        crt.putRecord(r -> r.streamName(name).data(SdkBytes.fromUtf8String("x")).partitionKey("k")).join();
      }
      Report.expect("records", plain.read(name).size(), 1);
    });
    feature("blocking over TLS", () -> getRecords(new Streams(Clients.blocking(Environment.SECURE, wire))));
    feature("SubscribeToShard over TLS with HTTP/2 (ALPN)", () -> {
      KinesisClient blocking = Clients.blocking(Environment.SECURE, wire);
      new Subscriber(new Streams(blocking), Clients.async(Environment.SECURE, Protocol.HTTP2)).run();
    });
    feature("20 subscribers on one shard over one HTTP/2 client", () -> Subscriber.many(plain, 20));
    System.exit(0);
  }

  private static void feature(String name, Report.Check check) {
    Report.feature(name, SECONDS, check);
  }

  private static void getRecords(Streams streams) {
    String name = streams.create(1);
    var put = streams.put(name, "données", "0");
    Record record = streams.read(name).get(0);
    Report.expect("the data", record.data().asUtf8String(), "données");
    Report.expect("the number", record.sequenceNumber(), put.sequenceNumber());
    long age = Math.abs(System.currentTimeMillis() - record.approximateArrivalTimestamp().toEpochMilli());
    Report.expect("whether the record is a minute old", age > 60_000, false);
  }

  private static void putRecords(Streams streams) {
    String name = streams.create(1);
    List<PutRecordsRequestEntry> entries = java.util.stream.IntStream.range(0, 500)
        .mapToObj(i -> PutRecordsRequestEntry.builder().data(SdkBytes.fromUtf8String("" + i)).partitionKey("" + i).build())
        .toList();
    Report.expect("failed", streams.kinesis.putRecords(r -> r.streamName(name).records(entries)).failedRecordCount(), 0);
    Report.expect("the records", streams.read(name).stream().map(r -> r.data().asUtf8String()).toList(),
        entries.stream().map(PutRecordsRequestEntry::partitionKey).toList());
  }

  private static void errors(Streams streams) {
    try {
      streams.kinesis.describeStreamSummary(r -> r.streamName("unknown"));
      throw new AssertionError("an unknown stream was described");
    } catch (ResourceNotFoundException expected) {
      Report.expect("the status", expected.statusCode(), 400);
    }
    try {
      streams.kinesis.getRecords(r -> r.shardIterator("garbage"));
      throw new AssertionError("a garbage iterator was taken");
    } catch (InvalidArgumentException expected) {
      Report.expect("whether there is a request id", expected.requestId() != null, true);
    }
  }
}
