import java.util.List;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.retrieval.RetrievalConfig;

/** What is particular to the library's third major version: its leader, and worker metrics that it balances by. */
final class Version {
  static final String CLIENT = "KCL 3 for Java";
  static final String NAME = "kcl3";
  static final String NUMBER = RetrievalConfig.KINESIS_CLIENT_LIB_USER_AGENT_VERSION;
  static final List<String> MODES = List.of("polling", "fan-out");

  private Version() {}

  static CoordinatorConfig tuned(CoordinatorConfig config) {
    return config;
  }

  /** A leader that dies is replaced, and a new worker is seen, within seconds and not minutes. */
  static LeaseManagementConfig tuned(LeaseManagementConfig config) {
    config.workerUtilizationAwareAssignmentConfig().workerMetricsReporterFreqInMillis(1000);
    return config.dynamoDbLockBasedLeaderLeaseDurationInMillis(5000).dynamoDbLockBasedLeaderHeartbeatPeriodInMillis(1000);
  }
}
