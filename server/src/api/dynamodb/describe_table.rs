//! DescribeTable.

use wire::dynamodb::{DescribeTableInput, DescribeTableOutput};

use super::table::described;
use super::table_name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeTableInput,
) -> Result<DescribeTableOutput, ApiError> {
    let info = app.dynamodb.describe_table(&caller.scope, &table_name(caller, input.table_name.as_deref())?)?;
    Ok(DescribeTableOutput { table: Some(described(&info, "ACTIVE")) })
}
