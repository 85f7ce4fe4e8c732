//! A server that nobody calls: memory and processor time.

use std::time::Duration;

use super::Context;
use crate::process::cpu_seconds;
use crate::report::Report;
use crate::time::sleep;

/// For the start to be over.
const SETTLE: Duration = Duration::from_secs(3);
/// `/proc` counts hundredths of a second, so a shorter look could not see half a percent.
const LOOK: Duration = Duration::from_secs(10);

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let server = context.server()?;
    sleep(SETTLE).await;
    let before = cpu_seconds(server.pid());
    sleep(LOOK).await;
    if let Some(memory) = server.memory_mb() {
        report.figure("idle_rss", "idle server: memory", memory, "MB", "VmRSS, empty data directory");
    }
    if let (Some(before), Some(after)) = (before, cpu_seconds(server.pid())) {
        let share = (after - before) / LOOK.as_secs_f64() * 100.0;
        report.figure("idle_cpu", "idle server: processor", share, "%", "of one core, over 10 s");
    }
    Ok(())
}
