//! Other processes: the sink, and how much processor time one has used.

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
