//! Firehose (`Firehose_20150804`): one file for each operation. `destination.rs` reads the part of CreateDeliveryStream
//! that is long.

pub(crate) mod create_delivery_stream;
pub(crate) mod delete_delivery_stream;
pub(crate) mod describe_delivery_stream;
mod destination;
pub(crate) mod list_delivery_streams;
pub(crate) mod put_record;
pub(crate) mod put_record_batch;

use bytes::Bytes;
use delivery::{DeliveryError, SourceConfig};
use types::DeliveryStreamName;

use crate::error::ApiError;

crate::api::operations! {
    CreateDeliveryStream => create_delivery_stream,
    DeleteDeliveryStream => delete_delivery_stream,
    DescribeDeliveryStream => describe_delivery_stream,
    ListDeliveryStreams => list_delivery_streams,
    PutRecord => put_record,
    PutRecordBatch => put_record_batch,
}

/// InvalidArgumentException.
fn invalid(message: impl Into<String>) -> ApiError {
    DeliveryError::Invalid(message.into()).into()
}

fn name(text: Option<&str>) -> Result<DeliveryStreamName, ApiError> {
    DeliveryStreamName::parse(text.unwrap_or_default()).map_err(|error| invalid(error.to_string()))
}

fn data(record: wire::firehose::Record) -> Bytes {
    record.data.unwrap_or_default().0
}

/// The model's word for a source (`DeliveryStreamType`).
fn source_type(source: &SourceConfig) -> &'static str {
    match source {
        SourceConfig::DirectPut { .. } => "DirectPut",
        SourceConfig::Stream { .. } => "KinesisStreamAsSource",
    }
}

#[cfg(test)]
mod tests;
