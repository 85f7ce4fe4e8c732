//! Scan.

use companions::dynamodb::{PageRequest, Role, What};
use wire::dynamodb::{ScanInput, ScanOutput};

use super::answer::{capacity, read_units};
use super::condition::{Legacy, condition, expressions, projection};
use super::page::{self, Shown};
use super::{invalid, table_name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: ScanInput) -> Result<ScanOutput, ApiError> {
    let table = table_name(caller, input.table_name.as_deref())?;
    let mut expressions = expressions(input.expression_attribute_names, input.expression_attribute_values)?;
    let legacy =
        Legacy { name: "ScanFilter", map: page::legacy(input.scan_filter), operator: input.conditional_operator };
    let filter = condition(&mut expressions, Role::Filter, input.filter_expression.as_deref(), legacy)?;
    let projection = projection(&mut expressions, input.projection_expression.as_deref(), input.attributes_to_get)?;
    expressions.finish()?;
    let selection = page::selection(input.select.as_deref(), projection.as_deref(), input.index_name.as_deref())?;
    let consistent = input.consistent_read == Some(true);
    let request = PageRequest {
        table,
        index: input.index_name,
        filter,
        projection,
        limit: page::limit(input.limit)?,
        start: page::start(input.exclusive_start_key)?,
        consistent,
        all_attributes: selection.all_attributes,
        what: What::Scan { segment: segment(input.segment, input.total_segments)? },
    };
    let found = app.dynamodb.page(&caller.scope, &request)?;
    let units = read_units(found.bytes, consistent);
    let Shown { items, count, scanned_count, last_evaluated_key } = Shown::of(&found, selection);
    let consumed_capacity = capacity(input.return_consumed_capacity.as_deref(), request.table.as_str(), units);
    Ok(ScanOutput { consumed_capacity, count, items, last_evaluated_key, scanned_count })
}

fn segment(segment: Option<i32>, total: Option<i32>) -> Result<Option<(u32, u32)>, ApiError> {
    let one_alone = |given: &str, missing: &str| {
        invalid(format!(
            "The {missing} parameter is required but was not present in the request when {given} parameter \
                         is present"
        ))
    };
    match (segment, total) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(one_alone("Segment", "TotalSegments")),
        (None, Some(_)) => Err(one_alone("TotalSegments", "Segment")),
        (Some(segment), Some(total)) => match (u32::try_from(segment), u32::try_from(total)) {
            (Ok(segment), Ok(total)) if segment < total => Ok(Some((segment, total))),
            _ => Err(invalid(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is \
                 not less than TotalSegments: {total}"
            ))),
        },
    }
}
