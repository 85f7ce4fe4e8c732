//! Times as text: the two forms of Flink's JSON format, and the civil calendar behind them.
//!
//! Everything is UTC and milliseconds since 1970. Flink writes a fraction only where there is one, and as many of its
//! digits as it has: `2026-01-31 12:00:00`, `2026-01-31 12:00:00.5`.

use std::fmt::Write;

const DAY_MILLIS: i64 = 86_400_000;

/// `json.timestamp-format.standard`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampFormat {
    /// `2026-01-31 12:00:00.5`
    Sql,
    /// `2026-01-31T12:00:00.5`
    Iso,
}

impl TimestampFormat {
    fn separator(self) -> u8 {
        match self {
            Self::Sql => b' ',
            Self::Iso => b'T',
        }
    }

    /// Reads a timestamp; `utc`: it ends in `Z`, as TIMESTAMP_LTZ does. Digits past the millisecond are dropped.
    pub(crate) fn parse(self, text: &str, utc: bool) -> Option<i64> {
        let text = if utc { text.strip_suffix('Z')? } else { text };
        let bytes = text.as_bytes();
        if *bytes.get(10)? != self.separator() {
            return None;
        }
        parse_date(text.get(..10)?)?.checked_mul(DAY_MILLIS)?.checked_add(parse_clock(text.get(11..)?)?)
    }

    /// Writes a timestamp; `utc`: with the `Z` of TIMESTAMP_LTZ.
    pub(crate) fn write(self, out: &mut String, millis: i64, utc: bool) {
        write_date(out, millis.div_euclid(DAY_MILLIS));
        out.push(char::from(self.separator()));
        let of_day = millis.rem_euclid(DAY_MILLIS);
        let (seconds, fraction) = (of_day / 1000, of_day % 1000);
        // Writing to a String cannot fail.
        let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if fraction > 0 {
            let digits = format!("{fraction:03}");
            let _ = write!(out, ".{}", digits.trim_end_matches('0'));
        }
        if utc {
            out.push('Z');
        }
    }
}

/// Days since 1970 of a civil date in the Gregorian calendar.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years start in March, so that the leap day is the last one; 400 years have 146,097 days.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Days since 1970 of `2026-01-31`; `None` for dates that do not exist.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(text.get(..4)?)?, number(text.get(5..7)?)?, number(text.get(8..)?)?);
    let days = days_from_civil(year, month, day);
    ((1..=12).contains(&month) && civil_from_days(days) == (year, month, day)).then_some(days)
}

/// Writes a day as `2026-01-31`.
pub(crate) fn write_date(out: &mut String, days: i64) {
    let (year, month, day) = civil_from_days(days);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

/// Milliseconds of `12:00:00` with up to nine digits of fraction.
fn parse_clock(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let (hours, minutes, seconds) = (number(text.get(..2)?)?, number(text.get(3..5)?)?, number(text.get(6..8)?)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let millis = match text.get(8..)? {
        "" => 0,
        fraction => {
            let digits = fraction.strip_prefix('.').filter(|digits| (1..=9).contains(&digits.len()))?;
            number(digits)?;
            digits.bytes().chain(*b"00").take(3).fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0'))
        }
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis)
}

fn number(digits: &str) -> Option<i64> {
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// An instant: `2026-01-31T12:00:00.000Z`, the same with `+01:00`, or seconds since 1970 with a fraction.
pub(crate) fn parse_instant(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some((seconds * 1000.0).round() as i64);
    }
    if let Some(millis) = TimestampFormat::Iso.parse(text, true) {
        return Some(millis);
    }
    let (time, zone) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let sign = match zone.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let offset = (number(hours)? * 60 + number(minutes)?) * 60_000 * sign;
    Some(TimestampFormat::Iso.parse(time, false)? - offset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(format: TimestampFormat, millis: i64, utc: bool) -> String {
        let mut out = String::new();
        format.write(&mut out, millis, utc);
        out
    }

    #[test]
    fn times_are_written_as_flink_writes_them() {
        assert_eq!(text(TimestampFormat::Sql, 0, false), "1970-01-01 00:00:00");
        assert_eq!(text(TimestampFormat::Sql, 1_586_937_900_500, false), "2020-04-15 08:05:00.5");
        assert_eq!(text(TimestampFormat::Sql, 1, true), "1970-01-01 00:00:00.001Z");
        assert_eq!(text(TimestampFormat::Iso, -1, true), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn wrong_times_are_refused() {
        for wrong in [
            "",
            "2020-04-15",
            "2020-04-15T08:05:00",
            "2020-02-30 00:00:00",
            "2020-04-15 24:00:00",
            "2020-04-15 08:05",
            "2020-04-15 08:05:00.",
            "2020-04-15 08:05:00Z",
            "é020-04-15 08:05:00",
        ] {
            assert_eq!(TimestampFormat::Sql.parse(wrong, false), None, "{wrong:?}");
        }
        assert_eq!(TimestampFormat::Sql.parse("2020-04-15 08:05:00.123456", false), Some(1_586_937_900_123));
    }

    #[test]
    fn instants_have_three_forms() {
        for form in ["2020-04-15T08:05:00Z", "2020-04-15T10:05:00.000+02:00", "1586937900"] {
            assert_eq!(parse_instant(form), Some(1_586_937_900_000), "{form}");
        }
        assert_eq!(parse_instant("yesterday"), None);
    }

    proptest! {
        #[test]
        fn times_round_trip(millis in -62_000_000_000_000i64..253_000_000_000_000, utc: bool) {
            for format in [TimestampFormat::Sql, TimestampFormat::Iso] {
                prop_assert_eq!(format.parse(&text(format, millis, utc), utc), Some(millis));
            }
        }
    }
}
