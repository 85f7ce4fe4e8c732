//! More readers: none to twenty follow the tip of a stream that is written as fast as it takes.

use tokio::task::JoinSet;

use super::{Point, Series};
use crate::figures::{Context, SHARDS, batches};
use crate::read::{self, Until};
use crate::request::{Encoding, Form, RECORD_BYTES};

const POINTS: [usize; 5] = [0, 1, 5, 10, 20];

pub(crate) async fn measure(context: &Context) -> Result<Series, String> {
    let mut points = Vec::new();
    for readers in POINTS {
        let server = context.server()?;
        server.create_stream("readers", SHARDS).await?;
        let form = Form::full(Encoding::Json);
        let run = batches(&server.target, "readers", Encoding::Json, context.duration);
        let mut tasks = JoinSet::new();
        for reader in 0..readers {
            let (target, until) = (server.target.clone(), Until::Following(context.duration));
            let shard = reader % SHARDS;
            tasks.spawn(async move { read::one_shard(&target, "readers", shard, "LATEST", until).await });
        }
        let outcome = run.drive().await?;
        let mut read_bytes = 0.0;
        while let Some(reader) = tasks.join_next().await {
            let reading = reader.map_err(|error| format!("a reader's task: {error}"))??;
            read_bytes += reading.records as f64 * RECORD_BYTES as f64;
        }
        let label = format!("{readers} readers");
        let mut point = Point::new(readers, label, &outcome, form.payload(), server.memory_mb());
        let read_rate = read_bytes / 1e6 / context.duration.as_secs_f64();
        // A reader follows one of the shards, so all of them together want this part of what is put.
        let wanted = readers as f64 / SHARDS as f64 * point.megabytes_per_second;
        point.note = format!("read {read_rate:.0} of {wanted:.0} MB/s");
        points.push(point);
    }
    let title = "PutRecords, 500 x 1 KiB, 16 connections, by readers that follow one of the 4 shards each";
    Ok(Series { name: "readers", title, points })
}
