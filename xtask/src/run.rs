//! Running other programs: say what runs, pass its output on, and report failure in one sentence.
//!
//! Owns the child processes. Refuses to know what they are for. Read next: `suites.rs`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Runs to the end with our output; an error unless it succeeds.
pub(crate) fn check(command: &mut Command) -> Result<(), String> {
    announce(command);
    let status = command.status().map_err(|error| format!("{}: {error}", describe(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", describe(command))) }
}

/// Runs to the end, shows each line of its standard output and hands it to `on_line`; says whether it succeeded.
pub(crate) fn watch(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<bool, String> {
    announce(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{}: {error}", describe(command)))?;
    let output = child.stdout.take().expect("standard output was piped above");
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| format!("{}: {error}", describe(command)))?;
        if read == 0 {
            break;
        }
        // A closed pipe of our own must not end the suite, so its error is let go.
        let _ = std::io::stdout().write_all(&line);
        on_line(String::from_utf8_lossy(&line).trim_end());
    }
    let status = child.wait().map_err(|error| format!("{}: {error}", describe(command)))?;
    Ok(status.success())
}

/// Whether the program starts and succeeds; shows nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn announce(command: &Command) {
    eprintln!("xtask: {}", describe(command));
}

fn describe(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
