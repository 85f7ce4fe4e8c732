import com.google.common.util.concurrent.ListenableFuture;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;
import software.amazon.kinesis.retrieval.AggregatorUtil;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/** The Kinesis Producer Library: its native daemon speaks HTTPS only, and packs many records into one. */
public final class Main {
  private static final String STREAM = "kpl";
  private static final int RECORDS = 2000;
  private static final int KEYS = 10;

  private static final KinesisClient KINESIS = KinesisClient.builder()
      .endpointOverride(Environment.SECURE)
      .credentialsProvider(Environment.secureKey())
      .httpClientBuilder(UrlConnectionHttpClient.builder().tlsTrustManagersProvider(Environment::trust))
      .build();

  public static void main(String[] arguments) throws Exception {
    Report.client("KPL", version());
    List<UserRecordResult> results = new ArrayList<>();
    Report.feature("aggregated records are put", 60, () -> {
      create();
      results.addAll(produce());
      Report.expect("failed records", results.stream().filter(result -> !result.isSuccessful()).count(), 0);
      Report.expect("put records", results.size(), RECORDS);
    });
    Report.feature("they are stored as they came, and KCL takes all of them apart", 30, Main::takeApart);
    Report.feature("each record's answer names its shard and number", 10, () -> {
      Report.expect("answers", results.size(), RECORDS);
      for (UserRecordResult result : results) {
        Report.expect("whether the shard is named", result.getShardId().startsWith("shardId-"), true);
        Report.expect("whether the number is named", result.getSequenceNumber().matches("[0-9]+"), true);
      }
    });
    System.exit(0);
  }

  private static String version() {
    String jar = KinesisProducer.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    return jar.replaceAll(".*amazon-kinesis-producer-(.*)\\.jar", "$1");
  }

  private static void create() throws Exception {
    KINESIS.createStream(r -> r.streamName(STREAM).shardCount(3));
    while (KINESIS.describeStreamSummary(r -> r.streamName(STREAM)).streamDescriptionSummary().streamStatus() != StreamStatus.ACTIVE) {
      Thread.sleep(50);
    }
  }

  private static List<UserRecordResult> produce() throws Exception {
    KinesisProducer producer = new KinesisProducer(new KinesisProducerConfiguration()
        .setRegion(System.getenv("AWS_REGION"))
        .setCredentialsProvider(Environment.secureKey())
        .setKinesisEndpoint(Environment.SECURE.getHost())
        .setKinesisPort(Environment.SECURE.getPort())
        .setCloudwatchEndpoint(Environment.SECURE.getHost())
        .setCloudwatchPort(Environment.SECURE.getPort())
        .setStsEndpoint(Environment.SECURE.getHost())
        .setStsPort(Environment.SECURE.getPort())
        .setVerifyCertificate(false)
        .setTempDirectory(Environment.SCRATCH.toString())
        .setRecordTtl(30_000));
    try {
      List<ListenableFuture<UserRecordResult>> waiting = new ArrayList<>();
      // The daemon takes seconds to start, and what waited longer than its buffer's time is sent alone.
      UserRecordResult first = producer.addUserRecord(STREAM, "key-0", bytes("key-0 first")).get(50, TimeUnit.SECONDS);
      Report.expect("whether the first record is put", first.isSuccessful(), true);
      for (int i = 0; i < RECORDS; i++) {
        String key = "key-" + i % KEYS;
        waiting.add(producer.addUserRecord(STREAM, key, bytes(key + " " + i / KEYS)));
      }
      producer.flush();
      List<UserRecordResult> results = new ArrayList<>();
      for (ListenableFuture<UserRecordResult> result : waiting) {
        results.add(result.get(50, TimeUnit.SECONDS));
      }
      return results;
    } finally {
      producer.destroy();
    }
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void takeApart() {
    // Which records came, and not in which order: several requests of the daemon are on their way at once.
    Set<String> came = new HashSet<>();
    int stored = 0;
    int aggregated = 0;
    for (Shard shard : KINESIS.listShards(r -> r.streamName(STREAM)).shards()) {
      List<Record> records = read(shard.shardId());
      stored += records.size();
      byte[] magic = AggregatorUtil.AGGREGATED_RECORD_MAGIC;
      aggregated += records.stream()
          .filter(record -> Arrays.equals(Arrays.copyOf(record.data().asByteArray(), magic.length), magic)).count();
      List<KinesisClientRecord> outer = records.stream().map(KinesisClientRecord::fromRecord).toList();
      String low = shard.hashKeyRange().startingHashKey();
      String high = shard.hashKeyRange().endingHashKey();
      for (KinesisClientRecord record : new AggregatorUtil().deaggregate(outer, low, high)) {
        String[] words = StandardCharsets.UTF_8.decode(record.data()).toString().split(" ");
        Report.expect("the key", record.partitionKey(), words[0]);
        Report.expect("whether it came once", came.add(words[0] + " " + words[1]), true);
      }
    }
    Report.expect("records taken apart", came.size(), RECORDS + 1);
    Report.expect("whether many went into one: " + stored + " stored", stored < RECORDS / 2 && aggregated > 0, true);
  }

  private static List<Record> read(String shard) {
    List<Record> all = new ArrayList<>();
    String iterator = KINESIS.getShardIterator(
        r -> r.streamName(STREAM).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
    while (true) {
      String from = iterator;
      var page = KINESIS.getRecords(r -> r.shardIterator(from));
      if (page.records().isEmpty() && page.millisBehindLatest() == 0) {
        return all;
      }
      all.addAll(page.records());
      iterator = page.nextShardIterator();
    }
  }
}
