//! From a put to its push over SubscribeToShard.

use super::{Context, latencies};
use crate::push;
use crate::report::Report;

/// Records per second: far below the peak, so that what is measured is the path and not a queue.
const RATE: f64 = 500.0;

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let server = context.server()?;
    server.create_stream("pushed", 1).await?;
    let outcome = push::drive(&server.target, "pushed", RATE, context.duration).await?;
    let how =
        format!("{RATE:.0} records/s, one subscriber over HTTP/2, from when a put was due to the event's last byte");
    latencies(report, &outcome, "push", "put to push:", &how);
    Ok(())
}
