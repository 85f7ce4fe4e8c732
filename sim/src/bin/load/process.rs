//! Other processes: the sink, and how much processor time, memory and disk one has used.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Clock ticks per second in `/proc`: 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor seconds (user and system) that a process has used; `None` where there is no `/proc`.
pub(crate) fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may contain anything but ends at the last parenthesis.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// Megabytes of a process in memory (VmRSS); `None` where there is no `/proc`.
pub(crate) fn memory_mb(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0 / 1e6)
}

/// Bytes that a process has caused to be written to disk; `None` where there is no `/proc` or it is not ours to see.
pub(crate) fn written_bytes(pid: u32) -> Option<f64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes:"))?.trim().parse().ok()
}

/// The sink as a process of its own, so that it competes for the processor as the server does; ends when dropped.
pub(crate) struct Sink {
    child: Child,
    /// `ADDRESS:PORT`.
    pub(crate) authority: String,
}

impl Sink {
    pub(crate) fn start() -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("our own path: {error}"))?;
        let mut child = Command::new(program)
            .arg("sink")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("starting the sink: {error}"))?;
        let mut line = String::new();
        let output = child.stdout.take().expect("standard output was piped above");
        let read = BufReader::new(output).read_line(&mut line);
        match line.trim().strip_prefix("listening on http://") {
            Some(authority) if read.is_ok() => Ok(Self { authority: authority.to_owned(), child }),
            _ => {
                let _ = child.kill();
                Err("the sink did not start".to_owned())
            }
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
