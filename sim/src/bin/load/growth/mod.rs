//! How cost grows: one thing is made larger while everything else stays as it is in the benchmark.
//!
//! Owns the four series and their form for programs. Refuses to explain: `docs/performance.md` does. Read next: any
//! series.

mod connections;
mod readers;
mod shards;
mod sizes;

use std::time::Duration;

use serde_json::{Value, json};

use crate::drive::Outcome;
use crate::figures::Context;
use crate::report::rounded;
use crate::{Bench, machine, time};

const SERIES: [&str; 4] = ["shards", "sizes", "connections", "readers"];

/// One measurement of a series.
pub(crate) struct Point {
    /// What was made larger, as a number and for people.
    pub(crate) x: f64,
    pub(crate) label: String,
    /// Of payload put.
    pub(crate) megabytes_per_second: f64,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) memory_mb: Option<f64>,
    /// What else there is to say.
    pub(crate) note: String,
}

impl Point {
    pub(crate) fn new(x: usize, label: String, outcome: &Outcome, request_bytes: usize, memory: Option<f64>) -> Self {
        Self {
            x: x as f64,
            label,
            megabytes_per_second: outcome.per_second() * request_bytes as f64 / 1e6,
            requests_per_second: outcome.per_second(),
            p50_ms: outcome.quantile_ms(0.5),
            p99_ms: outcome.quantile_ms(0.99),
            memory_mb: memory,
            note: String::new(),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "x": self.x, "label": self.label, "mb_s": self.megabytes_per_second, "requests_s": self.requests_per_second,
            "p50_ms": self.p50_ms, "p99_ms": self.p99_ms, "rss_mb": self.memory_mb, "note": self.note,
        })
    }
}

/// A series: its name, what one request of it is, and its points.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) points: Vec<Point>,
}

/// Measures the chosen series and prints a table of each.
pub(crate) async fn run(options: Bench) -> Result<(), String> {
    if let Some(unknown) = options.only.iter().find(|name| !SERIES.contains(&name.as_str())) {
        return Err(format!("no series is named {unknown}; there are {}", SERIES.join(", ")));
    }
    std::fs::create_dir_all(&options.scratch).map_err(|error| format!("{}: {error}", options.scratch.display()))?;
    let context = Context {
        thalweg: options.thalweg,
        scratch: options.scratch,
        duration: Duration::from_secs(options.seconds),
        stored_gb: 0.0,
        connections: 0,
    };
    let mut series = Vec::new();
    for name in SERIES {
        if !options.only.is_empty() && !options.only.iter().any(|wanted| wanted == name) {
            continue;
        }
        eprintln!("load: growth with {name}");
        let measured = match name {
            "shards" => shards::measure(&context).await,
            "sizes" => sizes::measure(&context).await,
            "connections" => connections::measure(&context).await,
            _ => readers::measure(&context).await,
        };
        series.push(measured.map_err(|error| format!("{name}: {error}"))?);
    }
    series.iter().for_each(print);
    let Some(path) = options.json else { return Ok(()) };
    let value = json!({
        "date": wire::sigv4::amz_date(time::wall_millis()),
        "machine": machine::describe(),
        "series": series.iter().map(|one| json!({
            "name": one.name, "title": one.title, "points": one.points.iter().map(Point::to_json).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    std::fs::write(&path, format!("{value:#}\n")).map_err(|error| format!("{}: {error}", path.display()))
}

fn print(series: &Series) {
    println!("\n{}", series.title);
    for point in &series.points {
        println!(
            "{:>16} {:>8} MB/s {:>9} calls/s  p50 {:>7} ms  p99 {:>7} ms  {:>6} MB  {}",
            point.label,
            rounded(point.megabytes_per_second),
            rounded(point.requests_per_second),
            rounded(point.p50_ms),
            rounded(point.p99_ms),
            point.memory_mb.map(rounded).unwrap_or_default(),
            point.note,
        );
    }
}
