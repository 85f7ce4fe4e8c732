import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/** A blocking client with one word for each thing that the checks need again and again. */
final class Streams {
  static final String FIRST = "shardId-000000000000";
  static final String SECOND = "shardId-000000000001";
  static final String TOP = "340282366920938463463374607431768211455";
  static final String HALF = "170141183460469231731687303715884105728";

  private static final AtomicInteger MADE = new AtomicInteger();

  final KinesisClient kinesis;

  Streams(KinesisClient kinesis) {
    this.kinesis = kinesis;
  }

  String create(int shards) {
    String name = "java-" + MADE.incrementAndGet();
    kinesis.createStream(r -> r.streamName(name).shardCount(shards));
    active(name);
    return name;
  }

  StreamDescriptionSummary active(String name) {
    while (true) {
      StreamDescriptionSummary summary = kinesis.describeStreamSummary(r -> r.streamName(name)).streamDescriptionSummary();
      if (summary.streamStatus() == StreamStatus.ACTIVE) {
        return summary;
      }
      pause();
    }
  }

  List<Shard> open(String name) {
    return kinesis.listShards(r -> r.streamName(name).shardFilter(f -> f.type(ShardFilterType.AT_LATEST))).shards();
  }

  PutRecordResponse put(String name, String data, String hash) {
    return kinesis.putRecord(r -> r.streamName(name).data(SdkBytes.fromUtf8String(data)).partitionKey("k").explicitHashKey(hash));
  }

  List<Record> read(String name) {
    String iterator = kinesis.getShardIterator(
        r -> r.streamName(name).shardId(FIRST).shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
    return kinesis.getRecords(r -> r.shardIterator(iterator)).records();
  }

  void split(String name) {
    kinesis.splitShard(r -> r.streamName(name).shardToSplit(FIRST).newStartingHashKey(HALF));
  }

  /** An active consumer's ARN. */
  String consumer(String stream, String name) {
    String arn = active(stream).streamARN();
    String consumer = kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName(name)).consumer().consumerARN();
    while (kinesis.describeStreamConsumer(r -> r.consumerARN(consumer)).consumerDescription().consumerStatus() != ConsumerStatus.ACTIVE) {
      pause();
    }
    return consumer;
  }

  static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException fault) {
      throw new IllegalStateException(fault);
    }
  }
}
