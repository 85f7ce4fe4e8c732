import java.util.List;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.retrieval.RetrievalConfig;

/** What is particular to the library's second major version. */
final class Version {
  static final String CLIENT = "KCL 2 for Java";
  static final String NAME = "kcl2";
  static final String NUMBER = RetrievalConfig.KINESIS_CLIENT_LIB_USER_AGENT_VERSION;
  static final List<String> MODES = List.of("polling");

  private Version() {}

  static CoordinatorConfig tuned(CoordinatorConfig config) {
    return config;
  }

  static LeaseManagementConfig tuned(LeaseManagementConfig config) {
    return config;
  }
}
