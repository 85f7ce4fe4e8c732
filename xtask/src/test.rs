//! `cargo xtask test`: every suite against what this checkout builds, and one closing line for each.
//!
//! Owns which suites there are and their order. Refuses to skip a suite because a tool is missing: it installs the tool
//! or says which package the machine lacks. Read next: `suites.rs`, `conformance/mod.rs`,
//! `tests/e2e/conftest.py`, `tests/torture/conftest.py`.

use std::path::PathBuf;
use std::process::Command;

use crate::suites::Tally;
use crate::{conformance, place, run, tools, venv};

const SUITES: [&str; 5] = ["rust", "tidy", "e2e", "torture", "conformance"];

/// Suites of pytest, each the folder of its name below `tests/`; their requirements are the end-to-end tests'.
const PYTEST: [&str; 2] = ["e2e", "torture"];

/// The tidy test is one of the workspace's own, so a full run does not need to name it again.
const FULL: [&str; 4] = ["rust", "e2e", "torture", "conformance"];

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (only, rest) = parse(arguments)?;
    let chosen = only.map_or(FULL.to_vec(), |suite| vec![suite]);
    let mut tallies = Vec::new();
    for suite in chosen {
        let outcome = match suite {
            "rust" => cargo_suite("rust", &["--workspace"]),
            "tidy" => cargo_suite("tidy", &["--package", "sim", "--test", "tidy"]),
            "e2e" | "torture" => pytest_suite(suite, rest),
            _ => server_binary().and_then(|binary| conformance::run(&binary, rest)),
        };
        // A suite that could not start is a failed suite; the others still run, so that one fault hides no other.
        tallies.extend(outcome.unwrap_or_else(|message| {
            eprintln!("xtask: {suite}: {message}");
            let mut tally = Tally::new(suite);
            tally.settle(false);
            vec![tally]
        }));
    }
    println!();
    for tally in &tallies {
        println!("{}", tally.line());
    }
    match tallies.iter().map(|tally| tally.failed).sum::<u64>() {
        0 => Ok(()),
        failed => Err(format!("{failed} failed")),
    }
}

/// The one suite to run, if one is named, and what is left for it: arguments of pytest, or names of clients.
fn parse(arguments: &[String]) -> Result<(Option<&'static str>, &[String]), String> {
    let named = |name: &str| SUITES.into_iter().find(|suite| *suite == name);
    let (suite, rest) = match arguments {
        [] => return Ok((None, &[])),
        [flag, suite, rest @ ..] if flag == "--only" => (named(suite), rest),
        [suite, rest @ ..] => (named(suite), rest),
    };
    let suite = suite.ok_or_else(|| format!("test takes {}, not {}", SUITES.join("|"), arguments.join(" ")))?;
    match rest {
        [] => Ok((Some(suite), &[])),
        [dashes, rest @ ..] if dashes == "--" && PYTEST.contains(&suite) => Ok((Some(suite), rest)),
        names if suite == "conformance" => {
            let known = conformance::names();
            match names.iter().find(|name| !known.contains(&name.as_str())) {
                Some(unknown) => Err(format!("conformance takes {}, not {unknown}", known.join("|"))),
                None => Ok((Some(suite), names)),
            }
        }
        [other, ..] => Err(format!("test {suite} takes no {other}")),
    }
}

fn cargo_suite(suite: &str, selection: &[&str]) -> Result<Vec<Tally>, String> {
    let mut tally = Tally::new(suite);
    let mut command = place::cargo();
    command.args(["test", "--no-fail-fast"]).args(selection);
    let succeeded = run::watch(&mut command, |line| tally.add_cargo_line(line))?;
    tally.settle(succeeded);
    Ok(vec![tally])
}

/// The server that the clients talk to: `$THALWEG_BIN`, else what this checkout builds.
fn server_binary() -> Result<PathBuf, String> {
    if let Some(binary) = std::env::var_os("THALWEG_BIN") {
        return std::path::absolute(&binary).map_err(|error| format!("THALWEG_BIN: {error}"));
    }
    // The targets that the Rust suite builds too: with fewer, cargo unifies features differently and builds twice.
    run::check(place::cargo().args(["build", "--workspace", "--all-targets"]))?;
    place::executable("debug", "thalweg")
}

fn pytest_suite(suite: &str, pytest_arguments: &[String]) -> Result<Vec<Tally>, String> {
    let binary = server_binary()?;
    let folder = place::root().join("tests").join(suite);
    let environment = venv::ensure(&place::root().join("tests/e2e/requirements.txt"))?;
    let s3_server = tools::ensure(&tools::S3S_FS)?;

    let mut tally = Tally::new(suite);
    let mut command = Command::new(&environment.python);
    // Bytecode and pytest's own cache stay out of the checkout.
    command
        .args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "-q", "-ra"])
        .args(pytest_arguments)
        .current_dir(&folder)
        .env("THALWEG_BIN", binary)
        .env("THALWEG_AWS_CLI", &environment.aws)
        .env("THALWEG_S3_SERVER", s3_server);
    let succeeded = run::watch(&mut command, |line| tally.set_pytest_line(line))?;
    tally.settle(succeeded);
    Ok(vec![tally])
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_suite_is_named_with_or_without_the_flag() {
        let check = |line: &str, expected: Result<(Option<&'static str>, usize), ()>| {
            let arguments = line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let parsed = parse(&arguments).map(|(suite, rest)| (suite, rest.len())).map_err(|_| ());
            assert_eq!(parsed, expected, "{line}");
        };
        check("", Ok((None, 0)));
        check("rust", Ok((Some("rust"), 0)));
        check("--only e2e -- -k crash", Ok((Some("e2e"), 2)));
        check("torture -- -k kill", Ok((Some("torture"), 2)));
        check("conformance", Ok((Some("conformance"), 0)));
        check("conformance java kcl3", Ok((Some("conformance"), 2)));
        check("conformance cobol", Err(()));
        check("rust java", Err(()));
        check("everything", Err(()));
        check("-- -k crash", Err(()));
    }
}
