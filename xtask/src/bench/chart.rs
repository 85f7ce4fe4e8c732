//! Plots as SVG, written by hand: bars for the peers, panels of points for growth.
//!
//! Owns the looks: colours that can be told apart and read on a light and on a dark page. Refuses data of its own.

/// A group of bars in one row: a name and its values with how they are coloured.
pub(crate) struct Bar {
    pub(crate) name: String,
    /// `None` is a row without a figure, which `note` explains.
    pub(crate) value: Option<f64>,
    pub(crate) note: String,
    pub(crate) colour: Colour,
}

/// What an acknowledgement stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Synced,
    Cached,
    Memory,
}

/// Values over the same labels.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<f64>,
}

const WIDTH: f64 = 860.0;
const ROW: f64 = 26.0;
const NAMES: f64 = 250.0;
const BARS: f64 = 430.0;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-weight:600;font-size:15px}.note{fill:#59636e;font-size:12px}\
.synced{fill:#1a7f5a}.cached{fill:#b7791f}.memory{fill:#8a63d2}\
.axis{stroke:#8c959f;stroke-width:1}.line{fill:none;stroke:#1a7f5a;stroke-width:2}.dot{fill:#1a7f5a}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.synced{fill:#3fb68b}.cached{fill:#e0a84a}\
.memory{fill:#a98bf0}.line{stroke:#3fb68b}.dot{fill:#3fb68b}}";

impl Colour {
    fn class(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Cached => "cached",
            Self::Memory => "memory",
        }
    }
}

/// Horizontal bars, in the order given, with a legend of what the colours mean.
pub(crate) fn bars(title: &str, unit: &str, rows: &[Bar]) -> String {
    let most = rows.iter().filter_map(|row| row.value).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let height = 76.0 + rows.len() as f64 * ROW;
    let mut body = format!("<text class=\"title\" x=\"12\" y=\"24\">{}</text>", escaped(title));
    let legend = [
        (Colour::Synced, "acknowledged after fsync"),
        (Colour::Cached, "in the page cache: lost with the power"),
        (Colour::Memory, "in the process: lost with it"),
    ];
    for (index, (colour, words)) in legend.into_iter().enumerate() {
        let x = 12.0 + index as f64 * 270.0;
        body.push_str(&format!(
            "<rect class=\"{}\" x=\"{x}\" y=\"38\" width=\"12\" height=\"12\" rx=\"2\"/>\
             <text class=\"note\" x=\"{}\" y=\"48\">{words}</text>",
            colour.class(),
            x + 18.0
        ));
    }
    for (index, row) in rows.iter().enumerate() {
        let y = 64.0 + index as f64 * ROW;
        let name = escaped(&row.name);
        body.push_str(&format!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>", NAMES - 8.0, y + 15.0));
        let width = row.value.unwrap_or(0.0) / most * BARS;
        body.push_str(&format!(
            "<rect class=\"{}\" x=\"{NAMES}\" y=\"{}\" width=\"{width:.1}\" height=\"18\" rx=\"2\"/>",
            row.colour.class(),
            y + 1.0
        ));
        let words = match row.value {
            Some(value) => format!("{} {unit}", shown(value)),
            None => row.note.clone(),
        };
        body.push_str(&format!(
            "<text class=\"note\" x=\"{:.1}\" y=\"{}\">{}</text>",
            NAMES + width + 8.0,
            y + 15.0,
            escaped(&words)
        ));
    }
    document(height, title, &body)
}

/// One panel for each line, the labels below: values at equal distances, from zero up.
pub(crate) fn lines(title: &str, labels: &[String], lines: &[Line]) -> String {
    const PANEL: f64 = 150.0;
    let mut body = format!("<text class=\"title\" x=\"12\" y=\"24\">{}</text>", escaped(title));
    let step = (WIDTH - 160.0) / labels.len().saturating_sub(1).max(1) as f64;
    for (index, line) in lines.iter().enumerate() {
        let top = 44.0 + index as f64 * (PANEL + 24.0);
        let bottom = top + PANEL;
        let most = line.values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let place = |index: usize, value: f64| (110.0 + index as f64 * step, bottom - value / most * (PANEL - 34.0));
        body.push_str(&format!("<text class=\"note\" x=\"12\" y=\"{}\">{}</text>", top + 12.0, line.name));
        body.push_str(&format!(
            "<line class=\"axis\" x1=\"80\" y1=\"{bottom}\" x2=\"{}\" y2=\"{bottom}\"/>",
            WIDTH - 20.0
        ));
        let points: Vec<(f64, f64)> =
            line.values.iter().enumerate().map(|(index, value)| place(index, *value)).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        body.push_str(&format!("<polyline class=\"line\" points=\"{}\"/>", path.join(" ")));
        for ((x, y), value) in points.iter().zip(&line.values) {
            body.push_str(&format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"));
            let above = y - 9.0;
            body.push_str(&format!(
                "<text x=\"{x:.1}\" y=\"{above:.1}\" text-anchor=\"middle\">{}</text>",
                shown(*value)
            ));
        }
    }
    let below = 44.0 + lines.len() as f64 * (PANEL + 24.0);
    for (index, label) in labels.iter().enumerate() {
        let x = 110.0 + index as f64 * step;
        body.push_str(&format!(
            "<text class=\"note\" x=\"{x:.1}\" y=\"{below}\" text-anchor=\"middle\">{}</text>",
            escaped(label)
        ));
    }
    document(below + 16.0, title, &body)
}

fn shown(value: f64) -> String {
    super::table::rounded(&serde_json::json!(value))
}

fn document(height: f64, title: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\" \
         aria-label=\"{}\"><style>{STYLE}</style>{}</svg>\n",
        escaped(title),
        body.replace("><", ">\n<")
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_width_and_text_is_escaped() {
        let bar = |name: &str, value| Bar { name: name.into(), value, note: "why".into(), colour: Colour::Synced };
        let svg = bars("a < b", "MB/s", &[bar("x & y", Some(10.0)), bar("half", Some(5.0)), bar("none", None)]);
        assert!(svg.contains("width=\"430.0\"") && svg.contains("width=\"215.0\""), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains("x &amp; y") && svg.contains(">why<"), "{svg}");
    }

    #[test]
    fn each_line_has_a_panel() {
        let labels = ["1", "2"].map(str::to_owned);
        let svg = lines("t", &labels, &[Line { name: "n", values: vec![1.0, 2.0] }]);
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
    }
}
