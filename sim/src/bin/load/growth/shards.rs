//! More shards: the same batches, spread over one to a hundred thousand.

use std::sync::Arc;

use super::{Point, Series};
use crate::drive::Run;
use crate::figures::{BATCH_CONNECTIONS, BATCH_POOL, Context, warm};
use crate::request::{Encoding, Form};

/// A stream has 20,000 shards at most, so the last point has five streams.
const POINTS: [(usize, usize); 4] = [(1, 1), (1, 64), (1, 4096), (5, 20_000)];

pub(crate) async fn measure(context: &Context) -> Result<Series, String> {
    let mut points = Vec::new();
    for (streams, shards) in POINTS {
        let server = context.server()?;
        let names: Vec<String> = (0..streams).map(|index| format!("growth-{index}")).collect();
        for name in &names {
            server.create_stream(name, shards).await?;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let form = Form::full(Encoding::Json);
        let run = Run {
            authority: server.target.authority.clone(),
            requests: Arc::new(server.target.put_records(&names, form, BATCH_POOL)),
            records: form.records,
            connections: BATCH_CONNECTIONS,
            duration: context.duration,
            turns: usize::MAX,
        };
        let outcome = warm(&run).await?;
        let count = streams * shards;
        points.push(Point::new(count, format!("{count} shards"), &outcome, form.payload(), server.memory_mb()));
    }
    Ok(Series { name: "shards", title: "PutRecords, 500 x 1 KiB, 16 connections, by number of shards", points })
}
