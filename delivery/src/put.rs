//! PutRecord and PutRecordBatch: durable in the buffer before the answer.

use bytes::Bytes;
use types::{DeliveryStreamName, Kind, Scope, limits, new_uuid};

use crate::config::SourceConfig;
use crate::error::DeliveryError;
use crate::service::Delivery;

/// The id of a put record: unique, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordId(String);

impl RecordId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<RecordId> for String {
    fn from(id: RecordId) -> Self {
        id.0
    }
}

impl Delivery {
    /// Puts records; answers with an id for each, in request order, when all are durable. All are taken or none.
    pub async fn put(
        &self,
        scope: &Scope,
        name: &DeliveryStreamName,
        records: Vec<Bytes>,
    ) -> Result<Vec<RecordId>, DeliveryError> {
        let stream = self.describe(scope, name)?;
        if let SourceConfig::Stream { .. } = stream.source {
            let message = "This operation is not permitted on KinesisStreamAsSource delivery stream type.";
            return Err(DeliveryError::Invalid(message.into()));
        }
        check_sizes(&records)?;
        if self.is_stopping() {
            return Err(DeliveryError::Stopping);
        }
        let count = records.len();
        let bytes: usize = records.iter().map(Bytes::len).sum();
        if let Err(error) = self.parts.streams.buffer_append(stream.buffer, records).await {
            return Err(match error.kind() {
                // Deleted between the look and the append.
                Kind::NotFound => DeliveryError::NotFound { scope: scope.clone(), name: name.clone() },
                _ => error.into(),
            });
        }
        if let Some(meter) = self.meter(&stream) {
            meter.took(count as u64, bytes as u64);
        }
        let batch = new_uuid(&*self.parts.random);
        Ok((0..count).map(|index| RecordId(format!("{}{index:04x}", batch.simple()))).collect())
    }
}

fn check_sizes(records: &[Bytes]) -> Result<(), DeliveryError> {
    let invalid = |message: String| Err(DeliveryError::Invalid(message));
    if records.is_empty() || records.len() > limits::DELIVERY_BATCH_COUNT_MAX {
        return invalid(format!("A batch has 1 to {} records.", limits::DELIVERY_BATCH_COUNT_MAX));
    }
    if records.iter().any(|record| record.len() > limits::DELIVERY_RECORD_BYTES_MAX) {
        return invalid(format!("Record size exceeds {} bytes limit", limits::DELIVERY_RECORD_BYTES_MAX));
    }
    if records.iter().map(Bytes::len).sum::<usize>() > limits::DELIVERY_BATCH_BYTES_MAX {
        return invalid("Records size exceeds 4 MB limit".into());
    }
    Ok(())
}
