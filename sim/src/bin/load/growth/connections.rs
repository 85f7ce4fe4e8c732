//! More connections: single records over one to four thousand, all busy.

use super::{Point, Series};
use crate::figures::{Context, SHARDS, singles, warm};
use crate::request::RECORD_BYTES;

const POINTS: [usize; 4] = [1, 16, 256, 4096];

pub(crate) async fn measure(context: &Context) -> Result<Series, String> {
    let mut points = Vec::new();
    for connections in POINTS {
        let server = context.server()?;
        server.create_stream("connections", SHARDS).await?;
        let run = singles(&server.target, "connections", connections, context.duration);
        let outcome = warm(&run).await?;
        let label = format!("{connections} connections");
        points.push(Point::new(connections, label, &outcome, RECORD_BYTES, server.memory_mb()));
    }
    Ok(Series { name: "connections", title: "PutRecord, 1 KiB, by number of busy connections", points })
}
