//! A peer's process: started on a port of its own, waited for, ended when dropped.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(super) struct Running {
    child: Child,
    pub(super) port: u16,
}

/// A JVM on a busy machine needs its time.
const START_TRIES: u32 = 600;
const START_WAIT: Duration = Duration::from_millis(100);

impl Running {
    /// Starts the command, which listens on `port`; its output goes to `log`.
    pub(super) fn start(command: &mut Command, port: u16, log: &Path) -> Result<Self, String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let fault = |error: std::io::Error| format!("{program}: {error}");
        let output = File::create(log).map_err(fault)?;
        command.stdin(Stdio::null()).stdout(output.try_clone().map_err(fault)?).stderr(output);
        let mut running = Self { child: command.spawn().map_err(fault)?, port };
        for _ in 0..START_TRIES {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(running);
            }
            if let Some(status) = running.child.try_wait().map_err(fault)? {
                return Err(format!("{program} ended with {status}: {}", last_line(log)));
            }
            std::thread::sleep(START_WAIT);
        }
        Err(format!("{program} does not listen on port {port} after a minute: {}", last_line(log)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its data is thrown away, so it need not end gracefully.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody had a moment ago.
pub(super) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("a free port: {error}"))
}

/// Runs a tool to its end; what it printed.
pub(super) fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    let last = said.trim().lines().last().unwrap_or_default().to_owned();
    Err(format!("{program} ended with {}: {last}", output.status))
}

/// The number that stands right before `unit` in `text`: `1,234.5` before ` msgs/sec`.
pub(super) fn number_before(text: &str, unit: &str) -> Option<f64> {
    let end = text.find(unit)?;
    let digits = |character: char| character.is_ascii_digit() || character == '.' || character == ',';
    let start = text[..end].rfind(|character: char| !digits(character)).map_or(0, |at| at + 1);
    text[start..end].replace(',', "").parse().ok()
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.trim().lines().last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::number_before;

    #[test]
    fn numbers_are_found_before_their_unit() {
        assert_eq!(number_before("stats: 45,559 msgs/sec ~ 44 MiB/sec", " msgs/sec"), Some(45559.0));
        assert_eq!(number_before("12.5 ms 50th", " ms 50th"), Some(12.5));
        assert_eq!(number_before("nothing", " msgs/sec"), None);
    }
}
