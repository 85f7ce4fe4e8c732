//! ListMetrics: which series there are, a page at a time.

use std::time::Duration;

use types::{Scope, Timestamp};

use super::CloudWatchError;
use super::metric::Metric;
use super::series::Series;
use super::store::{SeriesId, Store};

/// Metrics of a page (API reference).
pub const LIST_PAGE_MAX: usize = 500;
/// `RecentlyActive`, `PT3H`.
const RECENTLY: Duration = Duration::from_secs(3 * 3600);
/// Metrics without data for so long are not listed (API reference).
const LISTED: Duration = Duration::from_secs(14 * 24 * 3600);

/// One dimension that a metric must have, of some value or of any.
#[derive(Debug, Clone)]
pub struct DimensionFilter {
    /// Its name.
    pub name: String,
    /// Its value; any when absent.
    pub value: Option<String>,
}

/// Which metrics are asked for; what is absent or empty leaves out none.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// The namespace.
    pub namespace: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Dimensions that it has, among others perhaps.
    pub dimensions: Vec<DimensionFilter>,
    /// Only what was put in the last three hours.
    pub recently_active: bool,
}

/// Some of the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricPage {
    /// At most [`LIST_PAGE_MAX`].
    pub metrics: Vec<Metric>,
    /// Where to go on; `None` at the end.
    pub next_token: Option<String>,
}

impl ListFilter {
    fn takes(&self, series: &Series, now: Timestamp) -> bool {
        let metric = &*series.metric;
        let active_for = if self.recently_active { RECENTLY } else { LISTED };
        let has = |filter: &DimensionFilter| {
            let value_fits = |value: &str| filter.value.as_deref().is_none_or(|wanted| wanted == value);
            metric.dimensions().iter().any(|(name, value)| *name == filter.name && value_fits(value))
        };
        self.namespace.as_deref().is_none_or(|namespace| namespace == metric.namespace)
            && self.name.as_deref().is_none_or(|name| name == metric.name)
            && self.dimensions.iter().all(has)
            && series.written >= now.before(active_for)
    }
}

impl Store {
    /// The page that begins at `token`, the first one without.
    pub(super) fn list(
        &self,
        scope: &Scope,
        filter: &ListFilter,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<MetricPage, CloudWatchError> {
        let first = token.map_or(Ok(0), read_token)?;
        let mut page = MetricPage::default();
        let listed = self.series_from(scope, first).filter(|(_, series)| filter.takes(series, now));
        for (id, series) in listed {
            if page.metrics.len() == LIST_PAGE_MAX {
                page.next_token = Some(format!("{id:x}"));
                break;
            }
            page.metrics.push(Metric::clone(&series.metric));
        }
        Ok(page)
    }
}

fn read_token(text: &str) -> Result<SeriesId, CloudWatchError> {
    let invalid = |_| CloudWatchError::InvalidToken("The parameter NextToken is invalid.".into());
    SeriesId::from_str_radix(text, 16).map_err(invalid)
}
