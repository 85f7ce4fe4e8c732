import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.kinesis.common.KinesisClientUtil;

/** One application of two workers, and a producer that never stops while shards split and merge and a worker dies. */
final class Application implements AutoCloseable {
  private static final int KEYS = 12;
  private static final long PAUSE_NANOS = 15_000_000;
  private static final long WAIT_MILLIS = 60_000;
  private static final int LOG_LINES = 60;
  private static final String QUARTER = "85070591730234615865843651857942052864";

  private final KinesisAsyncClient kinesis =
      KinesisClientUtil.createKinesisAsyncClient(KinesisAsyncClient.builder().endpointOverride(Environment.PLAIN));
  private final String name;
  private final String mode;
  private final Path processed;
  private final Ledger ledger;
  private final List<Process> workers = new ArrayList<>();
  private boolean isComplete;
  private final AtomicBoolean enough = new AtomicBoolean();

  Application(String mode) throws IOException {
    this.mode = mode;
    this.name = Version.NAME + "-" + mode;
    this.processed = Files.createFile(Environment.SCRATCH.resolve(name + ".processed"));
    this.ledger = new Ledger(processed);
  }

  void run() throws Exception {
    kinesis.createStream(r -> r.streamName(name).shardCount(2)).join();
    active();
    CompletableFuture<Integer> producer = CompletableFuture.supplyAsync(this::produce);
    Process first = start("first");
    until("records are processed", () -> ledger.distinct() > 0);
    // Not at once: of two workers that meet an application without tables, KCL 3 lets the later one fail to start.
    Process second = start("second");
    until("the second worker has started", () -> says("second", "Initialization complete"));
    kinesis.splitShard(r -> r.streamName(name).shardToSplit("shardId-000000000000").newStartingHashKey(QUARTER)).join();
    active();
    int before = ledger.distinct();
    until("the split is passed", () -> ledger.distinct() > before + 20);
    first.destroyForcibly().waitFor();
    start("first");
    int dead = ledger.distinct();
    until("processing goes on without the dead worker", () -> ledger.distinct() > dead + 50);
    List<Shard> open = kinesis.listShards(r -> r.streamName(name).shardFilter(f -> f.type(ShardFilterType.AT_LATEST))).join().shards();
    List<Shard> byRange = open.stream().sorted((a, b) -> start(a).compareTo(start(b))).toList();
    kinesis.mergeShards(r -> r.streamName(name).shardToMerge(byRange.get(0).shardId()).adjacentShardToMerge(byRange.get(1).shardId())).join();
    active();
    int merged = ledger.distinct();
    until("the merge is passed", () -> ledger.distinct() > merged + 50);
    enough.set(true);
    int records = producer.join();
    until("all records are processed", () -> ledger.distinct() >= records);
    for (Process worker : workers) {
      worker.getOutputStream().close();
    }
    second.waitFor(30, TimeUnit.SECONDS);
    ledger.settle(records);
    Report.expect("who processed records", new TreeSet<>(ledger.workers()), "[first, second]");
    isComplete = true;
  }

  /** What the workers measured about themselves, under the name of the application. */
  static void metrics() throws Exception {
    try (CloudWatchAsyncClient cloudWatch = CloudWatchAsyncClient.builder().endpointOverride(Environment.PLAIN).build()) {
      String namespace = Version.NAME + "-" + Version.MODES.get(0);
      until("metrics are listed", () -> !cloudWatch.listMetrics(r -> r.namespace(namespace)).join().metrics().isEmpty());
    }
  }

  /** Puts numbered records of a few keys in turn until it is enough; how many there were. */
  private int produce() {
    int i = 0;
    for (; !enough.get(); i++) {
      String key = "key-" + i % KEYS;
      String data = key + " " + i / KEYS;
      kinesis.putRecord(r -> r.streamName(name).partitionKey(key).data(SdkBytes.fromUtf8String(data))).join();
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return i;
  }

  private Process start(String worker) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process = new ProcessBuilder(java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        // The leader says at every step that it is one.
        "-Dorg.slf4j.simpleLogger.log.software.amazon.kinesis.leader=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-cp", System.getProperty("java.class.path"), "Worker", name, worker, mode, processed.toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log(worker).toFile()))
        .start();
    workers.add(process);
    return process;
  }

  private boolean says(String worker, String text) {
    try (Stream<String> lines = Files.lines(log(worker))) {
      return lines.anyMatch(line -> line.contains(text));
    } catch (IOException fault) {
      throw new IllegalStateException(fault);
    }
  }

  private Path log(String worker) {
    return Environment.SCRATCH.resolve(name + "-" + worker + ".log");
  }

  private void active() throws Exception {
    until("the stream is active", () -> kinesis.describeStreamSummary(r -> r.streamName(name)).join()
        .streamDescriptionSummary().streamStatus() == StreamStatus.ACTIVE);
  }

  private static java.math.BigInteger start(Shard shard) {
    return new java.math.BigInteger(shard.hashKeyRange().startingHashKey());
  }

  private static void until(String what, BooleanSupplier holds) throws Exception {
    long deadline = System.currentTimeMillis() + WAIT_MILLIS;
    while (!holds.getAsBoolean()) {
      if (System.currentTimeMillis() > deadline) {
        throw new AssertionError("not within " + WAIT_MILLIS / 1000 + " s: " + what);
      }
      Thread.sleep(100);
    }
  }

  @Override
  public void close() throws IOException {
    enough.set(true);
    for (Process worker : workers) {
      worker.destroyForcibly();
    }
    if (!isComplete) {
      System.out.println("processed: " + ledger.distinct());
      for (String worker : List.of("first", "second")) {
        System.out.println("--- the " + worker + " worker's warnings and errors");
        try (Stream<String> lines = Files.lines(log(worker))) {
          lines.filter(line -> !line.contains(" INFO ")).limit(LOG_LINES).forEach(System.out::println);
        }
      }
    }
    kinesis.close();
  }
}
