//! An application as the API describes it.

use analytics::{Application, Configuration, Status};
use wire::Timestamp;
use wire::analytics::{
    ApplicationCodeConfigurationDescription, ApplicationConfigurationDescription, ApplicationDetail,
    ApplicationSnapshotConfigurationDescription, CheckpointConfigurationDescription,
    CloudWatchLoggingOptionDescription, CodeContentDescription, EnvironmentPropertyDescriptions,
    FlinkApplicationConfigurationDescription, MonitoringConfigurationDescription, ParallelismConfigurationDescription,
    PropertyGroup,
};

/// The model's word for a status.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Ready => "READY",
        Status::Running => "RUNNING",
    }
}

/// The version that every application has.
pub(super) fn version() -> i64 {
    Application::VERSION
}

/// `ApplicationDetail`.
pub(super) fn detail(application: &Application) -> ApplicationDetail {
    let Application { name, created, updated, configuration, .. } = application;
    let logs = configuration.log_streams.iter().zip(1..).map(|(arn, id)| CloudWatchLoggingOptionDescription {
        cloud_watch_logging_option_id: Some(format!("1.{id}")),
        log_stream_arn: Some(arn.clone()),
        role_arn: None,
    });
    ApplicationDetail {
        application_arn: Some(application.arn().to_string()),
        application_name: Some(name.to_string()),
        application_description: configuration.description.clone(),
        application_mode: configuration.mode.clone(),
        application_status: Some(status(application.status).into()),
        application_version_id: Some(version()),
        application_version_create_timestamp: Some(Timestamp(created.0 as i64)),
        create_timestamp: Some(Timestamp(created.0 as i64)),
        last_update_timestamp: Some(Timestamp(updated.0 as i64)),
        runtime_environment: Some(configuration.runtime_environment.clone()),
        service_execution_role: Some(configuration.service_execution_role.clone()),
        application_configuration_description: Some(described(configuration)),
        cloud_watch_logging_option_descriptions: Some(logs.collect()),
        ..ApplicationDetail::default()
    }
}

fn described(configuration: &Configuration) -> ApplicationConfigurationDescription {
    let code = configuration.sql.as_ref().map(|text| ApplicationCodeConfigurationDescription {
        code_content_type: Some("PLAINTEXT".into()),
        code_content_description: Some(CodeContentDescription {
            text_content: Some(text.clone()),
            code_size: Some(text.len() as i64),
            ..CodeContentDescription::default()
        }),
    });
    let groups = configuration
        .properties
        .iter()
        .map(|(id, map)| PropertyGroup { property_group_id: Some(id.clone()), property_map: Some(map.clone()) });
    let groups: Vec<_> = groups.collect();
    ApplicationConfigurationDescription {
        application_code_configuration_description: code,
        application_snapshot_configuration_description: Some(ApplicationSnapshotConfigurationDescription {
            snapshots_enabled: Some(configuration.snapshots_enabled),
            snapshot_mode: None,
        }),
        environment_property_descriptions: (!groups.is_empty())
            .then_some(EnvironmentPropertyDescriptions { property_group_descriptions: Some(groups) }),
        flink_application_configuration_description: configuration
            .runtime_environment
            .starts_with("FLINK")
            .then(|| flink(configuration)),
        ..ApplicationConfigurationDescription::default()
    }
}

fn flink(configuration: &Configuration) -> FlinkApplicationConfigurationDescription {
    let kind = |is_custom: bool| Some(if is_custom { "CUSTOM" } else { "DEFAULT" }.to_owned());
    let (checkpointing, parallelism, monitoring) =
        (configuration.checkpointing, configuration.parallelism, &configuration.monitoring);
    FlinkApplicationConfigurationDescription {
        checkpoint_configuration_description: Some(CheckpointConfigurationDescription {
            configuration_type: kind(checkpointing.is_some()),
            checkpointing_enabled: Some(true),
            checkpoint_interval: Some(checkpointing.map_or(60_000, |one| one.interval_ms as i64)),
            min_pause_between_checkpoints: Some(checkpointing.map_or(5_000, |one| one.min_pause_ms as i64)),
        }),
        parallelism_configuration_description: Some(ParallelismConfigurationDescription {
            configuration_type: kind(parallelism.is_some()),
            parallelism: Some(parallelism.map_or(1, |one| one.parallelism as i32)),
            parallelism_per_kpu: Some(parallelism.map_or(1, |one| one.per_kpu as i32)),
            auto_scaling_enabled: Some(parallelism.is_some_and(|one| one.auto_scaling)),
            current_parallelism: Some(1),
        }),
        monitoring_configuration_description: Some(MonitoringConfigurationDescription {
            configuration_type: kind(monitoring.is_some()),
            metrics_level: Some(
                monitoring.as_ref().and_then(|m| m.metrics_level.clone()).unwrap_or("APPLICATION".into()),
            ),
            log_level: Some(monitoring.as_ref().and_then(|m| m.log_level.clone()).unwrap_or("INFO".into())),
        }),
        job_plan_description: None,
    }
}
