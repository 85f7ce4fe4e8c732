//! `cargo xtask lint`: formatting, clippy without warnings, and cargo-deny's bans, licences and sources.
//!
//! Owns which checks there are. Refuses to change a file. Read next: `clippy.toml`, `deny.toml`, `tools.rs`.

use std::path::PathBuf;
use std::process::Command;

use crate::{place, run, tools};

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let install = match arguments {
        [] => false,
        [flag] if flag == "--install" => true,
        _ => return Err(format!("lint takes --install or nothing, not {}", arguments.join(" "))),
    };
    run::check(place::cargo().args(["fmt", "--all", "--check"]))?;
    run::check(place::cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    match cargo_deny(install)? {
        Some(program) => deny(&program),
        None => {
            eprintln!("xtask: cargo-deny is not installed; `cargo xtask lint --install` builds it (minutes, once)");
            Ok(())
        }
    }
}

fn cargo_deny(install: bool) -> Result<Option<PathBuf>, String> {
    let cached = tools::location(&tools::CARGO_DENY)?;
    if cached.exists() {
        return Ok(Some(cached));
    }
    let on_path = PathBuf::from("cargo-deny");
    if run::succeeds(Command::new(&on_path).arg("--version")) {
        return Ok(Some(on_path));
    }
    if install { tools::ensure(&tools::CARGO_DENY).map(Some) } else { Ok(None) }
}

fn deny(program: &PathBuf) -> Result<(), String> {
    let root = place::root();
    let deny = |checks: &[&str]| {
        let mut command = Command::new(program);
        command.current_dir(&root).args(["--all-features", "--locked", "check", "--hide-inclusion-graph"]).args(checks);
        command
    };
    run::check(&mut deny(&["bans", "licenses", "sources"]))?;
    // Advisories live in a git repository; where it cannot be reached, that is no fault of the change at hand.
    let fetched =
        Command::new(program).current_dir(&root).args(["fetch", "db"]).output().is_ok_and(|o| o.status.success());
    if fetched {
        return run::check(&mut deny(&["--disable-fetch", "advisories"]));
    }
    eprintln!("xtask: the advisory database cannot be reached from here; advisories are not checked");
    Ok(())
}
