//! Measured values as Markdown tables.
//!
//! Owns rounding and the forms. Refuses opinions: what a figure means stands in the page around it.

use serde_json::Value;

/// Three digits are all that a run of seconds supports; a dash where there is nothing.
pub(crate) fn rounded(value: &Value) -> String {
    match value.as_f64() {
        None => "–".to_owned(),
        Some(value) if value.abs() >= 100.0 => thousands(value.round()),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text for a cell.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('|', "\\|")
}

/// The figures of a run with what held for all of them.
pub(crate) fn figures(report: &Value) -> String {
    let mut page = String::new();
    for (name, value) in report["conditions"].as_object().into_iter().flatten() {
        page.push_str(&format!("- {name}: {}\n", text(value)));
    }
    page.push_str("\n| figure | value | unit | how |\n|---|---:|---|---|\n");
    for figure in report["figures"].as_array().into_iter().flatten() {
        let cells = [text(&figure["what"]), rounded(&figure["value"]), text(&figure["unit"]), text(&figure["how"])];
        page.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    for remark in report["remarks"].as_array().into_iter().flatten() {
        page.push_str(&format!("\n{}\n", text(remark)));
    }
    page
}

/// One series of growth.
pub(crate) fn series(series: &Value) -> String {
    let mut page = format!("**{}**\n\n", text(&series["title"]));
    page.push_str("| | MB/s | calls/s | p50 ms | p99 ms | memory MB | |\n|---|---:|---:|---:|---:|---:|---|\n");
    for point in series["points"].as_array().into_iter().flatten() {
        let values = ["mb_s", "requests_s", "p50_ms", "p99_ms", "rss_mb"].map(|name| rounded(&point[name]));
        page.push_str(&format!("| {} | {} | {} |\n", text(&point["label"]), values.join(" | "), text(&point["note"])));
    }
    page
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::rounded;

    #[test]
    fn three_digits_and_groups_of_thousands() {
        let shown = [0.123, 12.34, 123.4, 1233.6, 1_234_567.0].map(|value| rounded(&json!(value)));
        assert_eq!(shown, ["0.12", "12.3", "123", "1,234", "1,234,567"]);
        assert_eq!(rounded(&json!(null)), "–");
    }
}
