//! Destinations of CreateDeliveryStream: the extended and the legacy form of S3, and a refusal for everything else.

use delivery::{AppendDelimiter, BufferingHints, Compression, Destination, Logging, Processing};
use wire::firehose::{
    self, CloudWatchLoggingOptions, CreateDeliveryStreamInput, ExtendedS3DestinationConfiguration,
    ProcessingConfiguration, Processor, S3DestinationConfiguration,
};

use super::invalid;
use crate::error::ApiError;

/// The one destination of the request.
pub(super) fn read(input: CreateDeliveryStreamInput) -> Result<Destination, ApiError> {
    let others = [
        ("Redshift", input.redshift_destination_configuration.is_some()),
        ("Elasticsearch", input.elasticsearch_destination_configuration.is_some()),
        ("OpenSearch", input.amazonopensearchservice_destination_configuration.is_some()),
        ("OpenSearch Serverless", input.amazon_open_search_serverless_destination_configuration.is_some()),
        ("Splunk", input.splunk_destination_configuration.is_some()),
        ("HTTP endpoint", input.http_endpoint_destination_configuration.is_some()),
        ("Snowflake", input.snowflake_destination_configuration.is_some()),
        ("Iceberg", input.iceberg_destination_configuration.is_some()),
    ];
    if let Some((other, _)) = others.into_iter().find(|(_, given)| *given) {
        return Err(invalid(format!("{other} destinations are not supported.")));
    }
    match (input.extended_s3_destination_configuration, input.s3_destination_configuration) {
        (Some(extended), None) => read_extended(extended),
        (None, Some(plain)) => read_extended(extended_form(plain)),
        _ => Err(invalid("Exactly one destination configuration is supported for a Firehose")),
    }
}

/// The legacy form has fewer members and no other meaning.
fn extended_form(plain: S3DestinationConfiguration) -> ExtendedS3DestinationConfiguration {
    ExtendedS3DestinationConfiguration {
        bucket_arn: plain.bucket_arn,
        buffering_hints: plain.buffering_hints,
        cloud_watch_logging_options: plain.cloud_watch_logging_options,
        compression_format: plain.compression_format,
        encryption_configuration: plain.encryption_configuration,
        error_output_prefix: plain.error_output_prefix,
        prefix: plain.prefix,
        role_arn: plain.role_arn,
        ..Default::default()
    }
}

fn read_extended(config: ExtendedS3DestinationConfiguration) -> Result<Destination, ApiError> {
    refuse_unbuilt(&config)?;
    Ok(Destination {
        role_arn: config.role_arn.unwrap_or_default(),
        bucket_arn: config.bucket_arn.unwrap_or_default(),
        prefix: config.prefix,
        error_prefix: config.error_output_prefix,
        buffering: buffering(config.buffering_hints)?,
        compression: compression(config.compression_format.as_deref())?,
        file_extension: config.file_extension,
        time_zone: config.custom_time_zone,
        logging: config.cloud_watch_logging_options.map(logging),
        processing: config.processing_configuration.map(processing).transpose()?,
    })
}

fn refuse_unbuilt(config: &ExtendedS3DestinationConfiguration) -> Result<(), ApiError> {
    let conversion = config.data_format_conversion_configuration.as_ref();
    let partitioning = config.dynamic_partitioning_configuration.as_ref();
    let encryption = config.encryption_configuration.as_ref();
    let backs_up = config.s3_backup_mode.as_deref() == Some("Enabled") || config.s3_backup_configuration.is_some();
    let unbuilt = [
        // A conversion is on unless it says that it is off.
        ("Data format conversion", conversion.is_some_and(|conversion| conversion.enabled != Some(false))),
        ("Dynamic partitioning", partitioning.is_some_and(|partitioning| partitioning.enabled == Some(true))),
        ("KMS encryption", encryption.is_some_and(|encryption| encryption.kms_encryption_config.is_some())),
        ("S3 backup", backs_up),
    ];
    match unbuilt.into_iter().find(|(_, asked)| *asked) {
        Some((feature, _)) => Err(invalid(format!("{feature} is not supported."))),
        None => Ok(()),
    }
}

fn buffering(hints: Option<firehose::BufferingHints>) -> Result<BufferingHints, ApiError> {
    let positive = |number: i32| u32::try_from(number).unwrap_or(u32::MAX);
    match hints.map(|hints| (hints.size_in_mbs, hints.interval_in_seconds)) {
        None | Some((None, None)) => Ok(BufferingHints::default()),
        Some((Some(size), Some(interval))) => {
            Ok(BufferingHints { size_mb: positive(size), interval_seconds: positive(interval) })
        }
        Some(_) => Err(invalid("BufferingHints needs SizeInMBs and IntervalInSeconds together.")),
    }
}

fn compression(format: Option<&str>) -> Result<Compression, ApiError> {
    match format {
        None | Some("UNCOMPRESSED") => Ok(Compression::Uncompressed),
        Some("GZIP") => Ok(Compression::Gzip),
        Some(other) => Err(invalid(format!("Compression format {other} is not supported."))),
    }
}

fn logging(options: CloudWatchLoggingOptions) -> Logging {
    Logging {
        enabled: options.enabled.unwrap_or_default(),
        group: options.log_group_name,
        stream: options.log_stream_name,
    }
}

fn processing(config: ProcessingConfiguration) -> Result<Processing, ApiError> {
    let mut append_delimiter = None;
    for processor in config.processors.unwrap_or_default() {
        if append_delimiter.replace(processor_delimiter(processor)?).is_some() {
            return Err(invalid("A processor is given twice: AppendDelimiterToRecord."));
        }
    }
    Ok(Processing { enabled: config.enabled.unwrap_or(append_delimiter.is_some()), append_delimiter })
}

fn processor_delimiter(processor: Processor) -> Result<AppendDelimiter, ApiError> {
    let kind = processor.r#type.unwrap_or_default();
    if kind != "AppendDelimiterToRecord" {
        return Err(invalid(format!("Processor {kind} is not supported.")));
    }
    let mut delimiter = None;
    for parameter in processor.parameters.unwrap_or_default() {
        let name = parameter.parameter_name.unwrap_or_default();
        if name != "Delimiter" {
            return Err(invalid(format!("Processor {kind} has no parameter {name}.")));
        }
        delimiter = parameter.parameter_value;
    }
    Ok(AppendDelimiter { delimiter })
}

#[cfg(test)]
mod tests;
