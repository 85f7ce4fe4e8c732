//! Another server that speaks the Kinesis protocol, under the load that ours gets: same requests, same checks.
//!
//! Owns the choice of what is comparable: 16 producers, records of 1 KiB, in batches and one by one, then reading.

use std::time::Duration;

use serde_json::json;

use crate::Peer;
use crate::figures::{BATCH_CONNECTIONS, SHARDS, batches, payload, singles, warm};
use crate::read::{self, Until};
use crate::request::{Encoding, Form, RECORD_BYTES, Target};

pub(crate) async fn run(options: Peer) -> Result<(), String> {
    let target = Target {
        authority: options.authority,
        access_key_id: options.access_key_id,
        secret_access_key: options.secret_access_key,
        region: options.region,
    };
    let duration = Duration::from_secs(options.seconds);
    for stream in ["batches", "singles"] {
        target.create_stream(stream, SHARDS).await?;
    }
    let batch = warm(&batches(&target, "batches", Encoding::Json, duration)).await?;
    let single = warm(&singles(&target, "singles", BATCH_CONNECTIONS, duration)).await?;
    let until = Until::Elapsed(duration.min(Duration::from_secs(3)));
    // Not every server gives pages back that it has taken; that is its row's business and not an end of the run.
    let read = match read::drive(&target, "batches", 0..SHARDS, "TRIM_HORIZON", until).await {
        Ok(reading) => Some(reading.megabytes_per_second(RECORD_BYTES)),
        Err(error) => {
            eprintln!("load: reading: {error}");
            None
        }
    };
    let value = json!({
        "batches_mb": payload(&batch, Form::full(Encoding::Json)),
        "batch_p50_ms": batch.quantile_ms(0.5),
        "batch_p99_ms": batch.quantile_ms(0.99),
        "singles": single.per_second(),
        "single_p50_ms": single.quantile_ms(0.5),
        "single_p99_ms": single.quantile_ms(0.99),
        "read_mb": read,
    });
    std::fs::write(&options.json, format!("{value:#}\n"))
        .map_err(|error| format!("{}: {error}", options.json.display()))
}
