//! A suite's result, and how to read it from what cargo and pytest print.
//!
//! Owns the closing line `<suite>: N passed, N failed`. Refuses to run anything. Read next: `test.rs`.

/// What came of one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) suite: String,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn new(suite: &str) -> Self {
        Self { suite: suite.to_owned(), passed: 0, failed: 0, skipped: 0 }
    }

    /// Adds a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; …` from cargo's test harness.
    pub(crate) fn add_cargo_line(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        self.passed += count_before(rest, "passed");
        self.failed += count_before(rest, "failed");
        self.skipped += count_before(rest, "ignored");
    }

    /// Takes a line such as `==== 1 failed, 50 passed, 2 errors in 12.01s ====` from pytest; the last one counts.
    pub(crate) fn set_pytest_line(&mut self, line: &str) {
        let bare = line.trim_matches(|c| c == '=' || c == ' ');
        let is_summary =
            bare.contains(" in ") && ["passed", "failed", "error", "skipped"].iter().any(|w| bare.contains(w));
        if !is_summary || !bare.starts_with(|c: char| c.is_ascii_digit()) {
            return;
        }
        self.passed = count_before(bare, "passed") + count_before(bare, "xfailed");
        self.failed = count_before(bare, "failed") + count_before(bare, "error") + count_before(bare, "errors");
        self.skipped = count_before(bare, "skipped");
    }

    /// A run that ended badly without naming a failed test (it did not compile, say) still counts as failed.
    pub(crate) fn settle(&mut self, succeeded: bool) {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        if succeeded && self.passed + self.failed == 0 {
            self.failed = 1;
        }
    }

    /// The closing line that people and the CI read.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{}: {} passed, {} failed", self.suite, self.passed, self.failed);
        if self.skipped > 0 {
            line.push_str(&format!(", {} skipped", self.skipped));
        }
        line
    }
}

/// The number right before `word` (a whole word), or 0.
fn count_before(text: &str, word: &str) -> u64 {
    let words: Vec<&str> = text.split([' ', ',', ';']).filter(|part| !part.is_empty()).collect();
    words.windows(2).filter(|pair| pair[1] == word).filter_map(|pair| pair[0].parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_lines_add_up() {
        let mut tally = Tally::new("rust");
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            tally.add_cargo_line(line);
        }
        assert_eq!(tally.line(), "rust: 14 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn pytest_summaries_are_read() {
        let check = |line: &str, expected: &str| {
            let mut tally = Tally::new("e2e");
            tally.set_pytest_line(line);
            assert_eq!(tally.line(), expected, "{line}");
        };
        check("====== 50 passed in 100.00s (0:01:40) ======", "e2e: 50 passed, 0 failed");
        check("=== 1 failed, 49 passed, 2 errors in 1.0s ===", "e2e: 49 passed, 3 failed");
        check("3 passed, 1 skipped in 0.10s", "e2e: 3 passed, 0 failed, 1 skipped");
        check("the server said 3 passed in vain", "e2e: 0 passed, 0 failed");
        check("no tests ran in 0.01s", "e2e: 0 passed, 0 failed");
    }

    #[test]
    fn a_run_that_did_not_compile_is_a_failure() {
        let mut tally = Tally::new("rust");
        tally.settle(false);
        assert_eq!(tally.line(), "rust: 0 passed, 1 failed");
    }

    #[test]
    fn a_run_without_a_test_is_a_failure() {
        let mut tally = Tally::new("e2e");
        tally.settle(true);
        assert_eq!(tally.line(), "e2e: 0 passed, 1 failed");
    }
}
