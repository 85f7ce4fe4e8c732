//! What tags and policies can be attached to: a stream, a consumer or a queue, named by its ARN.

use serde::{Deserialize, Serialize};
use types::{Arn, ConsumerArn, ConsumerName, QueueName, ResourceType, Scope, StreamName};

use crate::StreamsError;

/// A resource of Data Streams in some scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A stream.
    Stream(StreamName),
    /// A consumer.
    Consumer {
        /// Its stream.
        stream: StreamName,
        /// Its name.
        name: ConsumerName,
        /// Which registration of the name.
        created_seconds: u64,
    },
    /// A queue.
    Queue(QueueName),
}

impl Resource {
    /// Reads the ARN of a stream, consumer or queue.
    ///
    /// # Errors
    /// [`StreamsError::Invalid`] for any other text.
    pub fn parse(text: &str) -> Result<(Scope, Self), StreamsError> {
        if let Ok(arn) = ConsumerArn::parse(text) {
            let resource = Self::Consumer { stream: arn.stream, name: arn.name, created_seconds: arn.created_seconds };
            return Ok((arn.scope, resource));
        }
        let invalid = || StreamsError::Invalid(format!("{text} is not the ARN of a stream, consumer or queue."));
        let arn = Arn::parse(text).map_err(|_| invalid())?;
        match arn.resource_type {
            ResourceType::Stream => {
                let name = StreamName::parse(&arn.name).map_err(|_| invalid())?;
                Ok((arn.scope, Self::Stream(name)))
            }
            ResourceType::Queue => {
                let name = QueueName::parse(&arn.name).map_err(|_| invalid())?;
                Ok((arn.scope, Self::Queue(name)))
            }
            _ => Err(invalid()),
        }
    }
}
