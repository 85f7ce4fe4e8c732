import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the workers wrote down, one line a record in the order of processing: {@code worker/run shard key number}.
 *
 * <p>The rule of an ordered, at-least-once consumer: within one run of a shard's processor a key's numbers follow each
 * other without a gap, and a key's number is first seen only after all numbers before it. A run that begins again at
 * its last checkpoint repeats, and never skips.
 */
final class Ledger {
  private final Path file;

  Ledger(Path file) {
    this.file = file;
  }

  /** How many different records were processed so far. */
  int distinct() {
    Set<String> seen = new HashSet<>();
    for (String[] line : lines()) {
      seen.add(line[2] + " " + line[3]);
    }
    return seen.size();
  }

  /** Who processed anything so far. */
  Set<String> workers() {
    Set<String> workers = new HashSet<>();
    for (String[] line : lines()) {
      workers.add(line[0].substring(0, line[0].indexOf('/')));
    }
    return workers;
  }

  /** Throws unless the rule holds for exactly this many records. */
  void settle(int records) {
    Map<String, Integer> next = new HashMap<>();
    Map<String, Integer> last = new HashMap<>();
    for (String[] line : lines()) {
      String key = line[2];
      int number = Integer.parseInt(line[3]);
      Integer before = last.put(line[0] + " " + key, number);
      if (before != null && number != before + 1) {
        throw new AssertionError(line[0] + " in " + line[1] + " saw " + key + " " + number + " after " + before);
      }
      int expected = next.getOrDefault(key, 0);
      if (number > expected) {
        throw new AssertionError(key + " " + number + " was processed in " + line[1] + " before " + expected);
      }
      next.put(key, Math.max(expected, number + 1));
    }
    Report.expect("processed records", next.values().stream().mapToInt(Integer::intValue).sum(), records);
  }

  private List<String[]> lines() {
    try {
      String text = Files.readString(file);
      // A line that is being written has no end yet.
      String whole = text.substring(0, text.lastIndexOf('\n') + 1);
      return whole.lines().map(line -> line.split(" ")).toList();
    } catch (IOException fault) {
      throw new IllegalStateException(fault);
    }
  }
}
