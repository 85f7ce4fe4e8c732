//! Declarations of tables from the wire, and their descriptions to it.

use std::collections::BTreeSet;

use companions::dynamodb::{Definitions, IndexSpec, KeySchema, KeyType, Projected, TableInfo, Throughput};
use wire::Timestamp;
use wire::dynamodb::{
    AttributeDefinition, BillingModeSummary, ContinuousBackupsDescription, GlobalSecondaryIndexDescription,
    KeySchemaElement, PointInTimeRecoveryDescription, Projection, ProvisionedThroughput,
    ProvisionedThroughputDescription, TableDescription,
};

use super::invalid;
use crate::error::ApiError;

/// AttributeDefinitions.
pub(super) fn definitions(list: Option<Vec<AttributeDefinition>>) -> Result<Definitions, ApiError> {
    let one = |definition: AttributeDefinition| {
        let kind = match definition.attribute_type.as_deref() {
            Some("N") => KeyType::N,
            Some("B") => KeyType::B,
            _ => KeyType::S,
        };
        (definition.attribute_name.unwrap_or_default(), kind)
    };
    Ok(Definitions::new(list.unwrap_or_default().into_iter().map(one))?)
}

/// A KeySchema.
pub(super) fn keys(
    definitions: &mut Definitions,
    schema: Option<Vec<KeySchemaElement>>,
) -> Result<KeySchema, ApiError> {
    let schema = schema.unwrap_or_default().into_iter();
    let elements: Vec<_> = schema
        .map(|element| (element.attribute_name.unwrap_or_default(), element.key_type.unwrap_or_default()))
        .collect();
    Ok(definitions.keys(&elements)?)
}

/// The members that CreateTable and UpdateTable name an index with.
pub(super) struct WireIndex {
    pub(super) name: Option<String>,
    pub(super) schema: Option<Vec<KeySchemaElement>>,
    pub(super) projection: Option<Projection>,
    pub(super) throughput: Option<ProvisionedThroughput>,
}

/// A global secondary index.
pub(super) fn index(definitions: &mut Definitions, index: WireIndex) -> Result<IndexSpec, ApiError> {
    let Projection { non_key_attributes, projection_type } = index.projection.unwrap_or_default();
    let projected = match (projection_type.as_deref(), non_key_attributes) {
        (Some("ALL"), None) => Projected::All,
        (Some("KEYS_ONLY"), None) => Projected::KeysOnly,
        (Some("INCLUDE"), Some(names)) => Projected::Include(names.into_iter().collect::<BTreeSet<_>>()),
        (None, _) => return Err(invalid("One or more parameter values were invalid: Unknown ProjectionType: null")),
        (Some(kind), _) => {
            return Err(invalid(format!(
                "One or more parameter values were invalid: ProjectionType is {kind}, but NonKeyAttributes does not go \
                 with it"
            )));
        }
    };
    Ok(IndexSpec {
        name: index.name.unwrap_or_default(),
        keys: keys(definitions, index.schema)?,
        projected,
        throughput: index.throughput.map(throughput),
    })
}

/// ProvisionedThroughput, whose members the model requires.
pub(super) fn throughput(throughput: ProvisionedThroughput) -> Throughput {
    let units = |units: Option<i64>| units.unwrap_or(1);
    Throughput { read: units(throughput.read_capacity_units), write: units(throughput.write_capacity_units) }
}

/// Billing from BillingMode and ProvisionedThroughput: `None` is per request.
pub(super) fn billing(
    mode: Option<&str>,
    provisioned: Option<ProvisionedThroughput>,
) -> Result<Option<Throughput>, ApiError> {
    match (mode, provisioned) {
        (Some("PAY_PER_REQUEST"), None) => Ok(None),
        (Some("PAY_PER_REQUEST"), Some(_)) => Err(invalid(
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified \
             when BillingMode is PAY_PER_REQUEST",
        )),
        (_, Some(provisioned)) => Ok(Some(throughput(provisioned))),
        (_, None) => Err(invalid(
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified \
             when BillingMode is PROVISIONED",
        )),
    }
}

/// Refuses what a request asks for and this server does not have, rather than take it and ignore it.
pub(super) fn refuse(asked: &[(&str, bool)]) -> Result<(), ApiError> {
    match asked.iter().find(|(_, asked)| *asked) {
        Some((member, _)) => Err(invalid(format!("{member} is not supported."))),
        None => Ok(()),
    }
}

fn seconds(time: types::Timestamp) -> Option<Timestamp> {
    i64::try_from(time.0).ok().map(Timestamp)
}

fn count(count: usize) -> Option<i64> {
    i64::try_from(count).ok()
}

fn shown_keys(keys: &KeySchema) -> Option<Vec<KeySchemaElement>> {
    let kinds = ["HASH", "RANGE"];
    let elements = keys.attributes().zip(kinds).map(|(attribute, kind)| KeySchemaElement {
        attribute_name: Some(attribute.name.clone()),
        key_type: Some(kind.to_owned()),
    });
    Some(elements.collect())
}

/// Capacity as it is described; per request shows zeros, as AWS does.
fn shown_throughput(throughput: Option<Throughput>) -> Option<ProvisionedThroughputDescription> {
    Some(ProvisionedThroughputDescription {
        number_of_decreases_today: Some(0),
        read_capacity_units: Some(throughput.map_or(0, |throughput| throughput.read)),
        write_capacity_units: Some(throughput.map_or(0, |throughput| throughput.write)),
        ..ProvisionedThroughputDescription::default()
    })
}

fn shown_index(info: &TableInfo, place: usize) -> GlobalSecondaryIndexDescription {
    let spec = &info.about.indexes[place].spec;
    let (entries, ready) = info.indexes.get(place).copied().unwrap_or_default();
    let (kind, names) = match &spec.projected {
        Projected::All => ("ALL", None),
        Projected::KeysOnly => ("KEYS_ONLY", None),
        Projected::Include(names) => ("INCLUDE", Some(names.iter().cloned().collect())),
    };
    GlobalSecondaryIndexDescription {
        backfilling: (!ready).then_some(true),
        index_arn: Some(format!("{}/index/{}", info.about.arn(), spec.name)),
        index_name: Some(spec.name.clone()),
        index_size_bytes: Some(0),
        index_status: Some(if ready { "ACTIVE" } else { "CREATING" }.to_owned()),
        item_count: count(entries),
        key_schema: shown_keys(&spec.keys),
        projection: Some(Projection { non_key_attributes: names, projection_type: Some(kind.to_owned()) }),
        provisioned_throughput: shown_throughput(spec.throughput),
        ..GlobalSecondaryIndexDescription::default()
    }
}

/// A table as it is described.
pub(super) fn described(info: &TableInfo, status: &str) -> TableDescription {
    let about = &info.about;
    let definitions = about.key_attributes().into_iter().map(|(name, kind)| AttributeDefinition {
        attribute_name: Some(name.to_owned()),
        attribute_type: Some(kind.name().to_owned()),
    });
    let indexes: Vec<_> = (0..about.indexes.len()).map(|place| shown_index(info, place)).collect();
    let mode = if about.throughput.is_some() { "PROVISIONED" } else { "PAY_PER_REQUEST" };
    // A table that was never billed per request has no summary, as on AWS.
    let billing = about.per_request_since.map(|since| BillingModeSummary {
        billing_mode: Some(mode.to_owned()),
        last_update_to_pay_per_request_date_time: seconds(since),
    });
    TableDescription {
        attribute_definitions: Some(definitions.collect()),
        billing_mode_summary: billing,
        creation_date_time: seconds(about.created),
        deletion_protection_enabled: Some(about.deletion_protection),
        global_secondary_indexes: (!indexes.is_empty()).then_some(indexes),
        item_count: count(info.item_count),
        key_schema: shown_keys(&about.keys),
        provisioned_throughput: shown_throughput(about.throughput),
        table_arn: Some(about.arn()),
        table_id: Some(about.id()),
        table_name: Some(about.name.as_str().to_owned()),
        table_size_bytes: count(info.bytes),
        table_status: Some(status.to_owned()),
        ..TableDescription::default()
    }
}

/// The backups of a table: the setting, and since when it stands.
pub(super) fn backups(info: &TableInfo, now: types::Timestamp) -> ContinuousBackupsDescription {
    let recovery = match info.about.recovery {
        Some((since, days)) => PointInTimeRecoveryDescription {
            earliest_restorable_date_time: seconds(since),
            latest_restorable_date_time: seconds(now),
            point_in_time_recovery_status: Some("ENABLED".to_owned()),
            recovery_period_in_days: Some(days),
        },
        None => PointInTimeRecoveryDescription {
            point_in_time_recovery_status: Some("DISABLED".to_owned()),
            ..PointInTimeRecoveryDescription::default()
        },
    };
    ContinuousBackupsDescription {
        continuous_backups_status: Some("ENABLED".to_owned()),
        point_in_time_recovery_description: Some(recovery),
    }
}

/// The error of an operation on backups, which has its own name for a table that is not there.
pub(super) fn backups_error(error: companions::CompanionsError, table: &str) -> ApiError {
    match error.kind() {
        types::Kind::NotFound => ApiError::new("TableNotFoundException", format!("Table not found: {table}")),
        _ => error.into(),
    }
}
