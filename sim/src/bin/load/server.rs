//! `thalweg serve` as a process of the benchmark's own: started, killed, started again on the same data.
//!
//! Owns the process and its data directory, both gone when it is dropped. Read next: `figures/mod.rs`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::answer::{Expect, check};
use crate::connection::Connection;
use crate::process;
use crate::request::Target;
use crate::time::now;

pub(crate) struct Server {
    binary: PathBuf,
    data: PathBuf,
    child: Child,
    pub(crate) target: Target,
}

impl Server {
    /// A server on an empty data directory in `scratch`.
    pub(crate) fn start(binary: &Path, scratch: &Path) -> Result<Self, String> {
        let data = scratch.join(format!("data-{}", std::process::id()));
        // A directory that an interrupted run left is of no use to anybody.
        let _ = std::fs::remove_dir_all(&data);
        std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        let (child, authority) = spawn(binary, &data)?;
        let mut server = Self { binary: binary.to_owned(), data, child, target: Target::nobody(authority) };
        server.target = server.credentials()?;
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Kills the process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        // One that is gone already is as dead as wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts again on the same data; how long it took until the server said that it listens.
    pub(crate) fn start_again(&mut self) -> Result<Duration, String> {
        let start = now();
        let (child, authority) = spawn(&self.binary, &self.data)?;
        let took = start.elapsed();
        (self.child, self.target.authority) = (child, authority);
        Ok(took)
    }

    /// One call that has to succeed; its answer's body.
    pub(crate) async fn call(&self, operation: &str, body: &str) -> Result<Vec<u8>, String> {
        self.target.call(operation, body).await
    }

    /// Makes a stream and waits until it is active.
    pub(crate) async fn create_stream(&self, stream: &str, shards: usize) -> Result<(), String> {
        self.target.create_stream(stream, shards).await
    }

    /// Megabytes in memory that belong to the process alone or are shared with others: VmRSS.
    pub(crate) fn memory_mb(&self) -> Option<f64> {
        process::memory_mb(self.pid())
    }

    fn credentials(&self) -> Result<Target, String> {
        let mut command = Command::new(&self.binary);
        let output = command.args(["env", "--data-dir"]).arg(&self.data).output();
        let output = output.map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |name: &str| {
            let mut variables = text.lines().filter_map(|line| line.trim().strip_prefix("export ")?.split_once('='));
            let found = variables.find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.trim_matches(['"', '\'']).to_owned())
        };
        Ok(Target {
            authority: self.target.authority.clone(),
            access_key_id: value("AWS_ACCESS_KEY_ID").ok_or("`thalweg env` names no access key")?,
            secret_access_key: value("AWS_SECRET_ACCESS_KEY").ok_or("`thalweg env` names no secret key")?,
            region: value("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        // Gigabytes of noise; failing to remove them is no reason to hide the figures.
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn spawn(binary: &Path, data: &Path) -> Result<(Child, String), String> {
    let mut child = Command::new(binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let mut output = BufReader::new(child.stdout.take().expect("standard output was piped above"));
    let mut line = String::new();
    let read = output.read_line(&mut line);
    match line.trim().strip_prefix("listening on http://") {
        Some(authority) if read.is_ok() => {
            let authority = authority.to_owned();
            // Later lines are read and dropped, so that the server never waits for a full pipe.
            std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
            Ok((child, authority))
        }
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            Err(format!("the server's first line is {line:?}, not `listening on http://ADDRESS`"))
        }
    }
}

impl Target {
    /// An address without credentials, until they are known.
    fn nobody(authority: String) -> Self {
        let nothing = String::new;
        Self { authority, access_key_id: nothing(), secret_access_key: nothing(), region: nothing() }
    }

    /// One call on a connection of its own that has to succeed; its answer's body.
    pub(crate) async fn call(&self, operation: &str, body: &str) -> Result<Vec<u8>, String> {
        let mut connection = Connection::open(&self.authority).await?;
        let answer = connection.call(&self.request(operation, body)).await?;
        check(&answer, Expect::Ok).map_err(|error| format!("{operation}: {error}"))?;
        Ok(answer.body.to_vec())
    }

    /// Makes a stream and waits until it is active.
    pub(crate) async fn create_stream(&self, stream: &str, shards: usize) -> Result<(), String> {
        self.call("CreateStream", &format!("{{\"StreamName\":\"{stream}\",\"ShardCount\":{shards}}}")).await?;
        let body = format!("{{\"StreamName\":\"{stream}\"}}");
        for _ in 0..600 {
            let answer = self.call("DescribeStreamSummary", &body).await?;
            let text = String::from_utf8_lossy(&answer).replace(' ', "");
            if text.contains("\"StreamStatus\":\"ACTIVE\"") {
                return Ok(());
            }
            crate::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the stream {stream} is not active after 30 s"))
    }
}
