//! GetItem. Every read is consistent, also where the request does not ask for it.

use companions::dynamodb::item_size;
use wire::dynamodb::{GetItemInput, GetItemOutput};

use super::answer::{capacity, read_units};
use super::attribute::{required, shown};
use super::condition::{expressions, projection};
use super::table_name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: GetItemInput) -> Result<GetItemOutput, ApiError> {
    let table = table_name(caller, input.table_name.as_deref())?;
    let mut expressions = expressions(input.expression_attribute_names, None)?;
    let paths = projection(&mut expressions, input.projection_expression.as_deref(), input.attributes_to_get)?;
    expressions.finish()?;
    let item = app.dynamodb.get_item(&caller.scope, &table, &required(input.key)?, paths.as_deref())?;
    let units = read_units(item.as_ref().map_or(0, item_size), input.consistent_read == Some(true));
    Ok(GetItemOutput {
        item: item.as_ref().map(shown),
        consumed_capacity: capacity(input.return_consumed_capacity.as_deref(), table.as_str(), units),
    })
}
