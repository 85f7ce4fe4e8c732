//! The log engine without a server around it: `load engine` as a process of its own, its first lines as figures.

use std::process::Command;

use super::Context;
use crate::report::Report;

pub(crate) fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("our own path: {error}"))?;
    let mut command = Command::new(program);
    command.arg("engine").arg("--dir").arg(&context.scratch).arg("--no-reads");
    let seconds = context.duration.as_secs().min(60).to_string();
    let output = command.args(["--seconds", &seconds]).output().map_err(|error| format!("load engine: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let how = "1 KiB records, 500 a call, 16 callers, 64 partitions, each call after its fdatasync";
    for (key, what, unit, before, after) in [
        ("engine", "engine alone", "MB/s", "append: ", " MB/s"),
        ("engine_p50", "engine alone: p50", "ms", "p50 ", " ms"),
        ("engine_p99", "engine alone: p99", "ms", "p99 ", " ms"),
        ("engine_cpu", "engine alone: processor", "s/GB", "a record, ", " s/GB"),
    ] {
        let value = between(&text, before, after).ok_or_else(|| format!("load engine printed no {what}: {text}"))?;
        report.figure(key, what, value, unit, how);
    }
    Ok(())
}

/// The first number that stands between the two.
fn between(text: &str, before: &str, after: &str) -> Option<f64> {
    text.match_indices(before).find_map(|(at, _)| {
        let rest = &text[at + before.len()..];
        rest[..rest.find(after)?].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn figures_are_found_in_the_text() {
        let text = "append: 900 MB/s, 1 records/s\nappend: p50 1.250 ms, p99 3.5 ms; CPU 7 ns a record, 0.41 s/GB\n";
        assert_eq!(between(text, "append: ", " MB/s"), Some(900.0));
        assert_eq!(between(text, "p99 ", " ms"), Some(3.5));
        assert_eq!(between(text, "a record, ", " s/GB"), Some(0.41));
        assert_eq!(between(text, "p90 ", " ms"), None);
    }
}
