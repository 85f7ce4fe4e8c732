//! SubscribeToShard: records pushed to a registered consumer, as a stream of events.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use streams::{StreamsError, Subscription, SubscriptionEvent};
use types::ConsumerName;
use wire::event_stream::Event;
use wire::kinesis::SubscribeToShardInput;

use super::get_records::children;
use super::records;
use super::start_position::StartPosition;
use super::which_consumer::WhichConsumer;
use super::which_stream::shard_id;
use crate::api::Events;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::metrics::{Published, StreamMetrics};

pub(crate) async fn handle(app: &App, caller: &Caller, input: SubscribeToShardInput) -> Result<Events, ApiError> {
    let which = WhichConsumer { stream_arn: None, name: None, arn: input.consumer_arn.as_deref() };
    let (stream, consumer) = which.find(app, caller)?;
    let start = input.starting_position.unwrap_or_default();
    let position = StartPosition {
        operation: "SubscribeToShard",
        number_member: "SequenceNumber",
        kind: start.r#type.as_deref().unwrap_or_default(),
        number: start.sequence_number.as_deref(),
        timestamp: start.timestamp,
    };
    let shard = shard_id(&stream, input.shard_id.as_deref().unwrap_or_default())?;
    let position = position.read(&stream, shard)?;
    let arn = consumer.arn(&stream);
    if input.dry_run == Some(true) {
        app.streams.check_subscription(&arn, shard, position).await?;
        return Err(ApiError::dry_run());
    }
    let subscribed = app.streams.subscribe(&arn, shard, position).await;
    let metrics = app.metrics.stream(&stream);
    metrics.subscribed(consumer.name.as_str(), subscribed.as_ref().err().map(StreamsError::kind));
    let told = Told { subscription: subscribed?, metrics, consumer: consumer.name };
    Ok(Box::pin(stream::unfold(told, next)))
}

/// A subscription and where its events are counted.
struct Told {
    subscription: Subscription,
    metrics: Arc<StreamMetrics>,
    consumer: ConsumerName,
}

async fn next(mut told: Told) -> Option<(Event, Told)> {
    let event = match told.subscription.next().await? {
        Ok(event) => {
            let published = Published {
                records: event.records().len(),
                bytes: usize::try_from(event.bytes()).unwrap_or(usize::MAX),
                millis_behind_latest: event.millis_behind_latest,
            };
            told.metrics.event(told.consumer.as_str(), Ok(published));
            Event::Framed(event.encoded(frame))
        }
        Err(error) => {
            told.metrics.event(told.consumer.as_str(), Err(()));
            exception(error)
        }
    };
    Some((event, told))
}

/// The frame that all subscribers get who are told the same.
fn frame(event: &SubscriptionEvent) -> Bytes {
    let shape = records::Event {
        records: event.records(),
        continuation: event.continuation,
        millis_behind_latest: i64::try_from(event.millis_behind_latest).unwrap_or(i64::MAX),
        children: children(&event.children),
    };
    Event::data("SubscribeToShardEvent", &shape).frame()
}

/// Of the errors that can end a subscription, those that the model names; all else is our fault.
fn exception(error: StreamsError) -> Event {
    let ApiError { code, message, .. } = error.into();
    let code = match code {
        "ResourceNotFoundException" | "ResourceInUseException" => code,
        code if code.starts_with("KMS") => code,
        _ => "InternalFailureException",
    };
    Event::Exception { code, message }
}
