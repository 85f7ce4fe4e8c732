//! DynamoDB (`DynamoDB_20120810`), the part that KCL calls: one file for each operation over `companions`. See `api/mod.rs` for how one is added.

mod create_table;
mod delete_item;
mod delete_table;
mod describe_continuous_backups;
mod describe_table;
mod get_item;
mod list_tables;
mod put_item;
mod query;
mod scan;
mod transact_write_items;
mod update_continuous_backups;
mod update_item;
mod update_table;

crate::api::operations! {
    CreateTable => create_table,
    DeleteItem => delete_item,
    DeleteTable => delete_table,
    DescribeContinuousBackups => describe_continuous_backups,
    DescribeTable => describe_table,
    GetItem => get_item,
    ListTables => list_tables,
    PutItem => put_item,
    Query => query,
    Scan => scan,
    TransactWriteItems => transact_write_items,
    UpdateContinuousBackups => update_continuous_backups,
    UpdateItem => update_item,
    UpdateTable => update_table,
}
