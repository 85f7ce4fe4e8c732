//! The operations: a folder for each service, a file for each operation.
//!
//! Owns: turning a wire shape into one domain call and its answer into a wire shape. Refuses: rules of the services
//! (they are in `streams`, `delivery`, `analytics`, `companions`), protocols (`wire::Codec`) and HTTP. Read `kinesis/describe_stream_summary.rs` as the pattern.
//!
//! # How to add an operation, say `kinesis:DescribeLimits`
//! 1. Add `"DescribeLimits"` to the table in `xtask/src/codegen/mod.rs` and run `cargo xtask codegen`.
//! 2. Write `api/kinesis/describe_limits.rs`:
//!    ```ignore
//!    pub(crate) async fn handle(app: &App, caller: &Caller, _: DescribeLimitsInput) -> Result<DescribeLimitsOutput, ApiError> {
//!        let open = app.streams.open_shards_of(&caller.scope.account);
//!        Ok(DescribeLimitsOutput { open_shard_count: Some(to_count(open)), ..Default::default() })
//!    }
//!    ```
//!    The input is decoded and validated already: what the model requires is `Some`. An operation whose model has no
//!    output shape returns `Result<(), ApiError>`; its answer has an empty body.
//! 3. Add the line `DescribeLimits => describe_limits,` to `operations!` in `api/kinesis/mod.rs`, and
//!    `mod describe_limits;`. A test compares that list with what is generated.
//!
//! An operation that answers with a stream of events is listed as `SubscribeToShard => subscribe_to_shard as events,`
//! and its `handle` returns `Result<Events, ApiError>`: an error before the first event is a plain error answer.

pub(crate) mod analytics;
pub(crate) mod cloudwatch;
pub(crate) mod dynamodb;
pub(crate) mod firehose;
pub(crate) mod kinesis;
pub(crate) mod sts;

use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use wire::event_stream::{self, Event};
use wire::{Check, Codec, Decode, Encode};

use crate::error::ApiError;

/// What a subscription tells, until it ends. Polled only as fast as the client reads, so it need not bound itself.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// The body of a successful answer.
pub(crate) enum Reply {
    /// All of it, in the request's format.
    Whole(Vec<u8>),
    /// Frames of an event stream, as they come.
    Frames(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

#[cfg(test)]
impl Reply {
    /// The body of an answer that must be whole.
    pub(crate) fn into_whole(self) -> Vec<u8> {
        match self {
            Self::Whole(body) => body,
            Self::Frames(_) => panic!("the answer is a stream"),
        }
    }
}

/// Lists the operations of a service, `Operation => module_with_handle,`, and makes from the list what dispatch calls:
/// `call(app, caller, operation, codec, body)`, which decodes, validates, handles and encodes, and `OPERATIONS`, their
/// names. `Operation => module as events,` is for a handler that returns [`Events`], `as puts` for the two whose `read`
/// takes the body in one pass.
macro_rules! operations {
    ($($operation:ident => $module:ident $(as $kind:ident)?,)*) => {
        /// The operations that [`call`] answers, in order of name.
        #[cfg(test)]
        pub(crate) const OPERATIONS: &[&str] = &[$(stringify!($operation)),*];

        /// The body of the answer to one request.
        pub(crate) async fn call(
            app: &crate::app::App,
            caller: &crate::auth::Caller,
            operation: &str,
            codec: wire::Codec,
            body: &bytes::Bytes,
        ) -> Result<crate::api::Reply, crate::error::ApiError> {
            match operation {
                $(stringify!($operation) => {
                    let input = crate::api::read!(codec, body, $module $(, $kind)?);
                    let output = crate::api::awaited!($module::handle(app, caller, input) $(, $kind)?)?;
                    Ok(crate::api::reply!(codec, output $(, $kind)?))
                })*
                _ => Err(crate::error::ApiError::unknown_operation()),
            }
        }
    };
}
pub(crate) use operations;

/// What a handler takes; `as puts` reads the body itself.
macro_rules! read {
    ($codec:ident, $body:ident, $module:ident, puts) => {
        $module::read($codec, $body)?
    };
    ($codec:ident, $body:ident, $module:ident $(, events)?) => {
        crate::api::input($codec, $body)?
    };
}
pub(crate) use read;

/// Waits for a handler. Each has a place of its own on the heap, or every call would be as large as the largest of all
/// handlers, some kilobytes that are moved more than once; puts are small and too many for that.
macro_rules! awaited {
    ($call:expr, puts) => {
        $call.await
    };
    ($call:expr $(, events)?) => {
        Box::pin($call).await
    };
}
pub(crate) use awaited;

/// What a handler returned, as a [`Reply`].
macro_rules! reply {
    ($codec:ident, $output:ident $(, puts)?) => {
        crate::api::whole($codec, &$output)
    };
    ($codec:ident, $output:ident, events) => {
        crate::api::frames($output)
    };
}
pub(crate) use reply;

/// The input of an operation, with its constraints checked.
fn input<T: Decode + Check>(codec: Codec, body: &[u8]) -> Result<T, ApiError> {
    let input = codec.decode(body)?;
    wire::validate(&input).map_err(ApiError::validation)?;
    Ok(input)
}

/// The answer that is over at once; empty for `()`.
fn whole<T: Encode>(codec: Codec, output: &T) -> Reply {
    Reply::Whole(codec.encode(output))
}

/// The answer that goes on: the frame that every stream begins with, then a frame for each event.
fn frames(events: Events) -> Reply {
    let first = stream::once(std::future::ready(event_stream::initial_response()));
    Reply::Frames(Box::pin(first.chain(events.map(|event| event.frame()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_of_events_begins_with_the_initial_response() {
        let end = Event::Exception { code: "ResourceInUseException", message: "taken over".into() };
        let Reply::Frames(frames) = frames(Box::pin(stream::iter([end.clone()]))) else { panic!("not a stream") };
        let frames: Vec<Bytes> = frames.collect().await;
        assert_eq!(frames, [event_stream::initial_response(), end.frame()]);
    }

    #[test]
    fn what_is_generated_is_served() {
        assert_eq!(super::analytics::OPERATIONS, wire::analytics::BUILT);
        assert_eq!(super::cloudwatch::OPERATIONS, wire::cloudwatch::BUILT);
        assert_eq!(super::dynamodb::OPERATIONS, wire::dynamodb::BUILT);
        assert_eq!(super::firehose::OPERATIONS, wire::firehose::BUILT);
        assert_eq!(super::kinesis::OPERATIONS, wire::kinesis::BUILT);
        assert_eq!(super::sts::OPERATIONS, wire::sts::BUILT);
    }
}
