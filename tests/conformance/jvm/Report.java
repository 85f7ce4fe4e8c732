import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The lines that xtask reads; see ../README.md. */
final class Report {
  private static final ExecutorService CHECKS = Executors.newCachedThreadPool(check -> {
    Thread thread = new Thread(check);
    thread.setDaemon(true);
    return thread;
  });

  /** A check that may throw anything. */
  interface Check {
    void run() throws Exception;
  }

  private Report() {}

  static void client(String name, String version) {
    System.out.printf("{\"client\": \"%s\", \"version\": \"%s\"}%n", name, version);
  }

  /** Runs the check and reports whether it threw; one that hangs is left behind. */
  static void feature(String name, int seconds, Check check) {
    Callable<Void> call = () -> {
      check.run();
      return null;
    };
    Future<Void> running = CHECKS.submit(call);
    try {
      running.get(seconds, TimeUnit.SECONDS);
      System.out.printf("{\"feature\": \"%s\", \"ok\": true}%n", name);
    } catch (Throwable fault) {
      running.cancel(true);
      StringWriter trace = new StringWriter();
      fault.printStackTrace(new PrintWriter(trace));
      System.err.println(trace);
      Throwable cause = fault.getCause() == null ? fault : fault.getCause();
      String note = fault instanceof java.util.concurrent.TimeoutException ? "not done within " + seconds + " s" : cause.toString();
      System.out.printf("{\"feature\": \"%s\", \"ok\": false, \"note\": \"%s\"}%n", name, escaped(note));
    }
  }

  static void expect(String what, Object seen, Object expected) {
    if (!String.valueOf(seen).equals(String.valueOf(expected))) {
      throw new AssertionError(what + ": " + expected + " expected, " + seen + " seen");
    }
  }

  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    for (char c : text.substring(0, Math.min(text.length(), 600)).toCharArray()) {
      escaped.append(c < ' ' ? ' ' : c == '"' || c == '\\' ? '\'' : c);
    }
    return escaped.toString();
  }
}
