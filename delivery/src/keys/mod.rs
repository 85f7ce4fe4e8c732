//! Names of objects: an evaluated prefix and a suffix that cannot be changed, or a template.
//!
//! Firehose: `<prefix><name>-<version>-<yyyy>-<MM>-<dd>-<HH>-<mm>-<ss>-<uuid><extension>`; nothing separates prefix and
//! name. Channels: a template in the same language of expressions, which always ends in a UUID, and the extension. All
//! times of one key are the arrival of the oldest record in the object, in the delivery stream's zone or in UTC.
//! Read [`prefix`] for the expressions, [`time_format`] for the letters of a timestamp.

mod prefix;
mod time_format;

use jiff::tz::TimeZone;
use types::{Random, Timestamp};

use crate::catalog::DeliveryStream;
use crate::config::Destination;
pub(crate) use prefix::{ChannelNames, PrefixError};
use prefix::{Place, Prefix};

/// Longest evaluated prefix, in characters (developer guide, custom prefixes).
const PREFIX_CHARACTERS_MAX: usize = 512;
/// Longest key of S3, in bytes.
const KEY_BYTES_MAX: usize = 1024;
/// The default prefix, and what is appended to one without a time (developer guide, custom prefixes).
const HOURLY: &str = "!{timestamp:yyyy/MM/dd/HH/}";
/// A Wednesday in September: no other day has longer names.
const LONGEST_DAY: Timestamp = Timestamp(1_788_296_645_123);

/// Makes the keys of one flow.
#[derive(Debug)]
pub(crate) struct ObjectKeys {
    whole: Prefix,
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
        let zone = zone(destination.time_zone.as_deref())?;
        let sample = prefix.evaluate(&local(LONGEST_DAY, &zone), &types::SystemRandom);
        if sample.chars().count() > PREFIX_CHARACTERS_MAX {
            return Err(PrefixError::TooLong { characters_max: PREFIX_CHARACTERS_MAX });
        }
        check_segments(&sample)?;
        prefix.append(Prefix::text(format!("{name}-{}", DeliveryStream::VERSION)));
        prefix.append(Prefix::parse("!{timestamp:-yyyy-MM-dd-HH-mm-ss-}", Place::Prefix)?);
        prefix.append(Prefix::uuid());
        Ok(Self { whole: prefix, extension: extension(destination), zone })
    }

    /// Reads the template of a channel's keys.
    pub(crate) fn of_template(template: &str, names: ChannelNames<'_>, extension: &str) -> Result<Self, PrefixError> {
        let mut whole = Prefix::parse(template, Place::Template(names))?;
        // Two objects never share a name, in the bucket or on their way into it.
        if !whole.ends_in_uuid() {
            whole.append(Prefix::text(if template.ends_with('/') { "" } else { "-" }.into()));
            whole.append(Prefix::uuid());
        }
        let sample = whole.evaluate(&local(LONGEST_DAY, &TimeZone::UTC), &types::SystemRandom);
        if sample.len() + extension.len() > KEY_BYTES_MAX {
            return Err(PrefixError::TooLong { characters_max: KEY_BYTES_MAX });
        }
        check_segments(&sample)?;
        Ok(Self { whole, extension: extension.into(), zone: TimeZone::UTC })
    }

    /// The key of an object whose oldest record arrived at `oldest`.
    pub(crate) fn key(&self, oldest: Timestamp, random: &dyn Random) -> String {
        format!("{}{}", self.whole.evaluate(&local(oldest, &self.zone), random), self.extension)
    }
}

fn local(time: Timestamp, zone: &TimeZone) -> jiff::ZonedDateTime {
    let millis = i64::try_from(time.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_zoned_datetime(zone.clone())
}

/// Keys are paths in a bucket: what a bucket could not hold under its own name is refused at creation.
fn check_segments(sample: &str) -> Result<(), PrefixError> {
    let strange = |segment: &str| matches!(segment, "" | "." | "..");
    // A prefix is glued to the name, so what follows its last slash may be empty.
    if sample.rsplit('/').skip(1).any(strange) || sample.chars().any(char::is_control) {
        return Err(PrefixError::Segments);
    }
    Ok(())
}

fn extension(destination: &Destination) -> String {
    match (destination.file_extension.as_deref(), destination.compression) {
        (Some(given), _) if !given.is_empty() => given.into(),
        (_, compression) => compression.extension().into(),
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
