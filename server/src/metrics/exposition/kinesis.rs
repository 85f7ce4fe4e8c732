//! The AWS/Kinesis figures, as counters since the start of the server.
//!
//! At most [`STREAMS_MAX`] streams are shown, those of the first names; `thalweg_metrics_streams_hidden` says how many
//! are not.

use std::collections::BTreeMap;

use companions::cloudwatch::{Stats, Unit as Measure};
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::super::Metrics;
use super::super::figures::{Facts, OfConsumer, OfShard, OfStream, Shown};
use super::super::stream::{Figures, minute_of};
use super::{Labels, label};

const STREAMS_MAX: usize = 500;
/// Consumers and shards of all streams that are shown.
const PARTS_MAX: usize = 5_000;

/// What one series is told from: all samples, and those of the last minute that has some.
struct Row {
    labels: Labels<'static>,
    all: Vec<Stats>,
    last: Vec<Stats>,
}

/// The rows of every level.
#[derive(Default)]
struct Rows {
    streams: Vec<Row>,
    consumers: Vec<Row>,
    shards: Vec<Row>,
    hidden: usize,
}

pub(super) fn encode(metrics: &Metrics, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
    let rows = rows(metrics);
    family(encoder, OfStream::FACTS, &rows.streams)?;
    family(encoder, OfConsumer::FACTS, &rows.consumers)?;
    family(encoder, OfShard::FACTS, &rows.shards)?;
    let help = "Streams whose figures are not shown because there are too many";
    encoder
        .encode_descriptor("thalweg_metrics_streams_hidden", help, None, MetricType::Gauge)?
        .encode_gauge(&(rows.hidden as u64))
}

fn rows(metrics: &Metrics) -> Rows {
    let loaded = metrics.streams.load();
    let by_name: BTreeMap<_, _> = loaded.values().map(|stream| ((&stream.scope, &stream.name), stream)).collect();
    let mut rows = Rows { hidden: by_name.len().saturating_sub(STREAMS_MAX), ..Rows::default() };
    let this_minute = minute_of(metrics.clock.now().0);
    for ((scope, name), stream) in by_name.into_iter().take(STREAMS_MAX) {
        let (all, last) = stream.totals();
        // What is older than a minute says nothing about now.
        let last = last.filter(|(minute, _)| minute + 1 >= this_minute).map(|(_, figures)| figures).unwrap_or_default();
        let labels = vec![
            label("account", scope.account.to_string()),
            label("region", scope.region.to_string()),
            label("stream", name.to_string()),
        ];
        rows.parts_of(&all, &last, &labels);
        rows.streams.push(Row { labels, all: all.stream.to_vec(), last: last.stream.to_vec() });
    }
    rows
}

impl Rows {
    fn parts_of(&mut self, all: &Figures, last: &Figures, labels: &Labels<'static>) {
        let with = |name, value: String| labels.iter().cloned().chain([label(name, value)]).collect();
        let consumers = all.consumers.iter().take(PARTS_MAX - self.consumers.len());
        self.consumers.extend(consumers.map(|(name, row)| Row {
            labels: with("consumer", name.to_string()),
            all: row.to_vec(),
            last: last.consumers.get(name).map(|row| row.to_vec()).unwrap_or_default(),
        }));
        let shards = all.shards.iter().take(PARTS_MAX - self.shards.len());
        self.shards.extend(shards.map(|(id, row)| Row {
            labels: with("shard", id.to_string()),
            all: row.to_vec(),
            last: last.shards.get(id).map(|row| row.to_vec()).unwrap_or_default(),
        }));
    }
}

/// One family for each figure, with a series for each row that has samples.
fn family(encoder: &mut DescriptorEncoder, facts: &[Facts], rows: &[Row]) -> Result<(), std::fmt::Error> {
    for (index, facts) in facts.iter().enumerate() {
        let name = format!("aws_kinesis_{}", facts.short);
        let samples =
            || rows.iter().map(move |row| (&row.labels, &row.all[index])).filter(|(_, stats)| !stats.is_empty());
        let unit = (facts.unit == Measure::BYTES).then_some(Unit::Bytes);
        match facts.shown {
            Shown::Hidden => {}
            Shown::Sum => counter(encoder, &name, facts.help, unit, samples().map(|(l, stats)| (l, stats.sum)))?,
            Shown::Seconds => {
                let seconds = samples().map(|(labels, stats)| (labels, stats.sum / 1000.0));
                counter(encoder, &name, facts.help, Some(Unit::Seconds), seconds)?;
            }
            Shown::Success => {
                counter(encoder, &name, facts.help, unit, samples().map(|(labels, stats)| (labels, stats.sum)))?;
                let calls = name.replace("_success", "_calls");
                let help =
                    facts.help.replace(" that succeeded", "").replace(" of which at least one record succeeded", "");
                counter(encoder, &calls, &help, None, samples().map(|(labels, stats)| (labels, stats.count)))?;
            }
            Shown::Age => {
                let mut family =
                    encoder.encode_descriptor(&name, facts.help, Some(&Unit::Seconds), MetricType::Gauge)?;
                let aged = rows.iter().filter_map(|row| Some((&row.labels, row.last.get(index)?)));
                for (labels, stats) in aged.filter(|(_, stats)| !stats.is_empty()) {
                    family.encode_family(labels)?.encode_gauge(&(stats.maximum / 1000.0))?;
                }
            }
        }
    }
    Ok(())
}

fn counter<'r>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<Unit>,
    samples: impl Iterator<Item = (&'r Labels<'static>, f64)>,
) -> Result<(), std::fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Counter)?;
    for (labels, value) in samples {
        family.encode_family(labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)?;
    }
    Ok(())
}
