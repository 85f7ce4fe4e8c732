//! CreateDeliveryStream. What Thalweg does not do yet is refused here by name, never taken and ignored.

use std::collections::BTreeMap;

use delivery::{CreateDeliveryStream, SourceConfig};
use types::{Arn, ResourceType, Scope, StreamName};
use wire::firehose::{CreateDeliveryStreamInput, CreateDeliveryStreamOutput, Tag};

use super::{destination, invalid, name};
use crate::app::App;
use crate::auth::{Action, Caller};
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    mut input: CreateDeliveryStreamInput,
) -> Result<CreateDeliveryStreamOutput, ApiError> {
    if input.delivery_stream_encryption_configuration_input.is_some() {
        return Err(invalid("Server-side encryption of delivery streams is not supported."));
    }
    let request = CreateDeliveryStream {
        name: name(input.delivery_stream_name.as_deref())?,
        source: source(&input)?,
        tags: tags(input.tags.take().unwrap_or_default())?,
        destination: destination::read(input)?,
    };
    if let SourceConfig::Stream { scope, stream, .. } = &request.source {
        authorize_source(app, caller, scope, stream)?;
    }
    let stream = app.delivery.create(&caller.scope, request).await?;
    Ok(CreateDeliveryStreamOutput { delivery_stream_arn: Some(stream.arn().to_string()) })
}

fn source(input: &CreateDeliveryStreamInput) -> Result<SourceConfig, ApiError> {
    let kind = input.delivery_stream_type.as_deref().unwrap_or("DirectPut");
    let given = [
        ("DirectPut", input.direct_put_source_configuration.is_some()),
        ("KinesisStreamAsSource", input.kinesis_stream_source_configuration.is_some()),
        ("MSKAsSource", input.msk_source_configuration.is_some()),
        ("DatabaseAsSource", input.database_source_configuration.is_some()),
    ];
    if let Some((other, _)) = given.into_iter().find(|(other, given)| *given && *other != kind) {
        return Err(invalid(format!(
            "A source configuration of {other} does not go with delivery stream type {kind}."
        )));
    }
    match kind {
        "DirectPut" => {
            let hint = input.direct_put_source_configuration.as_ref().and_then(|direct| direct.throughput_hint_in_mbs);
            let throughput_hint_mb = hint.map(|hint| u32::try_from(hint).unwrap_or_default());
            Ok(SourceConfig::DirectPut { throughput_hint_mb })
        }
        "KinesisStreamAsSource" => stream_source(input),
        other => Err(invalid(format!("Delivery stream type {other} is not supported."))),
    }
}

fn stream_source(input: &CreateDeliveryStreamInput) -> Result<SourceConfig, ApiError> {
    let Some(config) = &input.kinesis_stream_source_configuration else {
        return Err(invalid("KinesisStreamSourceConfiguration is required for KinesisStreamAsSource."));
    };
    let arn = config.kinesis_stream_arn.as_deref().unwrap_or_default();
    let parsed = Arn::parse(arn).ok().filter(|arn| arn.resource_type == ResourceType::Stream);
    let named = parsed.and_then(|arn| StreamName::parse(&arn.name).ok().map(|stream| (arn.scope, stream)));
    let (scope, stream) = named.ok_or_else(|| invalid(format!("{arn:?} is not the ARN of a stream.")))?;
    Ok(SourceConfig::Stream { scope, stream, role_arn: config.role_arn.clone().unwrap_or_default() })
}

/// Refuses a caller who could not read the source: a delivery stream or channel must not read it for him. The streams of other
/// accounts are refused by the domain, whoever asks.
pub(crate) fn authorize_source(app: &App, caller: &Caller, scope: &Scope, name: &StreamName) -> Result<(), ApiError> {
    if scope.account != caller.scope.account {
        return Ok(());
    }
    let reading = caller.doing(Action::new(wire::kinesis::SIGNING_NAME, "GetRecords"));
    let found = app.streams.stream(scope, name).ok();
    let policy = found.as_ref().and_then(|stream| stream.policy.as_deref());
    reading.authorize(&Arn::new(scope, ResourceType::Stream, name.as_str()).to_string(), &scope.account, policy)
}

fn tags(list: Vec<Tag>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in list {
        let key = tag.key.unwrap_or_default();
        if tags.insert(key.clone(), tag.value.unwrap_or_default()).is_some() {
            return Err(invalid(format!("Tag key {key:?} is given twice.")));
        }
    }
    Ok(tags)
}
