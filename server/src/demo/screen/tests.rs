//! State in, text out, at several sizes of the terminal.

use super::super::board::Totals;
use super::super::objects::Delivered;
use super::*;

fn fixed() -> Fixed {
    Fixed {
        url: "http://127.0.0.1:4567".into(),
        paste: vec!["export A=1".into(), format!("aws {}", "x".repeat(100))],
        paste_short: "eval short".into(),
    }
}

fn seen(cores: usize, windows: usize) -> Snapshot {
    let window = |minute: usize| {
        let (start, end) = (format!("2026-11-24 20:{minute:02}:00"), format!("2026-11-24 20:{minute:02}:05"));
        let row = |core: usize| Row {
            window_start: start.clone(),
            window_end: end.clone(),
            ..Row::example(&format!("cpu{core}"), "")
        };
        (start.clone(), end.clone(), (0..cores).map(row).collect())
    };
    Snapshot {
        totals: Totals { records: 5544, bytes: 890_000, ..Totals::default() },
        records_per_second: 142.4,
        bytes_per_second: 23_100.0,
        delivered: Delivered { objects: 1, bytes: 41_200, records: 5280 },
        durable_bytes: 898_100,
        file_bytes: 256_000_000,
        delivery_lag_records: 264,
        delivery_lag: Duration::from_millis(6100),
        row_lag: Some(Duration::from_millis(1300)),
        windows: (0..windows).rev().map(window).collect(),
    }
}

fn text(width: usize, height: usize, seen: &Snapshot) -> String {
    let lines = lines(&fixed(), seen, Duration::from_secs(42), width, height);
    lines.iter().map(|line| format!("{}\n", line.text)).collect()
}

#[test]
fn a_wide_screen_shows_everything() {
    let expected = "\
Thalweg demo   http://127.0.0.1:4567   42 s                                 Ctrl-C flushes and stops

Ingest      142 records/s    23.1 kB/s      5,544 records acknowledged
Stored      898.1 kB durable in the log     256.0 MB of files, made ahead
Delivered   1 object         41.2 kB        5,280 records in them
Lag         Firehose 264 records, 6.1 s     SQL rows 1.3 s after their window

CPU per core in windows of 5 s, by event time (UTC)
window               core     average  maximum  samples
20:01:00 - 20:01:05  cpu0      12.3 %   56.0 %       50  █████·················
                     cpu1      12.3 %   56.0 %       50  █████·················
20:00:00 - 20:00:05  cpu0      12.3 %   56.0 %       50  █████·················
                     cpu1      12.3 %   56.0 %       50  █████·················

In another terminal
export A=1
";
    let seen = text(100, 30, &seen(2, 2));
    assert!(seen.starts_with(expected), "{seen}");
    assert!(seen.contains(&format!("aws {}\n", "x".repeat(100))), "left whole for pasting");
}

#[test]
fn a_low_screen_keeps_the_newest_window() {
    let seen = seen(2, 9);
    let low = text(80, 14, &seen);
    assert!(low.contains("20:08:00 - 20:08:05  cpu0") && low.contains("eval short"), "{low}");
    let lower = text(80, 11, &seen);
    assert!(lower.contains("20:08:00 - 20:08:05  cpu0") && !lower.contains("eval"), "{lower}");
}

#[test]
fn many_cores_are_cut_with_a_word() {
    let text = text(80, 16, &seen(64, 3));
    assert!(text.contains("cpu5") && text.contains("and 58 more cores"), "{text}");
}

#[test]
fn no_size_is_too_small_or_overflows() {
    for (cores, windows) in [(0, 0), (1, 1), (4, 3), (64, 32)] {
        let seen = seen(cores, windows);
        for width in [0, 1, 20, 79, 200] {
            for height in 0..40 {
                let lines = lines(&fixed(), &seen, Duration::ZERO, width, height);
                assert!(lines.iter().map(|line| line.rows(width)).sum::<usize>() <= height);
                assert!(lines.iter().all(|line| line.may_wrap || line.text.chars().count() <= width));
            }
        }
    }
}

#[test]
fn before_the_first_window_the_screen_says_so() {
    let seen = Snapshot::default();
    let text = text(80, 24, &seen);
    assert!(text.contains("the first window closes within") && text.contains("Firehose none"), "{text}");
    assert!(status_line(&seen, Duration::ZERO).contains("0 objects delivered"));
}

#[test]
fn plain_lines_say_the_same() {
    let mut seen = seen(1, 1);
    seen.totals.retried = 3;
    let line = status_line(&seen, Duration::from_secs(42));
    assert!(
        line.starts_with("42 s: 142 records/s, 23.1 kB/s, 5,544 records acknowledged, 3 retried, 898.1 kB stored"),
        "{line}"
    );
    assert!(line.ends_with("1 object delivered (5,280 records), lag Firehose 264 records, 6.1 s, SQL 1.3 s"), "{line}");
    let row = plain_row(&seen.windows[0].2[0]);
    assert_eq!(row, "window 20:00:00 - 20:00:05  cpu0  average 12.3 %  maximum 56.0 %  50 samples");
}
