//! The screen as a pure function: what is known and how large the terminal is go in, lines come out. The numbers stay
//! in their places, so that only what changes moves.
//!
//! Owns: what stands where. Refuses: the terminal (`terminal.rs`, read it next) and counting (`board.rs`).
//! A picture for the README: run the demo in `tmux` and `tmux capture-pane -p`.

use std::time::Duration;

use super::board::Snapshot;
use super::format;
use super::rows::Row;

/// What does not change while the demo runs.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    pub(super) url: String,
    /// Lines for another terminal, each of which is pasted whole.
    pub(super) paste: Vec<String>,
    /// One line that stands for them where there is no room.
    pub(super) paste_short: String,
}

/// How a line is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Title,
    Plain,
    Quiet,
}

/// One line; `may_wrap` lines are left whole for pasting and take several rows where they are long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) may_wrap: bool,
}

impl Line {
    fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style, may_wrap: false }
    }

    fn whole(text: &str) -> Self {
        Self { text: text.into(), style: Style::Quiet, may_wrap: true }
    }

    /// Rows of a terminal of this width.
    pub(super) fn rows(&self, width: usize) -> usize {
        if self.may_wrap { self.text.chars().count().div_ceil(width.max(1)).max(1) } else { 1 }
    }
}

const TABLE_HEAD_ROWS: usize = 2;

/// The screen, at most `height` rows of at most `width` columns.
pub(super) fn lines(fixed: &Fixed, seen: &Snapshot, elapsed: Duration, width: usize, height: usize) -> Vec<Line> {
    let mut lines = vec![head(fixed, elapsed, width), Line::new(Style::Plain, "")];
    lines.extend(figures(seen));
    lines.push(Line::new(Style::Plain, ""));
    let used = lines.len() + TABLE_HEAD_ROWS;
    let one_window = seen.windows.first().map_or(1, |(_, _, rows)| rows.len());
    let paste = paste_section(fixed, width, height.saturating_sub(used + one_window));
    let paste_rows: usize = paste.iter().map(|line| line.rows(width)).sum();
    lines.extend(table(seen, width, height.saturating_sub(used + paste_rows)));
    lines.extend(paste);
    let mut left = height;
    lines.retain(|line| {
        let fits = line.rows(width) <= left;
        left = left.saturating_sub(line.rows(width));
        fits
    });
    for line in lines.iter_mut().filter(|line| !line.may_wrap) {
        line.text = cut(&line.text, width);
    }
    lines
}

fn head(fixed: &Fixed, elapsed: Duration, width: usize) -> Line {
    let left = format!("Thalweg demo   {}   {}", fixed.url, format::span(Duration::from_secs(elapsed.as_secs())));
    let right = "Ctrl-C flushes and stops";
    let gap = width.saturating_sub(left.chars().count() + right.len()).max(3);
    Line::new(Style::Title, format!("{left}{:gap$}{right}", ""))
}

fn figures(seen: &Snapshot) -> Vec<Line> {
    let totals = seen.totals;
    let rate = format!("{} records/s", format::count(seen.records_per_second.round() as u64));
    let acknowledged = format!("{} acknowledged{}", format::counted(totals.records, "record"), troubles(seen));
    let delivered = seen.delivered;
    let delivery_lag = if seen.delivery_lag_records == 0 {
        "Firehose none".into()
    } else {
        let waiting = format::counted(seen.delivery_lag_records, "record");
        format!("Firehose {waiting}, {}", format::span(seen.delivery_lag))
    };
    let row_lag = match seen.row_lag {
        Some(lag) => format!("SQL rows {} after their window", format::span(lag)),
        None => "SQL waits for the first window to close".into(),
    };
    let two =
        |name: &str, left: String, right: String| Line::new(Style::Plain, format!("{name:<11} {left:<31} {right}"));
    vec![
        two("Ingest", format!("{rate:<16} {}/s", format::bytes(seen.bytes_per_second.round() as u64)), acknowledged),
        two(
            "Stored",
            format!("{} durable in the log", format::bytes(seen.durable_bytes)),
            format!("{} of files, made ahead", format::bytes(seen.file_bytes)),
        ),
        two(
            "Delivered",
            format!("{:<16} {}", format::counted(delivered.objects, "object"), format::bytes(delivered.bytes)),
            format!("{} in them", format::counted(delivered.records, "record")),
        ),
        two("Lag", delivery_lag, row_lag),
    ]
}

fn troubles(seen: &Snapshot) -> String {
    let mut text = String::new();
    if seen.totals.retried > 0 {
        text.push_str(&format!(", {} retried", format::count(seen.totals.retried)));
    }
    if seen.totals.dropped > 0 {
        text.push_str(&format!(", {} refused", format::count(seen.totals.dropped)));
    }
    text
}

/// The newest windows that fit into `rows`; a window that does not fit as a whole says how much is left out.
fn table(seen: &Snapshot, width: usize, rows: usize) -> Vec<Line> {
    let mut lines = vec![
        Line::new(Style::Title, "CPU per core in windows of 5 s, by event time (UTC)"),
        Line::new(
            Style::Quiet,
            format!("{:<20} {:<7} {:>8} {:>8} {:>8}", "window", "core", "average", "maximum", "samples"),
        ),
    ];
    if seen.windows.is_empty() {
        lines.push(Line::new(Style::Quiet, "the first window closes within about 7 s"));
        return lines;
    }
    let mut left = rows;
    for (start, end, window) in &seen.windows {
        if left == 0 {
            break;
        }
        let shown = if window.len() <= left { window.len() } else { left - 1 };
        if shown == 0 && lines.len() > TABLE_HEAD_ROWS {
            break;
        }
        for (index, row) in window.iter().take(shown).enumerate() {
            let name = format!("{} - {}", format::time_of_day(start), format::time_of_day(end));
            lines.push(row_line(if index == 0 { &name } else { "" }, row, width));
        }
        if shown < window.len() {
            lines.push(Line::new(Style::Quiet, format!("{:<20} and {} more cores", "", window.len() - shown)));
            break;
        }
        left -= shown;
    }
    lines
}

fn row_line(window: &str, row: &Row, width: usize) -> Line {
    let (average, maximum) = (format::percent(row.average), format::percent(row.maximum));
    let text = format!("{window:<20} {:<7} {average:>8} {maximum:>8} {:>8}", row.core, row.samples);
    let room = width.saturating_sub(text.chars().count() + 2).min(40);
    Line::new(Style::Plain, format!("{text}  {}", bar(row, room)).trim_end())
}

/// The average as blocks and the way to the maximum as dots, out of 100 % in `room` columns.
fn bar(row: &Row, room: usize) -> String {
    let columns =
        |percent: Option<f64>| (percent.unwrap_or(0.0).clamp(0.0, 100.0) / 100.0 * room as f64).round() as usize;
    let average = columns(row.average);
    let rest = columns(row.maximum).saturating_sub(average);
    format!("{}{}", "█".repeat(average), "·".repeat(rest))
}

/// The lines to paste if they fit into `rows`, else the short form, else nothing.
fn paste_section(fixed: &Fixed, width: usize, rows: usize) -> Vec<Line> {
    let titled = |body: Vec<Line>| {
        let title = "In another terminal";
        [Line::new(Style::Plain, ""), Line::new(Style::Title, title)].into_iter().chain(body).collect::<Vec<_>>()
    };
    let forms = [fixed.paste.iter().map(|line| Line::whole(line)).collect(), vec![Line::whole(&fixed.paste_short)]];
    let fits = |lines: &Vec<Line>| lines.iter().map(|line| line.rows(width)).sum::<usize>() <= rows;
    forms.into_iter().map(titled).find(fits).unwrap_or_default()
}

fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect::<String>().trim_end().into()
}

/// One line of figures, where the output is not a terminal.
pub(super) fn status_line(seen: &Snapshot, elapsed: Duration) -> String {
    let lag = format!("{} records, {}", format::count(seen.delivery_lag_records), format::span(seen.delivery_lag));
    let row_lag = seen.row_lag.map_or_else(|| "-".into(), format::span);
    format!(
        "{} s: {} records/s, {}/s, {} records acknowledged{}, {} stored, {} delivered ({} records), \
         lag Firehose {lag}, SQL {row_lag}",
        elapsed.as_secs(),
        format::count(seen.records_per_second.round() as u64),
        format::bytes(seen.bytes_per_second.round() as u64),
        format::count(seen.totals.records),
        troubles(seen),
        format::bytes(seen.durable_bytes),
        format::counted(seen.delivered.objects, "object"),
        format::count(seen.delivered.records),
    )
}

/// One row of the query, where the output is not a terminal.
pub(super) fn plain_row(row: &Row) -> String {
    format!(
        "window {} - {}  {}  average {}  maximum {}  {} samples",
        format::time_of_day(&row.window_start),
        format::time_of_day(&row.window_end),
        row.core,
        format::percent(row.average),
        format::percent(row.maximum),
        row.samples
    )
}

#[cfg(test)]
mod tests;
