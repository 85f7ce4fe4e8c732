//! One stream, as people read it or as JSON.

use wire::kinesis::{
    Consumer, DescribeStreamSummaryInput, DescribeStreamSummaryOutput, ListShardsOutput, ListStreamConsumersInput,
    ListStreamConsumersOutput, Shard, StreamDescriptionSummary,
};

use crate::cli::{Error, shards, text};
use crate::client::{CallError, Client, Service};

/// The settings of a stream.
pub(super) async fn summary(client: &Client, name: &str) -> Result<StreamDescriptionSummary, CallError> {
    let operation = "DescribeStreamSummary";
    let input = DescribeStreamSummaryInput { stream_name: Some(name.into()), ..Default::default() };
    let output: DescribeStreamSummaryOutput = client.call_patiently(Service::Kinesis, operation, &input).await?;
    output.stream_description_summary.ok_or(CallError::Shape { operation })
}

/// The registered consumers of a stream.
pub(in crate::cli) async fn consumers(client: &Client, arn: &str) -> Result<Vec<Consumer>, CallError> {
    let mut consumers = Vec::new();
    let mut next_token = None;
    loop {
        let input = ListStreamConsumersInput { stream_arn: Some(arn.into()), next_token, ..Default::default() };
        let page: ListStreamConsumersOutput =
            client.call_patiently(Service::Kinesis, "ListStreamConsumers", &input).await?;
        consumers.extend(page.consumers.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(consumers);
        }
    }
}

/// The ARN of a stream.
pub(in crate::cli) async fn arn(client: &Client, name: &str) -> Result<String, CallError> {
    Ok(summary(client, name).await?.stream_arn.unwrap_or_default())
}

pub(super) async fn run(client: &Client, name: &str, json: bool) -> Result<String, Error> {
    let summary = summary(client, name).await?;
    let shards = shards::list(client, name).await?;
    let consumers = consumers(client, summary.stream_arn.as_deref().unwrap_or_default()).await?;
    if json {
        let parts = [
            wire::json::encode(&DescribeStreamSummaryOutput { stream_description_summary: Some(summary) }),
            wire::json::encode(&ListShardsOutput { shards: Some(shards), ..Default::default() }),
            wire::json::encode(&ListStreamConsumersOutput { consumers: Some(consumers), ..Default::default() }),
        ];
        let mut all = serde_json::Map::new();
        for part in parts {
            if let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(&part) {
                all.extend(members);
            }
        }
        return Ok(format!("{}\n", serde_json::Value::Object(all)));
    }
    Ok(render(&summary, &shards, &consumers))
}

fn render(summary: &StreamDescriptionSummary, shards: &[Shard], consumers: &[Consumer]) -> String {
    let word = |value: &Option<String>| value.clone().unwrap_or_default();
    let mode = summary.stream_mode_details.as_ref().map(|mode| word(&mode.stream_mode)).unwrap_or_default();
    let open = shards.iter().filter(|shard| shards::is_open(shard)).count();
    let mut out = format!("{}  {}\n", word(&summary.stream_name), word(&summary.stream_status));
    out.push_str(&format!("  arn        {}\n", word(&summary.stream_arn)));
    out.push_str(&format!("  mode       {mode}\n"));
    out.push_str(&format!("  retention  {} h\n", summary.retention_period_hours.unwrap_or_default()));
    out.push_str(&format!("  encryption {}\n", summary.encryption_type.as_deref().unwrap_or("NONE")));
    out.push_str(&format!("  shards     {open} open, {} closed\n\n", shards.len() - open));
    let rows: Vec<_> = shards.iter().map(|shard| row(shard, shards)).collect();
    out.push_str(&text::table(
        &["SHARD", "STATE", "SHARE", "HASH KEYS (first 8 of 32 hex digits)", "PARENTS", "CHILDREN"],
        &rows,
    ));
    if !consumers.is_empty() {
        let rows: Vec<_> = consumers
            .iter()
            .map(|consumer| vec![word(&consumer.consumer_name), word(&consumer.consumer_status)])
            .collect();
        out.push('\n');
        out.push_str(&text::table(&["CONSUMER", "STATUS"], &rows));
    }
    out
}

fn row(shard: &Shard, all: &[Shard]) -> Vec<String> {
    let range = shards::range(shard.hash_key_range.as_ref());
    let share = ((range.end.0 - range.start.0) as f64 / u128::MAX as f64) * 100.0;
    let short = |id: &str| id.trim_start_matches("shardId-").trim_start_matches('0').to_string();
    let number = |id: &str| Some(short(id)).filter(|text| !text.is_empty()).unwrap_or_else(|| "0".into());
    let children = all.iter().filter(|other| shards::parents(other).any(|parent| parent == shards::id(shard)));
    let list = |ids: Vec<String>| if ids.is_empty() { "-".into() } else { ids.join(" ") };
    vec![
        shards::id(shard).into(),
        if shards::is_open(shard) { "open".into() } else { "closed".into() },
        format!("{share:.1} %"),
        format!("{:08x}..{:08x}", range.start.0 >> 96, range.end.0 >> 96),
        list(shards::parents(shard).map(number).collect()),
        list(children.map(|child| number(shards::id(child))).collect()),
    ]
}
