//! Where a tail begins.

use std::str::FromStr;
use std::time::Duration;

use types::Timestamp;

/// What `--from` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Horizon,
    Latest,
    Time(Timestamp),
    Ago(Duration),
}

/// The same, once it is known what time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    Horizon,
    Latest,
    Time(Timestamp),
}

impl From {
    pub(super) fn at(self, now: Timestamp) -> Begin {
        match self {
            Self::Horizon => Begin::Horizon,
            Self::Latest => Begin::Latest,
            Self::Time(time) => Begin::Time(time),
            Self::Ago(span) => Begin::Time(now.before(span)),
        }
    }
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "horizon" | "trim_horizon" => return Ok(Self::Horizon),
            "latest" => return Ok(Self::Latest),
            _ => {}
        }
        if let Some(ago) = text.strip_prefix('-').and_then(span) {
            return Ok(Self::Ago(ago));
        }
        time(text).map(Self::Time).ok_or_else(|| {
            format!("{text:?} is neither latest, horizon, a time such as 2026-01-31T12:00:00Z, nor a span such as -10m")
        })
    }
}

fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let count: u64 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(count.checked_mul(seconds)?))
}

/// RFC 3339, a time or date in the local zone, or seconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    let millis = if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        instant.as_millisecond()
    } else if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        jiff::tz::TimeZone::system().to_timestamp(civil).ok()?.as_millisecond()
    } else {
        (text.parse::<f64>().ok()? * 1000.0) as i64
    };
    u64::try_from(millis).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_read() {
        let check = |text: &str, expected: Option<From>| assert_eq!(text.parse::<From>().ok(), expected, "{text:?}");
        check("latest", Some(From::Latest));
        check("TRIM_HORIZON", Some(From::Horizon));
        check("-10m", Some(From::Ago(Duration::from_secs(600))));
        check("-2d", Some(From::Ago(Duration::from_secs(172_800))));
        check("2023-11-14T22:13:20.5Z", Some(From::Time(Timestamp(1_700_000_000_500))));
        check("1700000000.5", Some(From::Time(Timestamp(1_700_000_000_500))));
        for wrong in ["", "-", "-10", "-10x", "-é", "yesterday", "-1"] {
            check(wrong, None);
        }
        assert_eq!(From::Ago(Duration::from_secs(1)).at(Timestamp(5000)), Begin::Time(Timestamp(4000)));
    }
}
