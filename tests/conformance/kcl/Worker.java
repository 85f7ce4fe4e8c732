import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.RetrievalConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** A worker as an application has it, in a process of its own; it shuts down gracefully when its input ends. */
public final class Worker {
  public static void main(String[] arguments) throws Exception {
    String application = arguments[0];
    Path processed = Path.of(arguments[3]);
    KinesisAsyncClient kinesis =
        KinesisClientUtil.createKinesisAsyncClient(KinesisAsyncClient.builder().endpointOverride(Environment.PLAIN));
    DynamoDbAsyncClient dynamo = DynamoDbAsyncClient.builder().endpointOverride(Environment.PLAIN).build();
    CloudWatchAsyncClient cloudWatch = CloudWatchAsyncClient.builder().endpointOverride(Environment.PLAIN).build();
    SingleStreamTracker stream = new SingleStreamTracker(application,
        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON));
    ConfigsBuilder configs = new ConfigsBuilder(
        stream, application, kinesis, dynamo, cloudWatch, arguments[1], () -> new Processor(arguments[1], processed));
    RetrievalConfig retrieval = configs.retrievalConfig();
    if (arguments[2].equals("polling")) {
      retrieval.retrievalSpecificConfig(new PollingConfig(application, kinesis).idleTimeBetweenReadsInMillis(250));
    }
    Scheduler scheduler = new Scheduler(
        configs.checkpointConfig(),
        Version.tuned(configs.coordinatorConfig().parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(200)),
        Version.tuned(configs.leaseManagementConfig()
            .failoverTimeMillis(3000)
            .shardSyncIntervalMillis(2000)
            .leasesRecoveryAuditorExecutionFrequencyMillis(2000)
            .leasesRecoveryAuditorInconsistencyConfidenceThreshold(1)),
        configs.lifecycleConfig(),
        configs.metricsConfig().metricsBufferTimeMillis(2000),
        configs.processorConfig(),
        retrieval);
    Thread running = new Thread(scheduler, "scheduler");
    running.setDaemon(true);
    running.start();
    while (System.in.read() >= 0) {
      continue;
    }
    try {
      scheduler.startGracefulShutdown().get(20, TimeUnit.SECONDS);
    } finally {
      System.exit(0);
    }
  }

  /** Writes each record down, then checkpoints. */
  private static final class Processor implements ShardRecordProcessor {
    private final String run;
    private final Path processed;
    private String shard;

    Processor(String worker, Path processed) {
      this.run = worker + "/" + UUID.randomUUID();
      this.processed = processed;
    }

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      StringBuilder lines = new StringBuilder();
      input.records().forEach(record ->
          lines.append(run).append(' ').append(shard).append(' ').append(StandardCharsets.UTF_8.decode(record.data())).append('\n'));
      // One write a batch: the system keeps appends of several processes apart. Files.write would make pieces of it.
      try (FileChannel file = FileChannel.open(processed, StandardOpenOption.APPEND)) {
        file.write(StandardCharsets.UTF_8.encode(lines.toString()));
        if (!input.records().isEmpty()) {
          input.checkpointer().checkpoint();
        }
      } catch (Exception fault) {
        // A lease that was just lost is the usual reason; the new owner repeats from the last checkpoint.
        System.err.println("no checkpoint in " + shard + ": " + fault);
      }
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (Exception fault) {
        System.err.println("no checkpoint at the end of " + shard + ": " + fault);
      }
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (Exception fault) {
        System.err.println("no last checkpoint in " + shard + ": " + fault);
      }
    }
  }
}
