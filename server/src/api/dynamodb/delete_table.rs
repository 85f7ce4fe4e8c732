//! DeleteTable.

use wire::dynamodb::{DeleteTableInput, DeleteTableOutput};

use super::table::described;
use super::table_name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteTableInput) -> Result<DeleteTableOutput, ApiError> {
    let name = table_name(caller, input.table_name.as_deref())?;
    let info = app.dynamodb.delete_table(&caller.scope, &name).await?;
    Ok(DeleteTableOutput { table_description: Some(described(&info, "DELETING")) })
}
