//! The results of the conformance suites: what is committed, what this run saw, and the published table of both.
//!
//! Owns `tests/conformance/results.json` and `docs/compatibility.md`, and the rule that neither ever gets worse by
//! itself. Both are sorted and bear no date, so a run without news leaves the checkout as it was. Read next: `mod.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::place;

/// Every client by name.
pub(crate) type Results = BTreeMap<String, Client>;

/// What one client did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Client {
    /// The suite that speaks for it.
    pub(crate) suite: String,
    pub(crate) version: String,
    pub(crate) features: BTreeMap<String, Outcome>,
}

/// Whether a feature works with a client, and how far that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) ok: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
}

/// What a run means against what is committed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) passed: Vec<String>,
    /// Failed now, and either worked before or is new.
    pub(crate) failed: Vec<String>,
    /// Failed now and is committed as failing: a known gap.
    pub(crate) known: Vec<String>,
}

/// Judges what the suite's clients did; a committed feature that no line speaks of has failed.
pub(crate) fn judge(committed: &Results, suite: &str, now: &Results) -> Verdict {
    let mut verdict = Verdict::default();
    for (name, client) in now {
        for (feature, outcome) in &client.features {
            let before = committed.get(name).and_then(|client| client.features.get(feature));
            let label = format!("{name}: {feature}");
            match (outcome.ok, before.map(|before| before.ok)) {
                (true, _) => verdict.passed.push(label),
                (false, Some(false)) => verdict.known.push(label),
                (false, _) => verdict.failed.push(label),
            }
        }
    }
    for (name, client) in committed.iter().filter(|(_, client)| client.suite == suite) {
        for (feature, outcome) in &client.features {
            let reported = now.get(name).is_some_and(|client| client.features.contains_key(feature));
            if outcome.ok && !reported {
                verdict.failed.push(format!("{name}: {feature} (not reported)"));
            }
        }
    }
    verdict
}

/// Takes over what is new or better; what got worse is left for a person to decide.
pub(crate) fn merge(committed: &mut Results, now: &Results) {
    for (name, client) in now {
        let kept = committed.entry(name.clone()).or_default();
        kept.suite.clone_from(&client.suite);
        kept.version.clone_from(&client.version);
        for (feature, outcome) in &client.features {
            let worse = !outcome.ok && kept.features.get(feature).is_some_and(|before| before.ok);
            if !worse {
                // A failure's note is an error text, which differs from run to run.
                let note = if outcome.ok { outcome.note.clone() } else { String::new() };
                kept.features.insert(feature.clone(), Outcome { ok: outcome.ok, note });
            }
        }
    }
}

/// What is committed.
pub(crate) fn read() -> Result<Results, String> {
    let path = place::root().join("tests/conformance/results.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Results::new()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Writes the results and the page made from them.
pub(crate) fn write(results: &Results) -> Result<(), String> {
    let json = serde_json::to_string_pretty(results).expect("maps with text keys are JSON") + "\n";
    for (path, text) in [("tests/conformance/results.json", json), ("docs/compatibility.md", page(results))] {
        let path = place::root().join(path);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

const INTRODUCTION: &str = "\
# Compatibility

Which clients were run against Thalweg, unmodified, and what worked. `cargo xtask test conformance` writes this page from
what the clients' programs in `tests/conformance/` report; nobody edits it by hand. `yes` was seen to work, `no` was
tried and does not work yet, an empty cell was not tried with that client.
";

fn page(results: &Results) -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n## Clients\n\n| client | version | features that work | gaps |\n|---|---|---|---|\n");
    for (name, client) in results {
        let works = client.features.values().filter(|outcome| outcome.ok).count();
        let gaps = client.features.len() - works;
        let _ = writeln!(page, "| {name} | {} | {works} | {gaps} |", client.version);
    }
    operations(&mut page, results);
    page.push_str("\n## Features\n");
    for (name, client) in results {
        let features = client.features.iter().filter(|(feature, _)| !is_operation(feature)).collect::<Vec<_>>();
        if features.is_empty() {
            continue;
        }
        let _ = write!(page, "\n### {name}\n\n| feature | works | note |\n|---|---|---|\n");
        for (feature, outcome) in features {
            let _ = writeln!(page, "| {feature} | {} | {} |", word(outcome), outcome.note);
        }
    }
    page
}

/// One row for each operation of the service, one column for each client that calls operations one by one.
fn operations(page: &mut String, results: &Results) {
    let has_operations = |client: &Client| client.features.keys().any(|feature| is_operation(feature));
    let clients = results.iter().filter(|(_, client)| has_operations(client)).collect::<Vec<_>>();
    let names = clients.iter().flat_map(|(_, client)| client.features.keys()).filter(|name| is_operation(name));
    let rows = names.collect::<BTreeSet<_>>();
    page.push_str("\n## Operations\n\nEach with its happy path and, for boto3, the errors that its model names.\n\n");
    let titles = clients.iter().map(|(name, _)| format!(" {name} |")).collect::<String>();
    let _ = writeln!(page, "| operation |{titles}\n|---|{}", "---|".repeat(clients.len()));
    for row in rows {
        let cells = clients.iter().map(|(_, client)| client.features.get(row).map_or("", word));
        let cells = cells.map(|cell| format!(" {cell} |")).collect::<String>();
        let _ = writeln!(page, "| {row} |{cells}");
    }
}

/// Operations are features that bear the service's own name for them.
fn is_operation(feature: &str) -> bool {
    feature.starts_with(char::is_uppercase) && feature.chars().all(char::is_alphanumeric)
}

fn word(outcome: &Outcome) -> &'static str {
    if outcome.ok { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(features: &[(&str, bool)]) -> Results {
        let features = features.iter().map(|(name, ok)| {
            ((*name).to_owned(), Outcome { ok: *ok, note: if *ok { "" } else { "error at 12:01" }.to_owned() })
        });
        let client = Client { suite: "go".into(), version: "1".into(), features: features.collect() };
        Results::from([("Go".to_owned(), client)])
    }

    #[test]
    fn only_what_worked_or_is_new_can_fail() {
        let committed = client(&[("GetRecords", true), ("PutRecord", true), ("SplitShard", false), ("gone", true)]);
        let now = client(&[("GetRecords", true), ("PutRecord", false), ("SplitShard", false), ("new", false)]);
        let verdict = judge(&committed, "go", &now);
        assert_eq!(verdict.passed, ["Go: GetRecords"]);
        assert_eq!(verdict.failed, ["Go: PutRecord", "Go: new", "Go: gone (not reported)"]);
        assert_eq!(verdict.known, ["Go: SplitShard"]);
        assert_eq!(judge(&committed, "java", &Results::new()), Verdict::default(), "another suite's features");
    }

    #[test]
    fn merging_takes_news_and_progress_but_no_setback() {
        let mut committed = client(&[("PutRecord", true), ("SplitShard", false)]);
        merge(&mut committed, &client(&[("PutRecord", false), ("SplitShard", true), ("new", false)]));
        let mut expected = client(&[("PutRecord", true), ("SplitShard", true), ("new", false)]);
        expected.get_mut("Go").unwrap().features.get_mut("new").unwrap().note.clear();
        assert_eq!(committed, expected);
    }

    #[test]
    fn the_page_has_a_row_for_each_operation_and_a_list_of_the_rest() {
        let page = page(&client(&[("PutRecord", true), ("SplitShard", false), ("HTTP/2", true)]));
        assert!(page.contains("| Go | 1 | 2 | 1 |"), "{page}");
        assert!(page.contains("| operation | Go |\n|---|---|\n| PutRecord | yes |\n| SplitShard | no |"), "{page}");
        assert!(page.contains("### Go\n\n| feature | works | note |\n|---|---|---|\n| HTTP/2 | yes |  |"), "{page}");
    }
}
