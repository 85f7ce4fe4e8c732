//! CreateTable. What Thalweg does not have is refused by name, never taken and ignored.

use companions::dynamodb::TableSpec;
use wire::dynamodb::{CreateTableInput, CreateTableOutput, GlobalSecondaryIndex};

use super::table::{WireIndex, billing, definitions, described, index, keys, refuse};
use super::{invalid, table_name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: CreateTableInput) -> Result<CreateTableOutput, ApiError> {
    let streamed = input.stream_specification.and_then(|stream| stream.stream_enabled) == Some(true);
    refuse(&[
        ("LocalSecondaryIndexes", input.local_secondary_indexes.is_some()),
        ("VectorIndexes", input.vector_indexes.is_some()),
        ("StreamSpecification", streamed),
        ("SSESpecification", input.sse_specification.and_then(|sse| sse.enabled) == Some(true)),
        ("ResourcePolicy", input.resource_policy.is_some()),
        ("GlobalTableSourceArn", input.global_table_source_arn.is_some()),
        ("GlobalTableSettingsReplicationMode", input.global_table_settings_replication_mode.is_some()),
        ("OnDemandThroughput", input.on_demand_throughput.is_some()),
        ("WarmThroughput", input.warm_throughput.is_some()),
        ("TableClass STANDARD_INFREQUENT_ACCESS", input.table_class.is_some_and(|class| class != "STANDARD")),
    ])?;
    let name = table_name(caller, input.table_name.as_deref())?;
    let mut definitions = definitions(input.attribute_definitions)?;
    let keys = keys(&mut definitions, input.key_schema)?;
    let mut indexes = Vec::new();
    for GlobalSecondaryIndex { index_name: name, key_schema: schema, projection, provisioned_throughput, .. } in
        input.global_secondary_indexes.unwrap_or_default()
    {
        let wire = WireIndex { name, schema, projection, throughput: provisioned_throughput };
        indexes.push(index(&mut definitions, wire)?);
    }
    definitions.finish()?;
    let mut tags = std::collections::BTreeMap::new();
    for tag in input.tags.unwrap_or_default() {
        let key = tag.key.unwrap_or_default();
        if tags.insert(key.clone(), tag.value.unwrap_or_default()).is_some() {
            return Err(invalid(format!("Duplicate tag key: {key}")));
        }
    }
    let spec = TableSpec {
        keys,
        indexes,
        throughput: billing(input.billing_mode.as_deref(), input.provisioned_throughput)?,
        deletion_protection: input.deletion_protection_enabled == Some(true),
        tags,
    };
    let info = app.dynamodb.create_table(&caller.scope, name, spec).await?;
    Ok(CreateTableOutput { table_description: Some(described(&info, "CREATING")) })
}
