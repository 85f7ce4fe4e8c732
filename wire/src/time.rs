//! The date forms of signed requests and of the query protocol, without a calendar library.

const DAY_SECONDS: i64 = 86_400;

/// Reads `20150830T123600Z`; seconds since 1970.
pub(crate) fn parse_basic(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    if date.len() != 8 || time.len() != 6 {
        return None;
    }
    let day = days(number(date.get(..4)?)?, number(date.get(4..6)?)?, number(date.get(6..)?)?)?;
    let (hour, minute, second) = (number(time.get(..2)?)?, number(time.get(2..4)?)?, number(time.get(4..)?)?);
    seconds(day, hour, minute, second)
}

/// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, the form of the `Date` header; seconds since 1970.
pub(crate) fn parse_http(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.strip_suffix(" GMT")?.split(' ');
    let (day, month, year) = (number(words.next()?)?, words.next()?, number(words.next()?)?);
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let mut clock = words.next()?.split(':');
    let (hour, minute, second) = (number(clock.next()?)?, number(clock.next()?)?, number(clock.next()?)?);
    if words.next().is_some() || clock.next().is_some() {
        return None;
    }
    seconds(days(year, month, day)?, hour, minute, second)
}

/// Writes `20150830T123600Z`; times outside the years 0 to 9999 are moved to the nearest of them.
pub(crate) fn format_basic(seconds: i64) -> String {
    let seconds = seconds.clamp(-62_167_219_200, 253_402_300_799);
    let (year, month, day) = civil(seconds.div_euclid(DAY_SECONDS));
    let clock = seconds.rem_euclid(DAY_SECONDS);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", clock / 3600, clock / 60 % 60, clock % 60)
}

/// Reads `2015-08-30T12:36:00Z`, with a fraction of a second and an offset like `+02:00` if need be; milliseconds since
/// 1970.
pub(crate) fn parse_iso(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let sign = time.rfind(['+', '-'])?;
            let (hours, minutes) = time.get(sign + 1..)?.split_once(':')?;
            let minutes = number(hours)? * 60 + number(minutes)?;
            (time.get(..sign)?, if time.as_bytes().get(sign) == Some(&b'-') { -minutes } else { minutes })
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    // Digits behind the third are cut, so none is rounded up to the next second.
    let digits = fraction.bytes().all(|b| b.is_ascii_digit()) && !fraction.is_empty();
    let millis = digits.then(|| number(&format!("{fraction:0<3}")[..3]))??;
    Some((seconds(days(year, month, day)?, hour, minute, second)? - offset * 60) * 1000 + millis)
}

/// Writes `2015-08-30T12:36:00Z`, with milliseconds where there are any; years are bounded as in [`format_basic`].
pub(crate) fn format_iso(millis: i64) -> String {
    let seconds = millis.div_euclid(1000).clamp(-62_167_219_200, 253_402_300_799);
    let (year, month, day) = civil(seconds.div_euclid(DAY_SECONDS));
    let clock = seconds.rem_euclid(DAY_SECONDS);
    let fraction = match millis.rem_euclid(1000) {
        0 => String::new(),
        millis => format!(".{millis:03}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{fraction}Z", clock / 3600, clock / 60 % 60, clock % 60)
}

fn number(digits: &str) -> Option<i64> {
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

fn seconds(day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    // 60 is a leap second, which the next minute's first second stands for.
    (hour < 24 && minute < 60 && second <= 60).then_some(day * DAY_SECONDS + hour * 3600 + minute * 60 + second)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March, so that the leap day is
/// the last one and month lengths follow one formula; 400 years have 146,097 days.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year_from_march = if month <= 2 { year - 1 } else { year };
    let era = year_from_march.div_euclid(400);
    let year_of_era = year_from_march.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let count = era * 146_097 + day_of_era - 719_468;
    // 31 April comes back as 1 May.
    (civil(count) == (year, month, day)).then_some(count)
}

/// The calendar day that is `days` after 1970-01-01; the inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + shifted.div_euclid(146_097) * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(parse_basic("20150830T123600Z"), Some(1_440_938_160));
        assert_eq!(parse_basic("20240229T000000Z"), Some(1_709_164_800));
        assert_eq!(parse_http("Sun, 30 Aug 2015 12:36:00 GMT"), Some(1_440_938_160));
        for bad in
            ["", "20150830T123600", "20150230T000000Z", "20151330T000000Z", "2015083OT123600Z", "20150830T240000Z"]
        {
            assert_eq!(parse_basic(bad), None, "{bad:?}");
        }
        assert_eq!(parse_http("Sun, 30 Aug 2015 12:36 GMT"), None);
    }

    #[test]
    fn iso_dates_have_fractions_and_offsets() {
        assert_eq!(parse_iso("2015-08-30T12:36:00Z"), Some(1_440_938_160_000));
        assert_eq!(parse_iso("2015-08-30T12:36:00.5Z"), Some(1_440_938_160_500));
        assert_eq!(parse_iso("2015-08-30T14:36:00.123456789+02:00"), Some(1_440_938_160_123));
        assert_eq!(parse_iso("1969-12-31T23:59:59.999Z"), Some(-1));
        for bad in ["", "2015-08-30", "2015-08-30T12:36:00", "2015-08-30T12:36:00.Z", "2015-08-30T12:36Z", "T+:"] {
            assert_eq!(parse_iso(bad), None, "{bad:?}");
        }
        assert_eq!(format_iso(1_440_938_160_000), "2015-08-30T12:36:00Z");
    }

    proptest! {
        #[test]
        fn iso_dates_round_trip(millis in -62_167_219_200_000_i64..=253_402_300_799_999) {
            prop_assert_eq!(parse_iso(&format_iso(millis)), Some(millis));
        }

        #[test]
        fn dates_round_trip(seconds in -62_167_219_200_i64..=253_402_300_799) {
            prop_assert_eq!(parse_basic(&format_basic(seconds)), Some(seconds));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            _ = parse_basic(&text);
            _ = parse_http(&text);
            _ = parse_iso(&text);
        }
    }
}
