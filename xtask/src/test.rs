//! `cargo xtask test`: every suite against what this checkout builds, and one closing line for each.
//!
//! Owns which suites there are and their order. Refuses to skip a suite because a tool is missing: it installs the tool
//! or says which package the machine lacks. Read next: `suites.rs`, `venv.rs`, `tests/e2e/conftest.py`.

use std::process::Command;

use crate::suites::Tally;
use crate::{place, run, tools, venv};

const SUITES: [&str; 3] = ["rust", "tidy", "e2e"];

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (only, pytest_arguments) = parse(arguments)?;
    // The tidy test is one of the workspace's own, so a full run does not need to name it again.
    let chosen = only.as_deref().map_or(vec!["rust", "e2e"], |suite| vec![suite]);
    let mut tallies = Vec::new();
    for suite in chosen {
        let outcome = match suite {
            "rust" => cargo_suite("rust", &["--workspace"]),
            "tidy" => cargo_suite("tidy", &["--package", "sim", "--test", "tidy"]),
            _ => end_to_end(pytest_arguments),
        };
        // A suite that could not start is a failed suite; the others still run, so that one fault hides no other.
        tallies.push(outcome.unwrap_or_else(|message| {
            eprintln!("xtask: {suite}: {message}");
            let mut tally = Tally::new(SUITES.iter().find(|name| **name == suite).expect("parsed from this list"));
            tally.settle(false);
            tally
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

fn parse(arguments: &[String]) -> Result<(Option<String>, &[String]), String> {
    match arguments {
        [] => Ok((None, &[])),
        [flag, rest @ ..] if flag == "--" => Ok((None, rest)),
        [flag, suite, rest @ ..] if flag == "--only" && SUITES.contains(&suite.as_str()) => match rest {
            [] => Ok((Some(suite.clone()), &[])),
            [dashes, rest @ ..] if dashes == "--" => Ok((Some(suite.clone()), rest)),
            [other, ..] => Err(format!("test takes no {other}")),
        },
        [other, ..] => Err(format!("test takes --only {}, not {other}", SUITES.join("|"))),
    }
}

fn cargo_suite(suite: &'static str, selection: &[&str]) -> Result<Tally, String> {
    let mut tally = Tally::new(suite);
    let mut command = place::cargo();
    command.args(["test", "--no-fail-fast"]).args(selection);
    let succeeded = run::watch(&mut command, |line| tally.add_cargo_line(line))?;
    tally.settle(succeeded);
    Ok(tally)
}

fn end_to_end(pytest_arguments: &[String]) -> Result<Tally, String> {
    // The targets that the Rust suite builds too: with fewer, cargo unifies features differently and builds twice.
    run::check(place::cargo().args(["build", "--workspace", "--all-targets"]))?;
    let binary = place::executable("debug", "thalweg")?;
    let folder = place::root().join("tests/e2e");
    let environment = venv::ensure(&folder.join("requirements.txt"))?;
    let s3_server = tools::ensure(&tools::S3S_FS)?;

    let mut tally = Tally::new("e2e");
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
    Ok(tally)
}
