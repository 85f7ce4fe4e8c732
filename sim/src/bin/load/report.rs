//! The table and its JSON form: no figure without what it was measured with.

use std::path::Path;

use serde_json::{Value, json};

/// One line of the table.
pub(crate) struct Figure {
    /// A stable name for programs.
    pub(crate) key: String,
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// Payload, concurrency and what else makes the figure mean something.
    pub(crate) how: String,
}

/// All figures of one run, and what holds for all of them.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) conditions: Vec<(&'static str, String)>,
    pub(crate) figures: Vec<Figure>,
    remarks: Vec<String>,
}

impl Report {
    pub(crate) fn condition(&mut self, name: &'static str, value: impl Into<String>) {
        self.conditions.push((name, value.into()));
    }

    pub(crate) fn figure(&mut self, key: &str, what: &str, value: f64, unit: &'static str, how: &str) {
        self.figures.push(Figure { key: key.to_owned(), what: what.to_owned(), value, unit, how: how.to_owned() });
    }

    /// What could not be measured, and why.
    pub(crate) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    pub(crate) fn value(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.key == key).map(|figure| figure.value)
    }

    /// The table for people.
    pub(crate) fn print(&self) {
        println!();
        for (name, value) in &self.conditions {
            println!("{name:<12} {value}");
        }
        println!();
        let width = self.figures.iter().map(|figure| figure.what.len()).max().unwrap_or(0);
        for figure in &self.figures {
            let value = rounded(figure.value);
            println!("{:<width$}  {value:>10} {:<7} {}", figure.what, figure.unit, figure.how);
        }
        for remark in &self.remarks {
            println!("{remark}");
        }
    }

    /// The same for programs, if a file is wanted.
    pub(crate) fn write(&self, path: Option<&Path>) -> Result<(), String> {
        let Some(path) = path else { return Ok(()) };
        let text = format!("{:#}\n", self.to_json());
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn to_json(&self) -> Value {
        let conditions = self.conditions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let figures = self.figures.iter().map(|figure| {
            json!({
                "key": figure.key, "what": figure.what, "value": figure.value, "unit": figure.unit, "how": figure.how,
            })
        });
        json!({
            "conditions": Value::Object(conditions), "figures": figures.collect::<Vec<_>>(), "remarks": self.remarks,
        })
    }
}

/// Three digits are all that a run of seconds supports.
pub(crate) fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
