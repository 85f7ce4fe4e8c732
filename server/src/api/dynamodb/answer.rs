//! What answers have in common: errors that carry items, and the capacity that a request would have used.

use companions::CompanionsError;
use companions::dynamodb::{Item, Written, item_size};
use wire::dynamodb::{Capacity, ConsumedCapacity};

use super::attribute::shown;
use crate::error::ApiError;

/// The error of a write; a failed condition shows the item it found if the request asks for it.
pub(super) fn write_error(error: CompanionsError, on_failure: Option<&str>) -> ApiError {
    match &error {
        CompanionsError::ConditionFailed { item: Some(item) } if on_failure == Some("ALL_OLD") => {
            let item = shown(item);
            ApiError::from(error).with_member("Item", &item)
        }
        _ => error.into(),
    }
}

/// ConsumedCapacity, if `asked` wants it. Nothing is limited by it.
pub(super) fn capacity(asked: Option<&str>, table: &str, units: f64) -> Option<ConsumedCapacity> {
    let total = ConsumedCapacity {
        table_name: Some(table.to_owned()),
        capacity_units: Some(units),
        ..ConsumedCapacity::default()
    };
    match asked {
        Some("TOTAL") => Some(total),
        Some("INDEXES") => {
            let table = Capacity { capacity_units: Some(units), ..Capacity::default() };
            Some(ConsumedCapacity { table: Some(table), ..total })
        }
        _ => None,
    }
}

/// Units of a write: one for each KiB of the larger item.
pub(super) fn write_units(written: &Written) -> f64 {
    let size = |item: Option<&std::sync::Arc<Item>>| item.map_or(0, |item| item_size(item));
    size(written.old.as_ref()).max(size(written.new.as_ref())).div_ceil(1024).max(1) as f64
}

/// Units of a read: one for each 4 KiB, half of it when it need not be consistent.
pub(super) fn read_units(bytes: usize, consistent: bool) -> f64 {
    bytes.div_ceil(4096).max(1) as f64 * if consistent { 1.0 } else { 0.5 }
}
