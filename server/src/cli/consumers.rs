//! `thalweg consumers`: who reads a stream, and how far behind they are.
//!
//! Registered consumers tell no position; an application of the Kinesis Client Library does, in its lease table: for each
//! shard the last sequence number it has done. What comes after that is read here, once and at most a page.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use wire::dynamodb::{AttributeValue, ScanInput, ScanOutput};
use wire::kinesis::{GetRecordsInput, GetRecordsOutput, GetShardIteratorInput, GetShardIteratorOutput};

use super::connect::{ConnectArgs, block_on};
use super::{Error, out, stream, text};
use crate::client::{CallError, Client, Service};

/// Flags of `consumers`.
#[derive(Debug, Args)]
pub(crate) struct ConsumersArgs {
    /// The stream
    stream: String,
    /// Also the progress of this KCL application, by the name of its lease table
    #[arg(long, value_name = "TABLE")]
    app: Option<String>,
    #[command(flatten)]
    connect: ConnectArgs,
}

/// What a lease says (KCL's lease table: leaseKey, checkpoint, leaseOwner).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lease {
    shard: String,
    checkpoint: String,
    owner: String,
}

pub(super) fn run(args: &ConsumersArgs) -> Result<ExitCode, Error> {
    block_on(|stop| async move {
        tokio::select! {
            done = show(args) => done.map(|()| ExitCode::SUCCESS),
            () = stop.asked() => Ok(ExitCode::from(130)),
        }
    })
}

async fn show(args: &ConsumersArgs) -> Result<(), Error> {
    let client = args.connect.client().await?;
    let arn = stream::arn(&client, &args.stream).await?;
    let consumers = stream::consumers(&client, &arn).await?;
    let word = |value: Option<String>| value.unwrap_or_default();
    let rows: Vec<_> = consumers
        .into_iter()
        .map(|consumer| {
            let created = consumer.consumer_creation_timestamp.unwrap_or_default().0.max(0).cast_unsigned();
            let created = text::time(types::Timestamp(created));
            vec![word(consumer.consumer_name), word(consumer.consumer_status), created]
        })
        .collect();
    match rows.is_empty() {
        true => out("no registered consumers\n"),
        false => out(&text::table(&["CONSUMER", "STATUS", "CREATED"], &rows)),
    }
    if let Some(table) = &args.app {
        let leases = leases(&client, table).await?;
        let mut rows = Vec::new();
        for lease in leases {
            let (records, behind) = lag(&client, &args.stream, &lease).await?;
            rows.push(vec![lease.shard, lease.owner, lease.checkpoint, records, behind]);
        }
        out(&format!("\n{}", text::table(&["SHARD", "WORKER", "CHECKPOINT", "RECORDS BEHIND", "TIME BEHIND"], &rows)));
    }
    Ok(())
}

async fn leases(client: &Client, table: &str) -> Result<Vec<Lease>, CallError> {
    let mut leases = Vec::new();
    let mut exclusive_start_key = None;
    loop {
        let input = ScanInput { table_name: Some(table.into()), exclusive_start_key, ..Default::default() };
        let page: ScanOutput = client.call_patiently(Service::DynamoDb, "Scan", &input).await?;
        leases.extend(page.items.unwrap_or_default().iter().filter_map(lease));
        exclusive_start_key = page.last_evaluated_key;
        if exclusive_start_key.is_none() {
            leases.sort_by(|one, other| one.shard.cmp(&other.shard));
            return Ok(leases);
        }
    }
}

/// A row of the table, if it is a shard's; a table of many streams has keys of `account:stream:created:shard`.
fn lease(item: &BTreeMap<String, AttributeValue>) -> Option<Lease> {
    let text = |name: &str| item.get(name).and_then(|value| value.s.clone());
    let key = text("leaseKey")?;
    let shard = key.rsplit(':').next().unwrap_or_default().to_string();
    Some(Lease { shard, checkpoint: text("checkpoint")?, owner: text("leaseOwner").unwrap_or_else(|| "-".into()) })
}

/// Records and time between a checkpoint and the tip.
async fn lag(client: &Client, stream: &str, lease: &Lease) -> Result<(String, String), CallError> {
    let unknown = ("?".to_string(), "?".to_string());
    let (kind, number) = match lease.checkpoint.as_str() {
        "SHARD_END" => return Ok(("0".into(), "done".into())),
        "TRIM_HORIZON" => ("TRIM_HORIZON", None),
        // Not begun: where it begins depends on the application's own start.
        "LATEST" | "AT_TIMESTAMP" => return Ok(unknown),
        number => ("AFTER_SEQUENCE_NUMBER", Some(number.to_string())),
    };
    let input = GetShardIteratorInput {
        stream_name: Some(stream.into()),
        shard_id: Some(lease.shard.clone()),
        shard_iterator_type: Some(kind.into()),
        starting_sequence_number: number,
        ..Default::default()
    };
    let found = client.call_patiently::<GetShardIteratorOutput>(Service::Kinesis, "GetShardIterator", &input).await;
    let iterator = match found {
        Ok(output) => output.shard_iterator,
        // A shard that has expired, or a number of another incarnation of the stream.
        Err(error) if error.is("ResourceNotFoundException") || error.is("InvalidArgumentException") => {
            return Ok(unknown);
        }
        Err(error) => return Err(error),
    };
    let input = GetRecordsInput { shard_iterator: iterator, ..Default::default() };
    let page: GetRecordsOutput = client.call_patiently(Service::Kinesis, "GetRecords", &input).await?;
    Ok(measure(&page))
}

/// A page that reaches the tip tells the count; else it is more than that. The first record tells the time.
fn measure(page: &GetRecordsOutput) -> (String, String) {
    let records = page.records.as_deref().unwrap_or_default();
    let behind = page.millis_behind_latest.unwrap_or_default().max(0).cast_unsigned();
    let time_of = |record: Option<&wire::kinesis::Record>| {
        record.and_then(|record| record.approximate_arrival_timestamp).map_or(0, |time| time.0)
    };
    let within = (time_of(records.last()) - time_of(records.first())).max(0).cast_unsigned();
    let sign = if behind > 0 { ">" } else { "" };
    let count = format!("{sign}{}", records.len());
    (count, if records.is_empty() && behind == 0 { "0 ms".into() } else { text::span(behind + within) })
}

#[cfg(test)]
mod tests {
    use wire::Timestamp;
    use wire::kinesis::Record;

    use super::*;

    fn item(members: &[(&str, &str)]) -> BTreeMap<String, AttributeValue> {
        let value = |text: &str| AttributeValue { s: Some(text.into()), ..Default::default() };
        members.iter().map(|(name, text)| (name.to_string(), value(text))).collect()
    }

    #[test]
    fn leases_are_read() {
        let seen = lease(&item(&[("leaseKey", "shardId-1"), ("checkpoint", "49"), ("leaseOwner", "w")])).unwrap();
        assert_eq!((seen.shard.as_str(), seen.checkpoint.as_str(), seen.owner.as_str()), ("shardId-1", "49", "w"));
        let multi = lease(&item(&[("leaseKey", "1:orders:5:shardId-2"), ("checkpoint", "LATEST")])).unwrap();
        assert_eq!((multi.shard.as_str(), multi.owner.as_str()), ("shardId-2", "-"));
        assert_eq!(lease(&item(&[("leaseKey", "Migration3.0")])), None);
    }

    #[test]
    fn lags_are_exact_at_the_tip_and_bounds_before() {
        let page = |times: &[i64], behind| GetRecordsOutput {
            records: Some(
                times
                    .iter()
                    .map(|time| Record { approximate_arrival_timestamp: Some(Timestamp(*time)), ..Default::default() })
                    .collect(),
            ),
            millis_behind_latest: Some(behind),
            ..Default::default()
        };
        assert_eq!(measure(&page(&[], 0)), ("0".into(), "0 ms".into()));
        assert_eq!(measure(&page(&[1000, 1500], 0)), ("2".into(), "500 ms".into()));
        assert_eq!(measure(&page(&[1000, 1500], 2000)), (">2".into(), "2.5 s".into()));
    }
}
