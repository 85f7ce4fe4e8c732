//! What Query and Scan have in common: selections, page bounds, answers.

use std::collections::BTreeMap;

use companions::dynamodb::{Item, Page, Path};
use wire::dynamodb::{Condition as LegacyCondition, ExpectedAttributeValue};

use super::attribute::{Attributes, item, shown};
use super::invalid;
use crate::error::ApiError;

/// What `Select` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selection {
    /// Only how many.
    pub(super) count: bool,
    /// All attributes, also of an index that does not have them.
    pub(super) all_attributes: bool,
}

/// Checks `Select` against the projection.
pub(super) fn selection(
    select: Option<&str>,
    projection: Option<&[Path]>,
    index: Option<&str>,
) -> Result<Selection, ApiError> {
    let projected = projection.is_some();
    match select {
        Some("SPECIFIC_ATTRIBUTES") if !projected => {
            return Err(invalid(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get \
                                SPECIFIC_ATTRIBUTES",
            ));
        }
        Some("ALL_PROJECTED_ATTRIBUTES") if index.is_none() => {
            return Err(invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"));
        }
        Some(select @ ("ALL_ATTRIBUTES" | "ALL_PROJECTED_ATTRIBUTES" | "COUNT")) if projected => {
            return Err(invalid(format!("Cannot specify the ProjectionExpression when choosing to get {select}")));
        }
        _ => {}
    }
    Ok(Selection { count: select == Some("COUNT"), all_attributes: select == Some("ALL_ATTRIBUTES") })
}

/// `Limit`, at least 1.
pub(super) fn limit(limit: Option<i32>) -> Result<Option<usize>, ApiError> {
    match limit {
        None => Ok(None),
        Some(limit @ 1..) => Ok(usize::try_from(limit).ok()),
        Some(_) => Err(invalid("Limit must be greater than or equal to 1")),
    }
}

/// `ExclusiveStartKey`.
pub(super) fn start(key: Option<Attributes>) -> Result<Option<Item>, ApiError> {
    key.map(item).transpose()
}

/// The legacy conditions of reads, which are those of writes with an operator.
pub(super) fn legacy(
    map: Option<BTreeMap<String, LegacyCondition>>,
) -> Option<BTreeMap<String, ExpectedAttributeValue>> {
    let one = |LegacyCondition { attribute_value_list, comparison_operator }| ExpectedAttributeValue {
        attribute_value_list,
        comparison_operator,
        ..ExpectedAttributeValue::default()
    };
    map.map(|map| map.into_iter().map(|(name, condition)| (name, one(condition))).collect())
}

/// The members of an answer.
pub(super) struct Shown {
    pub(super) items: Option<Vec<Attributes>>,
    pub(super) count: Option<i32>,
    pub(super) scanned_count: Option<i32>,
    pub(super) last_evaluated_key: Option<Attributes>,
}

impl Shown {
    pub(super) fn of(page: &Page, selection: Selection) -> Self {
        let count = |count: usize| i32::try_from(count).ok();
        Self {
            items: (!selection.count).then(|| page.items.iter().map(shown).collect()),
            count: count(page.items.len()),
            scanned_count: count(page.scanned),
            last_evaluated_key: page.last.as_ref().map(shown),
        }
    }
}
