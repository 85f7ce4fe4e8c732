//! Running other programs: say what runs, pass its output on, and report failure in one sentence.
//!
//! Owns the child processes. Refuses to know what they are for. Read next: `suites.rs`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

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

/// As `watch`, for a program that may hang: after `limit` it is killed with everything that it started.
pub(crate) fn watch_within(
    limit: Duration,
    command: &mut Command,
    mut on_line: impl FnMut(&str),
) -> Result<bool, String> {
    announce(command);
    own_group(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{}: {error}", describe(command)))?;
    let output = BufReader::new(child.stdout.take().expect("standard output was piped above"));
    let (lines, arriving) = mpsc::channel();
    // A grandchild may hold the pipe open for ever, so the reading is left to a thread that nobody waits for.
    std::thread::spawn(move || {
        for line in output.split(b'\n').map_while(Result::ok) {
            if lines.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
        }
    });
    let (bell, alarm) = mpsc::channel::<()>();
    let group = child.id();
    let watchdog = std::thread::spawn(move || {
        let too_late = alarm.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
        if too_late {
            kill_group(group);
        }
        too_late
    });
    while let Ok(line) = arriving.recv() {
        on_line(&line);
    }
    let status = child.wait().map_err(|error| format!("{}: {error}", describe(command)))?;
    let _ = bell.send(());
    // Also what the program left behind when it ended by itself.
    kill_group(group);
    match watchdog.join() {
        Ok(false) => Ok(status.success()),
        _ => Err(format!("not done within {} s", limit.as_secs())),
    }
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

fn kill_group(leader: u32) {
    let (program, arguments) = if cfg!(windows) {
        ("taskkill", vec!["/T".to_owned(), "/F".to_owned(), "/PID".to_owned(), leader.to_string()])
    } else {
        ("kill", vec!["-KILL".to_owned(), "--".to_owned(), format!("-{leader}")])
    };
    // An empty group is the usual case and no error.
    succeeds(Command::new(program).args(arguments));
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
