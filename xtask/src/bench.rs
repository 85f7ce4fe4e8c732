//! `cargo xtask bench`: a release build under load on this machine, and one table with what it did.
//!
//! Owns starting the server on a fresh data directory. Refuses to measure anything itself: `sim/src/bin/load` does.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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
    let mut server = Server::start(thalweg, data)?;
    let mut command = Command::new(load);
    command
        .arg("bench")
        .args(["--endpoint", &server.endpoint])
        .args(["--server-pid", &server.child.id().to_string()])
        .args(["--scratch", &scratch.to_string_lossy()])
        .args(arguments)
        .envs(credentials(thalweg, data)?);
    let outcome = run::check(&mut command);
    server.stop();
    outcome
}

struct Server {
    child: Child,
    endpoint: String,
}

impl Server {
    fn start(thalweg: &Path, data: &Path) -> Result<Self, String> {
        let mut child = Command::new(thalweg)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", thalweg.display()))?;
        let mut output = BufReader::new(child.stdout.take().expect("standard output was piped above"));
        let mut line = String::new();
        output.read_line(&mut line).map_err(|error| format!("the server's first line: {error}"))?;
        let endpoint = line.trim().strip_prefix("listening on ").map(str::to_owned);
        // Later lines are read and dropped, so that the server never waits for a full pipe.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        match endpoint {
            Some(endpoint) => Ok(Self { child, endpoint }),
            None => {
                let _ = child.kill();
                Err(format!("the server's first line is {line:?}, not `listening on URL`"))
            }
        }
    }

    fn stop(&mut self) {
        // The data is thrown away, so there is nothing to shut down gracefully for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What `thalweg env` prints as `export NAME=VALUE`.
fn credentials(thalweg: &Path, data: &Path) -> Result<Vec<(String, String)>, String> {
    let output = Command::new(thalweg)
        .args(["env", "--data-dir"])
        .arg(data)
        .output()
        .map_err(|error| format!("{}: {error}", thalweg.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let variables = text.lines().filter_map(|line| line.trim().strip_prefix("export ")?.split_once('='));
    Ok(variables.map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned())).collect())
}
