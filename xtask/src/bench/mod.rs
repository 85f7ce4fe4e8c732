//! `cargo xtask bench`: a release build under load on this machine, and tables with what it did.
//!
//! Owns the order of the steps and what may be written into `docs/performance.md`. Refuses to measure anything itself:
//! `sim/src/bin/load` does. Read next: `peers/mod.rs` for the servers beside ours, `page.rs`, `chart.rs`.

mod chart;
mod growth;
mod page;
mod peers;
mod table;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::{place, run};

/// Taken by us; everything else is the load generator's.
const WRITE_DOCS: &str = "--write-docs";
/// Measures what was built before.
const NO_BUILD: &str = "--no-build";

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (ours, mut arguments): (Vec<String>, Vec<String>) =
        arguments.iter().cloned().partition(|argument| [WRITE_DOCS, NO_BUILD].contains(&argument.as_str()));
    let given = |flag: &str| ours.iter().any(|argument| argument == flag);
    let write_docs = given(WRITE_DOCS);
    let what = match arguments.first().map(String::as_str) {
        Some("growth" | "peers") => arguments.remove(0),
        _ => "bench".to_owned(),
    };
    let programs = Programs::ready(!given(NO_BUILD))?;
    match what.as_str() {
        "peers" => peers::run(&programs, &arguments, write_docs),
        "growth" => growth::run(&programs, &arguments, write_docs),
        _ => figures(&programs, &arguments, write_docs),
    }
}

/// What is measured and with what.
pub(crate) struct Programs {
    pub(crate) thalweg: PathBuf,
    pub(crate) load: PathBuf,
    /// A folder for data on a disk: beside the build output and not in the system's temporary folder, which is often
    /// memory, while syncs must be real.
    pub(crate) scratch: PathBuf,
}

impl Programs {
    fn ready(build: bool) -> Result<Self, String> {
        for (package, program) in [("server", "thalweg"), ("sim", "load")] {
            if build {
                run::check(place::cargo().args(["build", "--release", "--package", package, "--bin", program]))?;
            }
        }
        let scratch = place::target_directory()?.join("bench");
        std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        Ok(Self {
            thalweg: place::executable("release", "thalweg")?,
            load: place::executable("release", "load")?,
            scratch,
        })
    }

    /// The load generator's `verb`; what it wrote for programs.
    pub(crate) fn measure(&self, verb: &str, arguments: &[String]) -> Result<Value, String> {
        let json = self.scratch.join(format!("{verb}.json"));
        let mut command = Command::new(&self.load);
        command.arg(verb).arg("--thalweg").arg(&self.thalweg).arg("--scratch").arg(&self.scratch);
        run::check(command.args(arguments).arg("--json").arg(&json))?;
        read_json(&json)
    }
}

/// The file's value.
pub(crate) fn read_json(path: &std::path::Path) -> Result<Value, String> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn figures(programs: &Programs, arguments: &[String], write_docs: bool) -> Result<(), String> {
    let (arguments, json) = take_json(arguments)?;
    let report = programs.measure("bench", &arguments)?;
    if let Some(path) = json {
        std::fs::write(&path, format!("{report:#}\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if write_docs { page::replace("figures", &table::figures(&report)) } else { Ok(()) }
}

/// Our own `--json FILE`, apart from the generator's, which the docs are written from.
fn take_json(arguments: &[String]) -> Result<(Vec<String>, Option<PathBuf>), String> {
    let mut rest = arguments.to_vec();
    let Some(at) = rest.iter().position(|argument| argument == "--json") else { return Ok((rest, None)) };
    if at + 1 >= rest.len() {
        return Err("--json needs a file".to_owned());
    }
    let path = rest.remove(at + 1);
    rest.remove(at);
    Ok((rest, Some(PathBuf::from(path))))
}
