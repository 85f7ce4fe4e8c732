//! CreateChannel. What Thalweg does not do is refused here by name, never taken and ignored.

use delivery::{
    ChannelOutput, ChannelSource, Compression, CreateChannel, DeadLetterOutput, Logging, RecordFormat, StorageClass,
};
use types::ChannelName;
use wire::kinesis::{
    ChannelStreamConfiguration, CloudWatchLogs, CreateChannelInput, CreateChannelOutput, RecordConfiguration,
    S3DestinationConfiguration, S3StorageConfiguration,
};

use super::channel_shapes::description;
use super::which_channel::authorize;
use super::which_stream::WhichStream;
use crate::api::firehose::create_delivery_stream::authorize_source;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: CreateChannelInput,
) -> Result<CreateChannelOutput, ApiError> {
    let name = ChannelName::parse(input.channel_name.as_deref().unwrap_or_default())
        .map_err(|error| ApiError::invalid_argument(error.to_string()))?;
    authorize(caller, &caller.scope, &name)?;
    app.streams.admit_account(&caller.scope, caller.action.operation())?;
    if input.encryption_configuration.is_some() {
        return Err(ApiError::invalid_argument(
            "EncryptionConfiguration is not supported: objects are encrypted as their bucket says.",
        ));
    }
    let destination = s3_destination(&input)?;
    let configured = input.stream_configuration_list.unwrap_or_default();
    let streams: Vec<_> = configured.iter().map(|stream| source(caller, stream)).collect::<Result<_, _>>()?;
    for stream in &streams {
        authorize_source(app, caller, &stream.scope, &stream.stream)?;
    }
    let freshness_seconds = destination.data_freshness_in_seconds.map(|seconds| u32::try_from(seconds).unwrap_or(0));
    let request = CreateChannel {
        name,
        streams,
        role_arn: input.service_execution_role_arn.unwrap_or_default(),
        output: output(destination),
        freshness_seconds,
        logging: input.logging_configuration.and_then(|logging| logging.cloud_watch_logs).map_or_else(
            Logging::default,
            |CloudWatchLogs { enabled, log_group_name, log_stream_name }| Logging {
                enabled: enabled == Some(true),
                group: log_group_name,
                stream: log_stream_name,
            },
        ),
        tags: input.tags.unwrap_or_default(),
    };
    let channel = app.delivery.create_channel(&caller.scope, request).await?;
    Ok(CreateChannelOutput { channel_description: Some(description(&channel)) })
}

/// The one destination of the request.
fn s3_destination(input: &CreateChannelInput) -> Result<S3DestinationConfiguration, ApiError> {
    match (&input.s3_destination_configuration, &input.s3_tables_destination_configuration) {
        (Some(destination), None) => Ok(destination.clone()),
        (None, Some(_)) => Err(ApiError::invalid_argument(
            "S3TablesDestinationConfiguration is not supported; use S3DestinationConfiguration.",
        )),
        _ => Err(ApiError::invalid_argument(
            "Exactly one of S3DestinationConfiguration and S3TablesDestinationConfiguration must be given.",
        )),
    }
}

fn source(caller: &Caller, stream: &ChannelStreamConfiguration) -> Result<ChannelSource, ApiError> {
    let which = WhichStream::of(caller, None, stream.stream_arn.as_deref())?;
    let records = stream.record_configuration.clone().unwrap_or_default();
    let format = format(&records)?;
    Ok(ChannelSource { scope: which.scope, stream: which.name, format })
}

fn format(records: &RecordConfiguration) -> Result<RecordFormat, ApiError> {
    if records.gsr_schema_arn.is_some() {
        return Err(ApiError::invalid_argument("GSRSchemaARN is not supported: there is no schema registry."));
    }
    match records.record_format_type.as_deref().unwrap_or_default() {
        "JSON" => Ok(RecordFormat::Json),
        "STRING" => Ok(RecordFormat::String),
        "BYTE_ARRAY" => Ok(RecordFormat::ByteArray),
        other => Err(ApiError::invalid_argument(format!(
            "RecordFormatType {other} is not supported for an S3 destination; use JSON, STRING or BYTE_ARRAY."
        ))),
    }
}

/// The model lets no other words through than those that are here.
fn output(destination: S3DestinationConfiguration) -> ChannelOutput {
    let storage: S3StorageConfiguration = destination.storage_configuration.unwrap_or_default();
    ChannelOutput {
        bucket_arn: storage.bucket_arn.unwrap_or_default(),
        bucket_owner: storage.expected_bucket_owner.unwrap_or_default(),
        key_template: storage.output_key_template,
        storage_class: storage.storage_class.map(|class| match class.as_str() {
            "INTELLIGENT_TIERING" => StorageClass::IntelligentTiering,
            "GLACIER_IR" => StorageClass::GlacierIr,
            _ => StorageClass::Standard,
        }),
        compression: match storage.compression_type.as_deref() {
            Some("GZIP") => Compression::Gzip,
            Some("ZSTD") => Compression::Zstd,
            _ => Compression::Uncompressed,
        },
        dead_letters: destination.dead_letter_queue_s3_configuration.map(|dead| DeadLetterOutput {
            bucket_arn: dead.bucket_arn.unwrap_or_default(),
            bucket_owner: dead.expected_bucket_owner.unwrap_or_default(),
            prefix: dead.error_output_prefix,
        }),
    }
}
