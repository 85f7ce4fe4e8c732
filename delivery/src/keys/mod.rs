//! Names of objects: an evaluated prefix and a suffix that cannot be changed.
//!
//! `<prefix><name>-<version>-<yyyy>-<MM>-<dd>-<HH>-<mm>-<ss>-<uuid><extension>`. All times of one key are the arrival
//! of the oldest record in the object, in the delivery stream's zone. Nothing separates prefix and name.
//! Read [`prefix`] for the expressions, [`time_format`] for the letters of a timestamp.

mod prefix;
mod time_format;

use jiff::tz::TimeZone;
use types::{Random, Timestamp, new_uuid};

use crate::catalog::DeliveryStream;
use crate::config::{Compression, Destination};
pub(crate) use prefix::PrefixError;
use prefix::{Place, Prefix};
use time_format::TimeFormat;

/// Longest evaluated prefix, in characters (developer guide, custom prefixes).
const PREFIX_CHARACTERS_MAX: usize = 512;
/// The default prefix, and what is appended to one without a time (developer guide, custom prefixes).
const HOURLY: &str = "!{timestamp:yyyy/MM/dd/HH/}";
/// A Wednesday in September: no other day has longer names.
const LONGEST_DAY: Timestamp = Timestamp(1_788_296_645_123);

/// Makes the keys of one delivery stream.
#[derive(Debug)]
pub(crate) struct ObjectKeys {
    prefix: Prefix,
    suffix_time: TimeFormat,
    stem: String,
    extension: String,
    zone: TimeZone,
}

impl ObjectKeys {
    /// Reads prefix, zone and extension; what cannot be read is refused with AWS's words where they are known.
    pub(crate) fn new(name: &str, destination: &Destination) -> Result<Self, PrefixError> {
        let given = destination.prefix.as_deref().unwrap_or_default();
        let mut prefix = Prefix::parse(given, Place::Prefix)?;
        let error_prefix = destination.error_prefix.as_deref().unwrap_or_default();
        let errors = Prefix::parse(error_prefix, Place::ErrorPrefix)?;
        if prefix.has_expression() && error_prefix.is_empty() {
            return Err(PrefixError::ErrorPrefixMissing);
        }
        if errors.has_expression() && !errors.has_error_type() {
            return Err(PrefixError::ErrorTypeMissing);
        }
        if !prefix.has_time() {
            prefix.append(Prefix::parse(HOURLY, Place::Prefix)?);
        }
        let keys = Self {
            prefix,
            suffix_time: TimeFormat::parse("-yyyy-MM-dd-HH-mm-ss-").map_err(PrefixError::TimeFormat)?,
            stem: format!("{name}-{}", DeliveryStream::VERSION),
            extension: extension(destination),
            zone: zone(destination.time_zone.as_deref())?,
        };
        keys.check()?;
        Ok(keys)
    }

    /// The key of an object whose oldest record arrived at `oldest`.
    pub(crate) fn key(&self, oldest: Timestamp, random: &dyn Random) -> String {
        let at = self.local(oldest);
        let (prefix, time) = (self.prefix.evaluate(&at, random), self.suffix_time.format(&at));
        format!("{prefix}{}{time}{}{}", self.stem, new_uuid(random), self.extension)
    }

    fn local(&self, time: Timestamp) -> jiff::ZonedDateTime {
        let millis = i64::try_from(time.0).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_zoned_datetime(self.zone.clone())
    }

    /// Keys are paths in a bucket: what a bucket could not hold under its own name is refused at creation.
    fn check(&self) -> Result<(), PrefixError> {
        let sample = self.prefix.evaluate(&self.local(LONGEST_DAY), &types::SystemRandom);
        if sample.chars().count() > PREFIX_CHARACTERS_MAX {
            return Err(PrefixError::TooLong { characters_max: PREFIX_CHARACTERS_MAX });
        }
        let strange = |segment: &str| matches!(segment, "" | "." | "..") || segment.chars().any(char::is_control);
        // What follows the last slash is glued to the name, so it may be empty.
        if sample.rsplit('/').skip(1).any(strange) || sample.chars().any(char::is_control) {
            return Err(PrefixError::Segments);
        }
        Ok(())
    }
}

fn extension(destination: &Destination) -> String {
    match (destination.file_extension.as_deref(), destination.compression) {
        (Some(given), _) if !given.is_empty() => given.into(),
        (_, Compression::Gzip) => ".gz".into(),
        (_, Compression::Uncompressed) => String::new(),
    }
}

fn zone(name: Option<&str>) -> Result<TimeZone, PrefixError> {
    match name {
        None | Some("") => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name).map_err(|_| PrefixError::TimeZone(name.into())),
    }
}

#[cfg(test)]
mod tests;
