//! CreateApplication's configuration: what is kept, what is refused.

use analytics::{Checkpointing, Configuration, Monitoring, Parallelism};
use wire::analytics::{
    ApplicationCodeConfiguration, ApplicationConfiguration, CheckpointConfiguration, CreateApplicationRequest,
    MonitoringConfiguration, ParallelismConfiguration,
};

use super::invalid;
use crate::error::ApiError;

/// Flink's defaults, for members of a CUSTOM configuration that are left out.
const CHECKPOINT_INTERVAL_MS: i64 = 60_000;
const CHECKPOINT_PAUSE_MS: i64 = 5_000;
const CUSTOM: Option<&str> = Some("CUSTOM");

/// The domain's configuration, or InvalidArgumentException for what is not built.
pub(super) fn configuration(input: CreateApplicationRequest) -> Result<Configuration, ApiError> {
    let asked = input.application_configuration.unwrap_or_default();
    refuse_unbuilt(&asked)?;
    if input.application_mode.as_deref() == Some("INTERACTIVE") {
        return Err(invalid("ApplicationMode INTERACTIVE is not supported."));
    }
    let runtime = input.runtime_environment.unwrap_or_default();
    if runtime.starts_with("ZEPPELIN") {
        return Err(invalid(format!("RuntimeEnvironment {runtime} is not supported; use FLINK-1_20 with SQL text.")));
    }
    let flink = asked.flink_application_configuration.unwrap_or_default();
    let snapshots = asked.application_snapshot_configuration.and_then(|snapshots| snapshots.snapshots_enabled);
    let groups = asked.environment_properties.and_then(|properties| properties.property_groups).unwrap_or_default();
    let log_streams = input.cloud_watch_logging_options.unwrap_or_default();
    Ok(Configuration {
        runtime_environment: runtime,
        service_execution_role: input.service_execution_role.unwrap_or_default(),
        description: input.application_description,
        mode: input.application_mode,
        sql: asked.application_code_configuration.map(sql).transpose()?,
        snapshots_enabled: snapshots.unwrap_or(true),
        checkpointing: flink.checkpoint_configuration.map(checkpointing).transpose()?.flatten(),
        parallelism: flink.parallelism_configuration.and_then(parallelism),
        monitoring: flink.monitoring_configuration.and_then(monitoring),
        properties: groups
            .into_iter()
            .map(|group| (group.property_group_id.unwrap_or_default(), group.property_map.unwrap_or_default()))
            .collect(),
        log_streams: log_streams.into_iter().filter_map(|option| option.log_stream_arn).collect(),
    })
}

fn refuse_unbuilt(asked: &ApplicationConfiguration) -> Result<(), ApiError> {
    let rolls_back = asked.application_system_rollback_configuration.as_ref().and_then(|one| one.rollback_enabled);
    let key = asked.application_encryption_configuration.as_ref().and_then(|one| one.key_type.as_deref());
    let unbuilt = [
        ("SqlApplicationConfiguration", asked.sql_application_configuration.is_some()),
        ("VpcConfigurations", asked.vpc_configurations.as_ref().is_some_and(|list| !list.is_empty())),
        ("ZeppelinApplicationConfiguration", asked.zeppelin_application_configuration.is_some()),
        ("ApplicationSystemRollbackConfiguration", rolls_back == Some(true)),
        ("ApplicationEncryptionConfiguration with a customer managed key", key == Some("CUSTOMER_MANAGED_KEY")),
    ];
    match unbuilt.into_iter().find(|(_, given)| *given) {
        Some((what, _)) => Err(invalid(format!("{what} is not supported."))),
        None => Ok(()),
    }
}

/// The SQL text: PLAINTEXT with TextContent.
fn sql(code: ApplicationCodeConfiguration) -> Result<String, ApiError> {
    let content = code.code_content.unwrap_or_default();
    let is_text = code.code_content_type.as_deref() == Some("PLAINTEXT");
    match content.text_content {
        Some(text) if is_text && content.zip_file_content.is_none() && content.s3_content_location.is_none() => {
            Ok(text)
        }
        _ => Err(invalid("Only SQL is run: give CodeContentType PLAINTEXT and the text as TextContent.")),
    }
}

/// `DEFAULT` overrides whatever stands beside it (API reference).
fn checkpointing(asked: CheckpointConfiguration) -> Result<Option<Checkpointing>, ApiError> {
    if asked.configuration_type.as_deref() != CUSTOM {
        return Ok(None);
    }
    if asked.checkpointing_enabled == Some(false) {
        return Err(invalid("CheckpointingEnabled false is not supported: output is exactly once by its checkpoints."));
    }
    Ok(Some(Checkpointing {
        interval_ms: asked.checkpoint_interval.unwrap_or(CHECKPOINT_INTERVAL_MS).max(1) as u64,
        min_pause_ms: asked.min_pause_between_checkpoints.unwrap_or(CHECKPOINT_PAUSE_MS).max(0) as u64,
    }))
}

fn parallelism(asked: ParallelismConfiguration) -> Option<Parallelism> {
    let count = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(1);
    (asked.configuration_type.as_deref() == CUSTOM).then(|| Parallelism {
        parallelism: count(asked.parallelism),
        per_kpu: count(asked.parallelism_per_kpu),
        auto_scaling: asked.auto_scaling_enabled.unwrap_or(false),
    })
}

fn monitoring(asked: MonitoringConfiguration) -> Option<Monitoring> {
    (asked.configuration_type.as_deref() == CUSTOM)
        .then_some(Monitoring { metrics_level: asked.metrics_level, log_level: asked.log_level })
}
