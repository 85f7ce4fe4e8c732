//! One `thalweg serve` on a data directory of its own and a free port, for the verbs that need a server.
//!
//! Owns starting it, its credentials and its end. Refuses to know what it is used for. Read next: `bench/mod.rs`,
//! `conformance/mod.rs`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    binary: PathBuf,
    data: PathBuf,
    /// What the first line of its output names: `http://127.0.0.1:41233`.
    pub(crate) endpoint: String,
}

impl Server {
    /// Starts `binary` with `arguments` beside the address and the data directory; its log goes to `log`, or to ours.
    pub(crate) fn start(binary: &Path, data: &Path, arguments: &[String], log: Option<&Path>) -> Result<Self, String> {
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).args(arguments);
        if let Some(log) = log {
            command.stderr(File::create(log).map_err(|error| format!("{}: {error}", log.display()))?);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let mut output = BufReader::new(child.stdout.take().expect("standard output was piped above"));
        let mut line = String::new();
        output.read_line(&mut line).map_err(|error| format!("the server's first line: {error}"))?;
        let endpoint = line.trim().strip_prefix("listening on ").map(str::to_owned);
        // Later lines are read and dropped, so that the server never waits for a full pipe.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        match endpoint {
            Some(endpoint) => Ok(Self { child, binary: binary.to_owned(), data: data.to_owned(), endpoint }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("the server's first line is {line:?}, not `listening on URL`"))
            }
        }
    }

    /// What `thalweg env` prints as `export NAME=VALUE`.
    pub(crate) fn credentials(&self) -> Result<Vec<(String, String)>, String> {
        let output = Command::new(&self.binary)
            .args(["env", "--data-dir"])
            .arg(&self.data)
            .output()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let variables = text.lines().filter_map(|line| line.trim().strip_prefix("export ")?.split_once('='));
        Ok(variables.map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned())).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The data is thrown away, so there is nothing to shut down gracefully for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
