//! `thalweg stream`: list, create, describe, reshard and remove streams, here or on AWS.
//! Read `describe.rs` for what a stream looks like to people.

mod describe;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use types::{Clock, SystemClock};
use wire::kinesis::{
    CreateStreamInput, DeleteStreamInput, ListStreamsInput, ListStreamsOutput, StreamModeDetails,
    UpdateShardCountInput, UpdateShardCountOutput,
};

use super::connect::{ConnectArgs, block_on};
use super::{Error, out, text};
use crate::client::{Client, Service};

pub(super) use describe::{arn, consumers};

/// Between two looks at a stream that changes; DescribeStreamSummary may be called 20 times a second.
const POLL_PAUSE: Duration = Duration::from_millis(250);
/// A reshard of many shards takes AWS up to half an hour.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Flags of `stream`.
#[derive(Debug, Args)]
pub(crate) struct StreamArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the streams
    Ls {
        /// One JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connect: ConnectArgs,
    },
    /// Create a stream
    Create {
        name: String,
        /// How many shards it begins with
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
        shards: i32,
        /// Let the service choose the number of shards
        #[arg(long, conflicts_with = "shards")]
        on_demand: bool,
        /// Return when it can be used
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        connect: ConnectArgs,
    },
    /// Show a stream: settings, shards with their ranges and lineage, consumers
    Describe {
        name: String,
        /// One JSON object with the members that the API uses
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connect: ConnectArgs,
    },
    /// Split or merge shards until there are N of equal ranges
    Reshard {
        name: String,
        /// How many open shards there will be
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        shards: i32,
        /// Return when it is done
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        connect: ConnectArgs,
    },
    /// Delete a stream and all its records
    Rm {
        name: String,
        /// Even if consumers are registered
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        connect: ConnectArgs,
    },
}

pub(super) fn run(args: &StreamArgs) -> Result<ExitCode, Error> {
    block_on(|stop| async move {
        tokio::select! {
            done = act(&args.verb) => done.map(|()| ExitCode::SUCCESS),
            // What was asked for goes on in the service; only the waiting ends.
            () = stop.asked() => Ok(ExitCode::from(130)),
        }
    })
}

async fn act(verb: &Verb) -> Result<(), Error> {
    match verb {
        Verb::Ls { json, connect } => list(&connect.client().await?, *json).await,
        Verb::Create { name, shards, on_demand, wait, connect } => {
            let client = connect.client().await?;
            let mode = StreamModeDetails { stream_mode: Some("ON_DEMAND".into()) };
            let input = CreateStreamInput {
                stream_name: Some(name.clone()),
                shard_count: (!on_demand).then_some(*shards),
                stream_mode_details: on_demand.then_some(mode),
                ..Default::default()
            };
            client.run(Service::Kinesis, "CreateStream", &input).await?;
            if *wait { until_active(&client, name).await } else { Ok(()) }
        }
        Verb::Describe { name, json, connect } => {
            let text = describe::run(&connect.client().await?, name, *json).await?;
            out(&text);
            Ok(())
        }
        Verb::Reshard { name, shards, wait, connect } => {
            let client = connect.client().await?;
            let input = UpdateShardCountInput {
                stream_name: Some(name.clone()),
                target_shard_count: Some(*shards),
                scaling_type: Some("UNIFORM_SCALING".into()),
                ..Default::default()
            };
            let _: UpdateShardCountOutput = client.call(Service::Kinesis, "UpdateShardCount", &input).await?;
            if *wait { until_active(&client, name).await } else { Ok(()) }
        }
        Verb::Rm { name, force, connect } => {
            let enforce_consumer_deletion = force.then_some(true);
            let input =
                DeleteStreamInput { stream_name: Some(name.clone()), enforce_consumer_deletion, ..Default::default() };
            Ok(connect.client().await?.run(Service::Kinesis, "DeleteStream", &input).await?)
        }
    }
}

async fn list(client: &Client, json: bool) -> Result<(), Error> {
    let mut summaries = Vec::new();
    let mut names = Vec::new();
    let mut input = ListStreamsInput::default();
    loop {
        let page: ListStreamsOutput = client.call_patiently(Service::Kinesis, "ListStreams", &input).await?;
        let more = page.has_more_streams == Some(true);
        names.extend(page.stream_names.unwrap_or_default());
        summaries.extend(page.stream_summaries.unwrap_or_default());
        if !more {
            break;
        }
        input.next_token = page.next_token;
        input.exclusive_start_stream_name = names.last().filter(|_| input.next_token.is_none()).cloned();
    }
    if json {
        let all = ListStreamsOutput {
            has_more_streams: Some(false),
            stream_names: Some(names),
            stream_summaries: Some(summaries),
            ..Default::default()
        };
        out(&format!("{}\n", String::from_utf8_lossy(&wire::json::encode(&all))));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = names
        .into_iter()
        .map(|name| {
            let summary = summaries.iter().find(|summary| summary.stream_name.as_ref() == Some(&name));
            let status = summary.and_then(|summary| summary.stream_status.clone()).unwrap_or_default();
            let mode = summary.and_then(|summary| summary.stream_mode_details.as_ref());
            vec![name, status, mode.and_then(|mode| mode.stream_mode.clone()).unwrap_or_default()]
        })
        .collect();
    if rows.is_empty() {
        eprintln!("no streams at {}; make one with: thalweg stream create NAME", client.url());
        return Ok(());
    }
    out(&text::table(&["NAME", "STATUS", "MODE"], &rows));
    Ok(())
}

async fn until_active(client: &Client, name: &str) -> Result<(), Error> {
    let started = SystemClock.now();
    loop {
        let status = describe::summary(client, name).await?.stream_status.unwrap_or_default();
        match status.as_str() {
            "ACTIVE" => return Ok(()),
            "DELETING" => return Err(Error::Command(format!("stream {name} is being deleted"))),
            _ if SystemClock.now().since(started) > WAIT_MAX => {
                return Err(Error::Command(format!("stream {name} still is {status}; look again later")));
            }
            _ => SystemClock.sleep(POLL_PAUSE).await,
        }
    }
}
