//! Thousands of connections that wait: each has made a call, then nothing comes.

use std::time::Duration;

use super::Context;
use crate::answer::{Expect, check};
use crate::connection::Connection;
use crate::report::Report;
use crate::time::sleep;

const SETTLE: Duration = Duration::from_secs(3);

/// Connections that are left for other calls, below the most that the server takes.
const OTHERS: usize = 100;

/// As many connections as wanted, or as the server takes: three for every four files that a process may open.
pub(super) fn possible(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let allowed: Option<usize> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    allowed.map_or(wanted, |allowed| wanted.min((allowed / 4 * 3).saturating_sub(OTHERS)))
}

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let server = context.server()?;
    server.create_stream("quiet", 1).await?;
    sleep(SETTLE).await;
    let before = server.memory_mb();
    let request = server.target.request("ListStreams", "{}");
    let mut open = Vec::with_capacity(context.connections);
    for index in 0..context.connections {
        let hint = |error| format!("connection {index}: {error} (are enough files allowed? see `ulimit -n`)");
        let mut connection = Connection::open_small(&server.target.authority).await.map_err(hint)?;
        check(&connection.call(&request).await.map_err(hint)?, Expect::Ok)?;
        open.push(connection);
    }
    sleep(SETTLE).await;
    let after = server.memory_mb();
    // Only connections that live count: the first, the last and some between are used once more.
    for index in (0..open.len()).step_by((open.len() / 100).max(1)) {
        check(&open[index].call(&request).await?, Expect::Ok)?;
    }
    if let (Some(before), Some(after)) = (before, after) {
        let each = (after - before) * 1000.0 / context.connections as f64;
        let how = format!("VmRSS, {} plain connections after a call each, {before:.0} MB before", context.connections);
        report.figure("connection_rss", "idle connection: memory", each, "KB", &how);
    }
    Ok(())
}
