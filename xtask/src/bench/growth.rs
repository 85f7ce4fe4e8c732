//! `cargo xtask bench growth`: how cost grows with shards, sizes, connections and readers.
//!
//! Owns which plot shows what. The series are the load generator's (`sim/src/bin/load/growth/`).

use super::chart::{Line, lines};
use super::{Programs, page, table};

pub(crate) fn run(programs: &Programs, arguments: &[String], write_docs: bool) -> Result<(), String> {
    let measured = programs.measure("growth", arguments)?;
    if !write_docs {
        return Ok(());
    }
    let mut text = format!("{}, {}.\n\n", table::text(&measured["date"]), table::text(&measured["machine"]));
    for series in measured["series"].as_array().into_iter().flatten() {
        let name = table::text(&series["name"]);
        let labels: Vec<String> =
            series["points"].as_array().into_iter().flatten().map(|point| table::text(&point["label"])).collect();
        let values = |member: &str| -> Vec<f64> {
            let points = series["points"].as_array().into_iter().flatten();
            points.map(|point| point[member].as_f64().unwrap_or(0.0)).collect()
        };
        let shown =
            [Line { name: "MB/s put", values: values("mb_s") }, Line { name: "p99, ms", values: values("p99_ms") }];
        page::plot(&format!("growth-{name}"), &lines(&table::text(&series["title"]), &labels, &shown))?;
        text.push_str(&table::series(series));
        text.push_str(&format!("\n![{name}](performance/growth-{name}.svg)\n\n"));
    }
    page::replace("growth", &text)
}
