//! What Prometheus is told, in the OpenMetrics text format.
//!
//! Owns: names, labels and how many series there are at most. Read `kinesis.rs` for the figures of streams,
//! `clients.rs` for what KCL, KPL and others put, `process.rs` for the server itself.

mod clients;
mod kinesis;
mod process;

use std::borrow::Cow;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use crate::app::App;

/// The content type of [`text`].
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels of one series.
type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Everything that is measured, read when it is asked for.
struct Measured(Arc<App>);

impl std::fmt::Debug for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Measured")
    }
}

impl Collector for Measured {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        process::encode(&self.0, &mut encoder)?;
        kinesis::encode(&self.0.metrics, &mut encoder)?;
        clients::encode(&self.0, &mut encoder)
    }
}

/// The whole text.
pub(super) fn text(app: &Arc<App>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Measured(app.clone())));
    let mut text = String::new();
    if let Err(error) = text::encode(&mut text, &registry) {
        tracing::error!(%error, "the metrics have no text");
    }
    text
}

fn label<'a>(name: &'static str, value: impl Into<Cow<'a, str>>) -> (Cow<'a, str>, Cow<'a, str>) {
    (name.into(), value.into())
}
