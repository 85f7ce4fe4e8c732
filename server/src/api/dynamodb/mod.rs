//! DynamoDB (`DynamoDB_20120810`), the part that KCL calls: one file for each operation over `companions::dynamodb`. See
//! `api/mod.rs` for how one is added. Shared are the forms of values (`attribute.rs`), conditions in both languages
//! (`condition.rs`), tables (`table.rs`), pages (`page.rs`) and answers (`answer.rs`).

mod answer;
mod attribute;
mod condition;
mod create_table;
mod delete_item;
mod delete_table;
mod describe_continuous_backups;
mod describe_table;
mod get_item;
mod list_tables;
mod page;
mod put_item;
mod query;
mod scan;
mod table;
mod transact_write_items;
mod update_continuous_backups;
mod update_item;
mod update_table;

use companions::dynamodb::TableName;

use crate::auth::Caller;
use crate::error::ApiError;

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

/// ValidationException.
fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::validation(message)
}

/// The table of a request, by its name or ARN.
fn table_name(caller: &Caller, text: Option<&str>) -> Result<TableName, ApiError> {
    Ok(TableName::parse(&caller.scope, text.unwrap_or_default())?)
}

/// Whether ReturnValues of PutItem and DeleteItem asks for the old item.
fn old_wanted(return_values: Option<&str>) -> Result<bool, ApiError> {
    match return_values {
        None | Some("NONE") => Ok(false),
        Some("ALL_OLD") => Ok(true),
        Some(_) => Err(invalid("ReturnValues can only be ALL_OLD or NONE")),
    }
}
