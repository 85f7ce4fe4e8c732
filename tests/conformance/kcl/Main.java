/**
 * The Kinesis Client Library with nothing but one Thalweg endpoint: streams, lease table and metrics.
 *
 * <p>Read next: {@link Application} for what happens to the workers, {@link Ledger} for what must hold.
 */
public final class Main {
  private static final int SECONDS = 120;

  public static void main(String[] arguments) throws Exception {
    Report.client(Version.CLIENT, Version.NUMBER);
    for (String mode : Version.MODES) {
      Report.feature(mode + " through a split, a merge and a killed worker: each key in order, none missed", SECONDS, () -> {
        try (Application application = new Application(mode)) {
          application.run();
        }
      });
    }
    Report.feature("the workers' metrics reach CloudWatch", 30, Application::metrics);
    System.exit(0);
  }
}
