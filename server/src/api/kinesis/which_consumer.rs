//! How a request names its consumer: by ARN, by its stream's ARN and its name, or by both if they agree.

use std::sync::Arc;

use streams::{Consumer, Stream};
use types::{ConsumerArn, ConsumerName};

use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// The members of a request that name a consumer.
pub(super) struct WhichConsumer<'a> {
    pub(super) stream_arn: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) arn: Option<&'a str>,
}

impl WhichConsumer<'_> {
    /// The consumer and its stream, if the caller may use it.
    pub(super) fn find(&self, app: &App, caller: &Caller) -> Result<(Arc<Stream>, Consumer), ApiError> {
        let found = match (self.arn, self.stream_arn, self.name) {
            (Some(arn), _, _) => by_arn(app, caller, arn)?,
            (None, Some(stream), Some(name)) => {
                let stream = find(app, caller, None, Some(stream))?;
                let not_found = || ApiError::not_found(format!("Consumer {name}, Stream {} not found.", stream.arn()));
                let found = ConsumerName::parse(name).ok().and_then(|name| stream.consumers.get(&name)).cloned();
                let found = found.ok_or_else(not_found)?;
                (stream, found)
            }
            _ => {
                let message = "Either ConsumerARN, or both StreamARN and ConsumerName must be given.";
                return Err(ApiError::invalid_argument(message));
            }
        };
        let (stream, consumer) = &found;
        let contradicted = self.stream_arn.is_some_and(|arn| arn != stream.arn().to_string())
            || self.name.is_some_and(|name| name != consumer.name.as_str());
        if contradicted {
            return Err(ApiError::invalid_argument(
                "ConsumerARN names another consumer than StreamARN and ConsumerName.",
            ));
        }
        Ok(found)
    }
}

/// The consumer of an ARN and its stream.
pub(super) fn by_arn(app: &App, caller: &Caller, text: &str) -> Result<(Arc<Stream>, Consumer), ApiError> {
    let arn = ConsumerArn::parse(text).map_err(|error| ApiError::invalid_argument(error.to_string()))?;
    // Policies are asked about the ARN that we write, so that no other spelling of it slips past one.
    let canonical = arn.to_string();
    match app.streams.consumer(&arn) {
        Ok((stream, consumer)) => {
            caller.authorize(&canonical, &stream.scope.account, consumer.policy.as_deref())?;
            app.streams.admit_stream(&stream, caller.action.operation())?;
            Ok((stream, consumer))
        }
        // Who may not use it does not hear whether it exists.
        Err(error) => {
            caller.authorize(&canonical, &arn.scope.account, None)?;
            Err(error.into())
        }
    }
}
