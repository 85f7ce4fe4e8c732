//! ListTables.

use wire::dynamodb::{ListTablesInput, ListTablesOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Default and largest page (API reference).
const PAGE_MAX: usize = 100;

pub(crate) async fn handle(app: &App, caller: &Caller, input: ListTablesInput) -> Result<ListTablesOutput, ApiError> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX);
    let (names, more) = app.dynamodb.list_tables(&caller.scope, input.exclusive_start_table_name.as_deref(), limit);
    let names: Vec<String> = names.iter().map(|name| name.as_str().to_owned()).collect();
    Ok(ListTablesOutput { last_evaluated_table_name: names.last().filter(|_| more).cloned(), table_names: Some(names) })
}
