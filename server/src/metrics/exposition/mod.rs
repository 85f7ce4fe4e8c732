//! What Prometheus is told, in the OpenMetrics text format.
//!
//! Owns: names, labels and how many series there are at most. Read `kinesis.rs` for the figures of streams,
//! `consumers.rs` for Firehose and SQL, `clients.rs` for what KCL, KPL and others put, `process.rs` for the server.

mod clients;
mod consumers;
mod kinesis;
mod process;

use std::borrow::Cow;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use crate::app::App;
use consumers::Consumers;

/// The content type of [`text`].
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels of one series.
type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Everything that is measured, read when it is asked for.
struct Measured {
    app: Arc<App>,
    consumers: Consumers,
}

impl std::fmt::Debug for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Measured")
    }
}

impl Collector for Measured {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        process::encode(&self.app, &mut encoder)?;
        kinesis::encode(&self.app.metrics, &mut encoder)?;
        self.consumers.encode(&mut encoder)?;
        clients::encode(&self.app, &mut encoder)
    }
}

/// The whole text.
pub(super) async fn text(app: &Arc<App>) -> String {
    let mut registry = Registry::default();
    let consumers = Consumers::read(app).await;
    registry.register_collector(Box::new(Measured { app: app.clone(), consumers }));
    let mut text = String::new();
    if let Err(error) = text::encode(&mut text, &registry) {
        tracing::error!(%error, "the metrics have no text");
    }
    text
}

fn label<'a>(name: &'static str, value: impl Into<Cow<'a, str>>) -> (Cow<'a, str>, Cow<'a, str>) {
    (name.into(), value.into())
}
