//! Channels as answers show them.

use delivery::{Channel, ChannelStream, Compression, DeadLetterOutput, Logging, RecordFormat, StorageClass};
use types::{Arn, ResourceType};
use wire::Timestamp;
use wire::kinesis::{
    ChannelDescription, ChannelLoggingConfiguration, ChannelStreamDescription, ChannelStreamIdentifier, ChannelSummary,
    CloudWatchLogs, DeadLetterQueueS3Configuration, RecordConfiguration, S3DestinationDescription,
    S3StorageConfiguration,
};

/// A channel works from its creation to its deletion; the model's other states pass in no time.
const STATUS: &str = "ACTIVE";

pub(super) fn description(channel: &Channel) -> ChannelDescription {
    ChannelDescription {
        channel_name: Some(channel.name.to_string()),
        channel_arn: Some(channel.arn().to_string()),
        channel_id: Some(channel.id.clone()),
        channel_status: Some(STATUS.into()),
        channel_creation_timestamp: Some(time(channel.created)),
        service_execution_role_arn: Some(channel.role_arn.clone()),
        stream_configuration_list: Some(channel.streams.iter().map(|read| stream(channel, read)).collect()),
        s3_destination_configuration: Some(destination(channel)),
        logging_configuration: Some(logging(&channel.logging)),
        ..Default::default()
    }
}

pub(super) fn summary(channel: &Channel) -> ChannelSummary {
    let identifier = |read: &ChannelStream| ChannelStreamIdentifier {
        stream_arn: Some(stream_arn(channel, read)),
        stream_creation_timestamp: Some(time(read.created)),
    };
    ChannelSummary {
        channel_name: Some(channel.name.to_string()),
        channel_arn: Some(channel.arn().to_string()),
        channel_id: Some(channel.id.clone()),
        channel_status: Some(STATUS.into()),
        channel_creation_timestamp: Some(time(channel.created)),
        channel_destination_type: Some("S3".into()),
        streams: Some(channel.streams.iter().map(identifier).collect()),
        channel_status_reason: None,
    }
}

/// In whole seconds, as the streams themselves show their creation.
fn time(time: types::Timestamp) -> Timestamp {
    Timestamp((time.seconds() * 1000) as i64)
}

fn stream_arn(channel: &Channel, stream: &ChannelStream) -> String {
    Arn::new(&channel.scope, ResourceType::Stream, stream.name.as_str()).to_string()
}

fn stream(channel: &Channel, stream: &ChannelStream) -> ChannelStreamDescription {
    let format = match stream.format {
        RecordFormat::Json => "JSON",
        RecordFormat::String => "STRING",
        RecordFormat::ByteArray => "BYTE_ARRAY",
    };
    ChannelStreamDescription {
        stream_arn: Some(stream_arn(channel, stream)),
        stream_creation_timestamp: Some(time(stream.created)),
        record_configuration: Some(RecordConfiguration {
            record_format_type: Some(format.into()),
            gsr_schema_arn: None,
        }),
    }
}

fn destination(channel: &Channel) -> S3DestinationDescription {
    let output = &channel.output;
    let compression = match output.compression {
        Compression::Uncompressed => "NONE",
        Compression::Gzip => "GZIP",
        Compression::Zstd => "ZSTD",
    };
    let class = match output.storage_class.unwrap_or(StorageClass::Standard) {
        StorageClass::Standard => "STANDARD",
        StorageClass::IntelligentTiering => "INTELLIGENT_TIERING",
        StorageClass::GlacierIr => "GLACIER_IR",
    };
    let DeadLetterOutput { bucket_arn, bucket_owner, prefix } = output.dead_letter_output();
    S3DestinationDescription {
        data_freshness_in_seconds: i32::try_from(channel.freshness_seconds).ok(),
        dead_letter_queue_s3_configuration: Some(DeadLetterQueueS3Configuration {
            bucket_arn: Some(bucket_arn),
            error_output_prefix: prefix,
            expected_bucket_owner: Some(bucket_owner),
        }),
        storage_configuration: Some(S3StorageConfiguration {
            bucket_arn: Some(output.bucket_arn.clone()),
            compression_type: Some(compression.into()),
            expected_bucket_owner: Some(output.bucket_owner.clone()),
            output_key_template: output.key_template.clone(),
            storage_class: Some(class.into()),
        }),
    }
}

fn logging(logging: &Logging) -> ChannelLoggingConfiguration {
    ChannelLoggingConfiguration {
        cloud_watch_logs: Some(CloudWatchLogs {
            enabled: Some(logging.enabled),
            log_group_name: logging.group.clone(),
            log_stream_name: logging.stream.clone(),
        }),
    }
}
