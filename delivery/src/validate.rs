//! What CreateDeliveryStream refuses, beyond the shapes that requests are checked against.

use types::Scope;

use crate::config::{CreateDeliveryStream, Destination, Logging, SourceConfig, bucket_of};
use crate::error::DeliveryError;
use crate::keys::ObjectKeys;

/// Range of SizeInMBs (model shape `SizeInMBs`).
const SIZE_MB: std::ops::RangeInclusive<u32> = 1..=128;
/// Longest IntervalInSeconds (model shape `IntervalInSeconds`).
const INTERVAL_SECONDS_MAX: u32 = 900;
/// Longest delimiter, in bytes (model shape `ProcessorParameterValue` allows 5120 characters).
const DELIMITER_BYTES_MAX: usize = 5120;

pub(crate) fn invalid<T>(message: impl Into<String>) -> Result<T, DeliveryError> {
    Err(DeliveryError::Invalid(message.into()))
}

/// Refuses what could not be served as it was asked for.
pub(crate) fn check(scope: &Scope, request: &CreateDeliveryStream) -> Result<(), DeliveryError> {
    if let SourceConfig::Stream { scope: owner, stream, .. } = &request.source
        && owner != scope
    {
        return invalid(format!("The source stream {stream} must be in the account and region of the request."));
    }
    let destination = &request.destination;
    check_bucket(&destination.bucket_arn)?;
    check_buffering(destination)?;
    check_extension(destination)?;
    destination.logging.as_ref().map_or(Ok(()), check_logging)?;
    let delimiter = destination.processing.as_ref().and_then(|processing| processing.delimiter());
    if delimiter.is_some_and(|bytes| bytes.len() > DELIMITER_BYTES_MAX) {
        return invalid(format!("Delimiter must not be longer than {DELIMITER_BYTES_MAX} bytes."));
    }
    match ObjectKeys::new(request.name.as_str(), destination) {
        Ok(_) => Ok(()),
        Err(error) => invalid(error.to_string()),
    }
}

/// A bucket becomes a folder or a part of a URL, so its name must be nothing else.
pub(crate) fn check_bucket(bucket_arn: &str) -> Result<(), DeliveryError> {
    let name = bucket_of(bucket_arn);
    let arn = bucket_arn.strip_suffix(name).unwrap_or_default();
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if !(arn.starts_with("arn:") && arn.ends_with(":s3:::") && first && rest && name.len() <= 255) {
        return invalid(format!("{bucket_arn:?} is not the ARN of a bucket."));
    }
    Ok(())
}

/// A log that is on must be named.
pub(crate) fn check_logging(logging: &Logging) -> Result<(), DeliveryError> {
    if logging.enabled && (logging.group.is_none() || logging.stream.is_none()) {
        return invalid("LogGroupName and LogStreamName are required when CloudWatch logging is enabled.");
    }
    Ok(())
}

fn check_buffering(destination: &Destination) -> Result<(), DeliveryError> {
    let hints = destination.buffering;
    if !SIZE_MB.contains(&hints.size_mb) {
        return invalid("BufferingHints.SizeInMBs must be between 1 and 128.");
    }
    if hints.interval_seconds > INTERVAL_SECONDS_MAX {
        return invalid("BufferingHints.IntervalInSeconds must be between 0 and 900.");
    }
    Ok(())
}

/// The model's pattern of `FileExtension`: `^$|\.[0-9a-z!\-_.*'()]+`, at most 128 characters.
fn check_extension(destination: &Destination) -> Result<(), DeliveryError> {
    let Some(extension) = destination.file_extension.as_deref().filter(|text| !text.is_empty()) else { return Ok(()) };
    let allowed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || b"!-_.*'()".contains(&byte);
    let rest = extension.strip_prefix('.').unwrap_or_default();
    if rest.is_empty() || extension.len() > 128 || !rest.bytes().all(allowed) {
        return invalid(format!("{extension:?} is not a file extension: a dot and some of 0-9 a-z ! - _ . * ' ( )."));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use types::{AccountId, DeliveryStreamName, Region, StreamName};

    use super::*;
    use crate::config::{BufferingHints, Compression, Logging};

    /// The plainest destination.
    pub(crate) fn destination() -> Destination {
        Destination {
            role_arn: "arn:aws:iam::000000000000:role/firehose".into(),
            bucket_arn: "arn:aws:s3:::bucket".into(),
            prefix: None,
            error_prefix: None,
            buffering: BufferingHints::default(),
            compression: Compression::Uncompressed,
            file_extension: None,
            time_zone: None,
            logging: None,
            processing: None,
        }
    }

    fn scope(region: &str) -> Scope {
        Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse(region).unwrap() }
    }

    fn check_with(change: impl FnOnce(&mut CreateDeliveryStream)) -> Result<(), String> {
        let mut request = CreateDeliveryStream {
            name: DeliveryStreamName::parse("orders").unwrap(),
            source: SourceConfig::DirectPut { throughput_hint_mb: None },
            destination: destination(),
            tags: Default::default(),
        };
        change(&mut request);
        check(&scope("us-east-1"), &request).map_err(|error| error.to_string())
    }

    #[test]
    fn the_plainest_request_passes() {
        assert_eq!(check_with(|_| {}), Ok(()));
    }

    #[test]
    fn hints_keep_to_their_ranges() {
        for (size_mb, interval_seconds, fits) in
            [(1, 0, true), (128, 900, true), (0, 300, false), (129, 300, false), (5, 901, false)]
        {
            let hints = BufferingHints { size_mb, interval_seconds };
            assert_eq!(check_with(|r| r.destination.buffering = hints).is_ok(), fits, "{hints:?}");
        }
    }

    #[test]
    fn a_bucket_is_one_folder() {
        for (arn, fits) in [
            ("arn:aws:s3:::my-bucket.v1_x", true),
            ("arn:aws-cn:s3:::b", true),
            ("my-bucket", false),
            ("arn:aws:s3:::", false),
            ("arn:aws:s3:::..", false),
            ("arn:aws:s3:::.staging", false),
            ("arn:aws:s3:::a/b", false),
            ("arn:aws:sqs:::a", false),
        ] {
            assert_eq!(check_with(|r| r.destination.bucket_arn = arn.into()).is_ok(), fits, "{arn}");
        }
    }

    #[test]
    fn extensions_keep_to_their_pattern() {
        for (extension, fits) in
            [("", true), (".json", true), (".json.gz", true), ("json", false), (".", false), (".J", false)]
        {
            assert_eq!(
                check_with(|r| r.destination.file_extension = Some(extension.into())).is_ok(),
                fits,
                "{extension}"
            );
        }
    }

    #[test]
    fn logging_needs_its_names() {
        let logging = Logging { enabled: true, group: Some("g".into()), stream: None };
        assert!(check_with(|r| r.destination.logging = Some(logging)).is_err());
        assert!(check_with(|r| r.destination.logging = Some(Logging::default())).is_ok());
    }

    #[test]
    fn a_source_of_another_region_is_refused() {
        let source = |region: &str| SourceConfig::Stream {
            scope: scope(region),
            stream: StreamName::parse("s").unwrap(),
            role_arn: String::new(),
        };
        assert!(check_with(|r| r.source = source("us-east-1")).is_ok());
        assert!(check_with(|r| r.source = source("eu-west-1")).is_err());
    }
}
