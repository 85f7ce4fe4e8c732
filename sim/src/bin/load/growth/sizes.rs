//! Larger records: calls as full as the API allows, from five hundred records of 100 bytes to one of 10 MiB.

use std::sync::Arc;

use super::{Point, Series};
use crate::drive::Run;
use crate::figures::{BATCH_CONNECTIONS, Context, SHARDS, warm};
use crate::request::{Encoding, Form};

struct Size {
    label: &'static str,
    bytes: usize,
    /// Records in a call: 500 or ten megabytes.
    records: usize,
    /// Prepared calls, fewer where they are large.
    pool: usize,
}

/// The largest record leaves room for its key within the ten megabytes of a call.
const LARGEST: usize = (10 << 20) - 64;
const POINTS: [Size; 4] = [
    Size { label: "100 B", bytes: 100, records: 500, pool: 64 },
    Size { label: "1 KiB", bytes: 1 << 10, records: 500, pool: 64 },
    Size { label: "100 KiB", bytes: 100 << 10, records: 90, pool: 16 },
    Size { label: "10 MiB", bytes: LARGEST, records: 1, pool: 16 },
];

pub(crate) async fn measure(context: &Context) -> Result<Series, String> {
    let mut points = Vec::new();
    for Size { label, bytes, records, pool } in POINTS {
        let server = context.server()?;
        server.create_stream("sizes", SHARDS).await?;
        if bytes > 1 << 20 {
            let summary = server.call("DescribeStreamSummary", "{\"StreamName\":\"sizes\"}").await?;
            let value: serde_json::Value = serde_json::from_slice(&summary).map_err(|error| error.to_string())?;
            let arn = value["StreamDescriptionSummary"]["StreamARN"].as_str().unwrap_or_default();
            let body = format!("{{\"StreamARN\":\"{arn}\",\"MaxRecordSizeInKiB\":10240}}");
            server.call("UpdateMaxRecordSize", &body).await?;
            crate::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        let form = Form { encoding: Encoding::Json, records, bytes };
        let requests = match records {
            1 => server.target.put_record("sizes", bytes, pool),
            _ => server.target.put_records(&["sizes"], form, pool),
        };
        let run = Run {
            authority: server.target.authority.clone(),
            requests: Arc::new(requests),
            records,
            connections: BATCH_CONNECTIONS,
            duration: context.duration,
            turns: usize::MAX,
        };
        let outcome = warm(&run).await?;
        let mut point = Point::new(bytes, label.to_owned(), &outcome, form.payload(), server.memory_mb());
        let records_per_second = outcome.per_second() * records as f64;
        point.note = format!("{records} a call, {records_per_second:.0} records/s");
        points.push(point);
    }
    Ok(Series { name: "sizes", title: "Puts as full as a call may be, 16 connections, by size of a record", points })
}
