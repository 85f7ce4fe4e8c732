//! DescribeDeliveryStream: the configuration as it was given, defaults filled in.

use delivery::{Compression, DeliveryStream, Destination, Processing, SourceConfig};
use wire::Timestamp;
use wire::firehose::{
    BufferingHints, CloudWatchLoggingOptions, DeliveryStreamDescription, DeliveryStreamEncryptionConfiguration,
    DescribeDeliveryStreamInput, DescribeDeliveryStreamOutput, DestinationDescription, DirectPutSourceDescription,
    EncryptionConfiguration, ExtendedS3DestinationDescription, KinesisStreamSourceDescription, ProcessingConfiguration,
    Processor, ProcessorParameter, S3DestinationDescription, SourceDescription,
};

use super::{name, source_type};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeDeliveryStreamInput,
) -> Result<DescribeDeliveryStreamOutput, ApiError> {
    let stream = app.delivery.describe(&caller.scope, &name(input.delivery_stream_name.as_deref())?)?;
    let after = input.exclusive_start_destination_id.unwrap_or_default();
    let mut described = describe(&stream);
    if after.as_str() >= DeliveryStream::DESTINATION_ID {
        described.destinations = Some(vec![]);
    }
    Ok(DescribeDeliveryStreamOutput { delivery_stream_description: Some(described) })
}

fn describe(stream: &DeliveryStream) -> DeliveryStreamDescription {
    let encryption = DeliveryStreamEncryptionConfiguration { status: Some("DISABLED".into()), ..Default::default() };
    let extended = extended(&stream.destination);
    let destination = DestinationDescription {
        destination_id: Some(DeliveryStream::DESTINATION_ID.into()),
        s3_destination_description: Some(legacy(&extended)),
        extended_s3_destination_description: Some(extended),
        ..Default::default()
    };
    DeliveryStreamDescription {
        create_timestamp: Some(timestamp(stream.created)),
        delivery_stream_arn: Some(stream.arn().to_string()),
        delivery_stream_encryption_configuration: Some(encryption),
        delivery_stream_name: Some(stream.name.to_string()),
        delivery_stream_status: Some("ACTIVE".into()),
        delivery_stream_type: Some(source_type(&stream.source).into()),
        destinations: Some(vec![destination]),
        failure_description: None,
        has_more_destinations: Some(false),
        last_update_timestamp: None,
        source: source(stream),
        version_id: Some(DeliveryStream::VERSION.into()),
    }
}

/// DirectPut has a source only when it was given a hint.
fn source(stream: &DeliveryStream) -> Option<SourceDescription> {
    match &stream.source {
        SourceConfig::DirectPut { throughput_hint_mb } => throughput_hint_mb.map(|hint| SourceDescription {
            direct_put_source_description: Some(DirectPutSourceDescription {
                throughput_hint_in_mbs: i32::try_from(hint).ok(),
            }),
            ..Default::default()
        }),
        SourceConfig::Stream { role_arn, .. } => Some(SourceDescription {
            kinesis_stream_source_description: Some(KinesisStreamSourceDescription {
                delivery_start_timestamp: Some(timestamp(stream.created)),
                kinesis_stream_arn: stream.source.stream_arn().map(|arn| arn.to_string()),
                role_arn: Some(role_arn.clone()),
            }),
            ..Default::default()
        }),
    }
}

fn extended(destination: &Destination) -> ExtendedS3DestinationDescription {
    let buffering = destination.buffering;
    let logging = destination.logging.clone().unwrap_or_default();
    let compression = match destination.compression {
        Compression::Uncompressed => "UNCOMPRESSED",
        Compression::Gzip => "GZIP",
        // Only channels can have it.
        Compression::Zstd => "ZSTD",
    };
    ExtendedS3DestinationDescription {
        bucket_arn: Some(destination.bucket_arn.clone()),
        buffering_hints: Some(BufferingHints {
            interval_in_seconds: i32::try_from(buffering.interval_seconds).ok(),
            size_in_mbs: i32::try_from(buffering.size_mb).ok(),
        }),
        cloud_watch_logging_options: Some(CloudWatchLoggingOptions {
            enabled: Some(logging.enabled),
            log_group_name: logging.group,
            log_stream_name: logging.stream,
        }),
        compression_format: Some(compression.into()),
        custom_time_zone: Some(destination.time_zone.clone().unwrap_or_else(|| "UTC".into())),
        encryption_configuration: Some(EncryptionConfiguration {
            kms_encryption_config: None,
            no_encryption_config: Some("NoEncryption".into()),
        }),
        error_output_prefix: destination.error_prefix.clone(),
        file_extension: destination.file_extension.clone(),
        prefix: destination.prefix.clone(),
        processing_configuration: destination.processing.as_ref().map(processing),
        role_arn: Some(destination.role_arn.clone()),
        s3_backup_mode: Some("Disabled".into()),
        ..Default::default()
    }
}

/// AWS describes an extended destination a second time, in the legacy form.
fn legacy(extended: &ExtendedS3DestinationDescription) -> S3DestinationDescription {
    S3DestinationDescription {
        bucket_arn: extended.bucket_arn.clone(),
        buffering_hints: extended.buffering_hints.clone(),
        cloud_watch_logging_options: extended.cloud_watch_logging_options.clone(),
        compression_format: extended.compression_format.clone(),
        encryption_configuration: extended.encryption_configuration.clone(),
        error_output_prefix: extended.error_output_prefix.clone(),
        prefix: extended.prefix.clone(),
        role_arn: extended.role_arn.clone(),
    }
}

fn processing(processing: &Processing) -> ProcessingConfiguration {
    let processors = processing.append_delimiter.iter().map(|append| Processor {
        r#type: Some("AppendDelimiterToRecord".into()),
        parameters: append.delimiter.clone().map(|delimiter| {
            vec![ProcessorParameter { parameter_name: Some("Delimiter".into()), parameter_value: Some(delimiter) }]
        }),
    });
    ProcessingConfiguration { enabled: Some(processing.enabled), processors: Some(processors.collect()) }
}

fn timestamp(time: types::Timestamp) -> Timestamp {
    Timestamp(i64::try_from(time.0).unwrap_or(i64::MAX))
}
