//! `cargo xtask bench`: a release build under load on this machine, and one table with what it did.
//!
//! Owns the order of the steps. Refuses to measure anything itself: `sim/src/bin/load` does. Read next: `server.rs`.

use std::path::Path;
use std::process::Command;

use crate::server::Server;
use crate::{place, run};

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    run::check(place::cargo().args(["build", "--release", "--package", "server", "--bin", "thalweg"]))?;
    run::check(place::cargo().args(["build", "--release", "--package", "sim", "--bin", "load"]))?;
    let thalweg = place::executable("release", "thalweg")?;
    let load = place::executable("release", "load")?;
    // Beside the build output and not in the system's temporary folder, which is often memory: syncs must be real.
    let scratch = place::target_directory()?.join("bench");
    let data = scratch.join(format!("data-{}", std::process::id()));
    std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let outcome = measure(&thalweg, &load, &scratch, &data, arguments);
    // The data is gigabytes of noise; failing to remove it is no reason to hide the figures.
    let _ = std::fs::remove_dir_all(&data);
    outcome
}

fn measure(thalweg: &Path, load: &Path, scratch: &Path, data: &Path, arguments: &[String]) -> Result<(), String> {
    let server = Server::start(thalweg, data, &[], None)?;
    let mut command = Command::new(load);
    command
        .arg("bench")
        .args(["--endpoint", &server.endpoint])
        .args(["--server-pid", &server.process_id().to_string()])
        .args(["--scratch", &scratch.to_string_lossy()])
        .args(arguments)
        .envs(server.credentials()?);
    run::check(&mut command)
}
