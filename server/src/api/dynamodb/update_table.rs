//! UpdateTable: billing, deletion protection, and one index at a time.

use companions::dynamodb::TableChange;
use wire::dynamodb::{
    CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, UpdateTableInput, UpdateTableOutput,
};

use super::table::{WireIndex, billing, definitions, described, index, refuse, throughput};
use super::{invalid, table_name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: UpdateTableInput) -> Result<UpdateTableOutput, ApiError> {
    refuse(&[
        ("DisassociationProtectionEnabled", input.disassociation_protection_enabled.is_some()),
        ("GlobalTableSettingsReplicationMode", input.global_table_settings_replication_mode.is_some()),
        ("GlobalTableWitnessUpdates", input.global_table_witness_updates.is_some()),
        ("MultiRegionConsistency", input.multi_region_consistency.is_some()),
        ("OnDemandThroughput", input.on_demand_throughput.is_some()),
        ("ReplicaUpdates", input.replica_updates.is_some()),
        ("SSESpecification", input.sse_specification.is_some()),
        ("StreamSpecification", input.stream_specification.is_some()),
        ("TableClass STANDARD_INFREQUENT_ACCESS", input.table_class.is_some_and(|class| class != "STANDARD")),
        ("VectorIndexUpdates", input.vector_index_updates.is_some()),
        ("WarmThroughput", input.warm_throughput.is_some()),
    ])?;
    let name = table_name(caller, input.table_name.as_deref())?;
    let mut change = TableChange { deletion_protection: input.deletion_protection_enabled, ..TableChange::default() };
    if input.billing_mode.is_some() || input.provisioned_throughput.is_some() {
        change.throughput = Some(billing(input.billing_mode.as_deref(), input.provisioned_throughput)?);
    }
    let mut updates = input.global_secondary_index_updates.unwrap_or_default();
    if updates.len() > 1 {
        return Err(invalid("Only 1 online index can be created, changed or deleted in one request"));
    }
    if let Some(update) = updates.pop() {
        let mut definitions = definitions(input.attribute_definitions)?;
        let GlobalSecondaryIndexUpdate { create, delete, update } = update;
        match (create, delete, update) {
            (Some(create), None, None) => {
                let CreateGlobalSecondaryIndexAction { index_name: name, key_schema: schema, projection, .. } = create;
                let wire = WireIndex { name, schema, projection, throughput: create.provisioned_throughput };
                change.create_index = Some(index(&mut definitions, wire)?);
            }
            (None, Some(delete), None) => change.delete_index = delete.index_name,
            (None, None, Some(update)) => {
                let units = update.provisioned_throughput.map(throughput);
                change.index_throughput = update.index_name.zip(units);
            }
            _ => return Err(invalid("One GlobalSecondaryIndexUpdate has one of Create, Update and Delete")),
        }
    }
    if change == TableChange::default() {
        return Err(invalid(
            "At least one of ProvisionedThroughput, BillingMode, DeletionProtectionEnabled or \
                            GlobalSecondaryIndexUpdates is required",
        ));
    }
    let info = app.dynamodb.update_table(&caller.scope, &name, change).await?;
    Ok(UpdateTableOutput { table_description: Some(described(&info, "UPDATING")) })
}
