import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** A pushed subscription: an old record, a new one that wakes it, and the children at the shard's end. */
final class Subscriber {
  private final Streams streams;
  private final KinesisAsyncClient async;
  private final List<String> seen = new CopyOnWriteArrayList<>();
  private final CompletableFuture<List<ChildShard>> children = new CompletableFuture<>();
  private String stream;

  Subscriber(Streams streams, KinesisAsyncClient async) {
    this.streams = streams;
    this.async = async;
  }

  void run() throws Exception {
    stream = streams.create(1);
    streams.put(stream, "before", "0");
    try (async) {
      subscribe(async, streams.consumer(stream, "reader"), this::take)
          .whenComplete((done, fault) -> children.completeExceptionally(new IllegalStateException("no children came", fault)));
      Report.expect("the number of children", children.get(20, TimeUnit.SECONDS).size(), 2);
      Report.expect("the records", seen, List.of("before", "after"));
    }
  }

  private void take(SubscribeToShardEvent event) {
    for (Record record : event.records()) {
      seen.add(record.data().asUtf8String());
      // Not on the thread that must read the answer.
      CompletableFuture.runAsync(() -> {
        if (seen.size() == 1) {
          streams.put(stream, "after", "0");
        } else {
          streams.split(stream);
        }
      });
    }
    if (!event.childShards().isEmpty()) {
      children.complete(event.childShards());
    }
  }

  /** Many consumers of one shard: each sees everything, in order. */
  static void many(Streams streams, int consumers) throws Exception {
    String stream = streams.create(1);
    List<String> expected = IntStream.range(0, 100).mapToObj(String::valueOf).toList();
    try (KinesisAsyncClient async = Clients.async(Environment.PLAIN, Protocol.HTTP2)) {
      List<CompletableFuture<List<String>>> all = new ArrayList<>();
      for (int i = 0; i < consumers; i++) {
        List<String> seen = new CopyOnWriteArrayList<>();
        CompletableFuture<List<String>> done = new CompletableFuture<>();
        all.add(done);
        String consumer = streams.consumer(stream, "reader-" + i);
        subscribe(async, consumer, event -> {
          event.records().forEach(record -> seen.add(record.data().asUtf8String()));
          if (seen.size() >= expected.size()) {
            done.complete(seen);
          }
        }).whenComplete((ended, fault) -> done.completeExceptionally(new IllegalStateException("ended early", fault)));
      }
      List<PutRecordsRequestEntry> entries = expected.stream()
          .map(name -> PutRecordsRequestEntry.builder().data(SdkBytes.fromUtf8String(name)).partitionKey(name).build())
          .toList();
      streams.kinesis.putRecords(r -> r.streamName(stream).records(entries));
      for (CompletableFuture<List<String>> done : all) {
        Report.expect("a subscriber's records", done.get(20, TimeUnit.SECONDS), expected);
      }
    }
  }

  private static CompletableFuture<Void> subscribe(KinesisAsyncClient async, String consumer, java.util.function.Consumer<SubscribeToShardEvent> take) {
    SubscribeToShardResponseHandler handler = SubscribeToShardResponseHandler.builder()
        .subscriber(SubscribeToShardResponseHandler.Visitor.builder().onSubscribeToShardEvent(take).build())
        .build();
    return async.subscribeToShard(r -> r.consumerARN(consumer).shardId(Streams.FIRST)
        .startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)), handler);
  }
}
