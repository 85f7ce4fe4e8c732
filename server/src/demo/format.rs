//! Numbers as people read them.

use std::time::Duration;

/// `1,234,567`.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `3 objects`, `1 object`.
pub(super) fn counted(value: u64, noun: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(value))
}

/// `999 B`, `1.2 kB`, `34.5 MB`: decimal units, as on the labels of disks and networks.
pub(super) fn bytes(value: u64) -> String {
    let mut scaled = value as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB", "PB"] {
        // What would be written as 1000.0 belongs to the next unit.
        if scaled < 999.95 {
            break;
        }
        scaled /= 1000.0;
        unit = next;
    }
    if unit == "B" { format!("{value} B") } else { format!("{scaled:.1} {unit}") }
}

/// `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
pub(super) fn span(value: Duration) -> String {
    let seconds = value.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", value.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// `12.3 %`, or a dash where there is no value.
pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.1} %"))
}

/// The time of day in an SQL timestamp: `20:08:05` of `2026-11-24 20:08:05.000`.
pub(super) fn time_of_day(timestamp: &str) -> &str {
    timestamp.get(11..19).unwrap_or(timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(0), count(999), count(1000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([counted(1, "object"), counted(2, "object")], ["1 object", "2 objects"]);
        assert_eq!([bytes(0), bytes(999), bytes(1000), bytes(999_960)], ["0 B", "999 B", "1.0 kB", "1.0 MB"]);
        assert_eq!(bytes(u64::MAX), "18446.7 PB");
        let spans = [400, 12_900, 185_000, 3_720_000].map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(spans, ["0.4 s", "12 s", "3 min 05 s", "1 h 02 min"]);
        assert_eq!([percent(Some(12.345)), percent(None)], ["12.3 %", "-"]);
        assert_eq!(time_of_day("2026-11-24 20:08:05.000"), "20:08:05");
        assert_eq!(time_of_day("x"), "x");
    }
}
