//! `cargo xtask test conformance [CLIENT...]`: real clients against the real binary, each in its own language.
//!
//! Owns one suite's run: server, program, verdict. Refuses to know how a client is installed (`clients.rs`) or what is
//! published (`matrix.rs`). A suite that cannot start has failed. Read next: `tests/conformance/README.md`.

mod clients;
mod features;
mod jvm;
mod matrix;
pub(crate) mod toolchain;

use std::path::{Path, PathBuf};

use crate::server::Server;
use crate::suites::Tally;
use crate::{place, run};
use clients::{CLIENTS, Suite};
use features::Line;
use matrix::{Client, Outcome, Results};

/// The names that the command line takes.
pub(crate) fn names() -> Vec<&'static str> {
    CLIENTS.iter().map(|suite| suite.name).collect()
}

/// Runs the named suites, or all; `binary` is the server.
pub(crate) fn run(binary: &Path, names: &[String]) -> Result<Vec<Tally>, String> {
    let mut results = matrix::read()?;
    let mut tallies = Vec::new();
    for suite in CLIENTS.iter().filter(|suite| names.is_empty() || names.iter().any(|name| name == suite.name)) {
        let mut now = Results::new();
        let outcome = run_suite(suite, binary, &mut now);
        let verdict = matrix::judge(&results, suite.name, &now);
        let mut tally = Tally::new(&format!("conformance-{}", suite.name));
        tally.passed = verdict.passed.len() as u64;
        tally.failed = verdict.failed.len() as u64;
        tally.skipped = verdict.known.len() as u64;
        for known in &verdict.known {
            println!("known gap: {known}");
        }
        for failed in &verdict.failed {
            println!("FAILED: {failed}");
        }
        if let Err(message) = &outcome {
            println!("FAILED: {}: {message}", suite.name);
        }
        tally.settle(outcome.is_ok());
        tallies.push(tally);
        matrix::merge(&mut results, &now);
    }
    matrix::write(&results)?;
    Ok(tallies)
}

/// Runs one suite's program against two fresh servers and collects what it reports in `now`.
fn run_suite(suite: &Suite, binary: &Path, now: &mut Results) -> Result<(), String> {
    let mut command = (suite.prepare)()?;
    let scratch = Scratch::new(suite.name)?;
    let plain = Server::start(binary, &scratch.folder("plain")?, &[], Some(&scratch.path("plain.log")))?;
    let secure_data = scratch.folder("tls")?;
    let tls = ["--tls-self-signed".to_owned()];
    let secure = Server::start(binary, &secure_data, &tls, Some(&scratch.path("tls.log")))
        .map_err(|message| format!("with TLS: {message}\n{}", scratch.log("tls.log")))?;
    command
        .env("THALWEG_ENDPOINT", &plain.endpoint)
        .env("THALWEG_TLS_ENDPOINT", &secure.endpoint)
        .env("THALWEG_CA_FILE", secure_data.join("tls/ca.pem"))
        // Node reads this before its first line; every other program sets its trust by itself.
        .env("NODE_EXTRA_CA_CERTS", secure_data.join("tls/ca.pem"))
        .env("THALWEG_SCRATCH", scratch.folder("program")?)
        // Nothing of the user's own account reaches a client.
        .env("AWS_CONFIG_FILE", scratch.path("no-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", scratch.path("no-credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .envs(plain.credentials()?);
    for (name, value) in secure.credentials()? {
        command.env(format!("TLS_{name}"), value);
    }
    let mut client = String::new();
    let succeeded = run::watch_within(suite.limit, &mut command, |line| match features::parse(line) {
        Some(Line::Client { name, version }) => {
            now.insert(name.clone(), Client { suite: suite.name.into(), version, ..Client::default() });
            client = name;
        }
        Some(Line::Feature { name, ok, note }) => {
            println!("{client}: {name}: {} {note}", if ok { "ok" } else { "FAILED" });
            if let Some(client) = now.get_mut(&client) {
                client.features.insert(name, Outcome { ok, note });
            }
        }
        None => println!("{line}"),
    });
    if !succeeded.as_ref().is_ok_and(|succeeded| *succeeded) {
        println!("{}\n{}", scratch.log("plain.log"), scratch.log("tls.log"));
    }
    match succeeded? {
        true => Ok(()),
        false => Err("the program ended with an error".to_owned()),
    }
}

/// A folder for the servers' data and the program's files, gone when the suite is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(suite: &str) -> Result<Self, String> {
        let path = place::target_directory()?.join("conformance").join(format!("{suite}-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.path(name);
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// The end of a server's log.
    fn log(&self, name: &str) -> String {
        const LINES_MAX: usize = 40;
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        let lines = text.lines().collect::<Vec<_>>();
        format!(
            "--- the server's {name}, at most {LINES_MAX} lines\n{}",
            lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
        )
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover costs space and nothing else.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
