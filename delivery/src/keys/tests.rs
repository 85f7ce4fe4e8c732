use proptest::prelude::*;
use types::SystemRandom;

use super::time_format::TimeFormat;
use super::*;
use crate::config::Compression;
use crate::validate::tests::destination;

/// 2024-05-01 13:02:41.250 UTC, a Wednesday.
const AT: Timestamp = Timestamp(1_714_568_561_250);

fn keys(change: impl FnOnce(&mut Destination)) -> Result<ObjectKeys, PrefixError> {
    let mut destination = destination();
    change(&mut destination);
    ObjectKeys::new("orders", &destination)
}

/// The evaluated prefix, with a harmless error prefix beside it.
fn prefix(text: &str) -> String {
    let keys = keys(|d| {
        d.prefix = Some(text.into());
        d.error_prefix = Some("errors/".into());
    });
    let key = keys.unwrap().key(AT, &SystemRandom);
    let end = key.rfind("orders-1-2024-05-01-13-02-41-").unwrap();
    key[..end].into()
}

fn refused(text: &str) -> String {
    let keys = keys(|d| {
        d.prefix = Some(text.into());
        d.error_prefix = Some("errors/".into());
    });
    keys.unwrap_err().to_string()
}

fn time(pattern: &str) -> String {
    prefix(&format!("!{{timestamp:{pattern}}}"))
}

#[test]
fn the_default_key_is_the_documented_one() {
    let key = keys(|d| d.compression = Compression::Gzip).unwrap().key(AT, &SystemRandom);
    let uuid = key.strip_prefix("2024/05/01/13/orders-1-2024-05-01-13-02-41-").unwrap().strip_suffix(".gz").unwrap();
    assert_eq!(uuid, uuid::Uuid::parse_str(uuid).unwrap().hyphenated().to_string());
}

#[test]
fn an_extension_replaces_the_default_one() {
    let ending = |extension: &str, compression| {
        let keys = keys(|d| (d.file_extension, d.compression) = (Some(extension.into()), compression)).unwrap();
        keys.key(AT, &SystemRandom).split_off("2024/05/01/13/orders-1-2024-05-01-13-02-41-".len() + 36)
    };
    assert_eq!(ending(".json.gz", Compression::Gzip), ".json.gz");
    assert_eq!(ending("", Compression::Gzip), ".gz");
    assert_eq!(ending("", Compression::Uncompressed), "");
}

#[test]
fn the_zone_moves_prefix_and_suffix() {
    let key = keys(|d| d.time_zone = Some("Asia/Tokyo".into())).unwrap().key(AT, &SystemRandom);
    assert!(key.starts_with("2024/05/01/22/orders-1-2024-05-01-22-02-41-"), "{key}");
    let unknown = keys(|d| d.time_zone = Some("Mars/Olympus".into())).unwrap_err();
    assert_eq!(unknown.to_string(), "The custom time zone \"Mars/Olympus\" is not known.");
}

#[test]
fn a_prefix_without_a_time_gets_the_hour() {
    assert_eq!(prefix("logs/"), "logs/2024/05/01/13/");
    assert_eq!(prefix("logs"), "logs2024/05/01/13/");
    assert_eq!(prefix(""), "2024/05/01/13/");
    assert_eq!(prefix("a!b{c}/"), "a!b{c}/2024/05/01/13/");
    let random = prefix("!{firehose:random-string}/");
    assert!(random.ends_with("/2024/05/01/13/") && random.len() == 11 + 15, "{random}");
}

#[test]
fn expressions_are_evaluated_where_they_stand() {
    assert_eq!(prefix("y=!{timestamp:yyyy}/m=!{timestamp:MM}/"), "y=2024/m=05/");
    assert_eq!(prefix("!{timestamp:'year='yyyy'/month='MM/}x"), "year=2024/month=05/x");
    assert_eq!(prefix("!{timestamp:'}'HH}"), "}13");
    let twice = prefix("!{timestamp:yyyy}/!{firehose:random-string}/!{firehose:random-string}/");
    let segments: Vec<_> = twice.split('/').collect();
    assert_ne!(segments[1], segments[2], "each occurrence differs");
}

#[test]
fn letters_mean_what_java_says() {
    for (pattern, expected) in [
        ("y-yy-yyyy-yyyyy-u", "2024-24-2024-02024-2024"),
        ("M-MM-MMM-MMMM-MMMMM-L", "5-05-May-May-M-5"),
        ("d-dd-D-DDD", "1-01-122-122"),
        ("H-HH-h-hh-K-k-a", "13-13-1-01-1-13-PM"),
        ("m-mm-s-ss", "2-02-41-41"),
        ("S-SSS-SSSSSSSSS", "2-250-250000000"),
        ("E-EEE-EEEE-EEEEE", "Wed-Wed-Wednesday-W"),
        ("YYYY-w-ww", "2024-18-18"),
        ("yyyy''MM' o''clock'", "2024'05 o'clock"),
    ] {
        assert_eq!(time(pattern), expected, "{pattern}");
    }
}

#[test]
fn the_year_of_the_week_is_not_the_year() {
    // Sunday 2024-12-29 is in the week of 2025-01-01.
    let sunday = Timestamp(1_735_473_600_000);
    let at = local(sunday, &TimeZone::UTC);
    assert_eq!(TimeFormat::parse("yyyy-YYYY-w").unwrap().format(&at), "2024-2025-1");
}

#[test]
fn what_is_not_understood_is_refused() {
    for (text, reason) in [
        ("!{timestamp:yyyy", "does not end"),
        ("!{timestamp:!{timestamp:yyyy}}", "does not end"),
        ("!{timestamp:'yyyy}", "does not end"),
        ("!{yyyy}", "without a namespace"),
        ("!{}", "without a namespace"),
        ("!{time:yyyy}", "unknown expression"),
        ("!{firehose:uuid}", "unknown expression"),
        ("!{firehose:error-output-type}/", "cannot contain !{firehose:error-output-type}"),
        ("!{partitionKeyFromQuery:customer}/", "dynamic partitioning is not supported"),
        ("!{partitionKeyFromLambda:customer}/", "dynamic partitioning is not supported"),
        ("!{timestamp:}", "the pattern is empty"),
        ("!{timestamp:yyyy-bb}", "'b' is not a pattern letter"),
        ("!{timestamp:VV}", "'V' is not a pattern letter"),
        ("!{timestamp:ddd}", "too many pattern letters: d"),
        ("!{timestamp:yyyy#}", "'#' is reserved"),
        ("/logs/", "must not start with '/'"),
        ("a//b/", "must not start with '/'"),
        ("a/../b", "must not start with '/'"),
        (&"x".repeat(600), "longer than 512"),
    ] {
        let message = refused(text);
        assert!(message.contains(reason), "{text:?} gave {message:?}");
    }
}

#[test]
fn prefixes_are_checked_together() {
    let both = |prefix: &str, errors: Option<&str>| {
        let made = keys(|d| (d.prefix, d.error_prefix) = (Some(prefix.into()), errors.map(Into::into)));
        made.map(|_| ()).map_err(|error| error.to_string())
    };
    let missing = both("!{timestamp:yyyy}/", None).unwrap_err();
    assert!(missing.ends_with("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"));
    assert!(both("!{timestamp:yyyy}/", Some("")).is_err());
    assert!(both("p/", Some("!{timestamp:yyyy}/")).unwrap_err().contains("must contain"));
    assert_eq!(both("p/", Some("!{firehose:error-output-type}/!{timestamp:yyyy}/")), Ok(()));
    assert_eq!(both("p/", None), Ok(()));
}

proptest! {
    #[test]
    fn text_without_expressions_stays_as_it_is(text in "[a-zA-Z0-9=!_.{} -]{1,40}") {
        prop_assume!(!text.contains("!{") && !text.contains("//"));
        prop_assume!(text != "." && text != "..");
        prop_assert_eq!(prefix(&text), format!("{text}2024/05/01/13/"));
    }

    #[test]
    fn quoted_text_stays_as_it_is(text in "[a-zA-Z0-9 #{}=-]{1,20}") {
        prop_assert_eq!(time(&format!("'{text}'yyyy")), format!("{text}2024"));
    }

    #[test]
    fn no_prefix_panics(text in "\\PC{0,60}") {
        let _either = keys(|d| d.prefix = Some(text));
    }

    #[test]
    fn no_pattern_panics(pattern in "[a-zA-Z'/ -]{0,30}", millis in 0u64..4_000_000_000_000) {
        if let Ok(format) = TimeFormat::parse(&pattern) {
            format.format(&local(Timestamp(millis), &TimeZone::UTC));
        }
    }

    #[test]
    fn keys_of_later_objects_sort_later(first in 0u64..4_000_000_000, apart in 1u64..1_000_000) {
        let keys = keys(|_| {}).unwrap();
        let key = |seconds: u64| keys.key(Timestamp(seconds * 1000), &SystemRandom);
        prop_assert!(key(first) < key(first + apart));
    }
}

fn template(text: &str) -> Result<String, PrefixError> {
    let names = ChannelNames { channel: "lake", stream: "clicks" };
    Ok(ObjectKeys::of_template(text, names, ".gz")?.key(AT, &SystemRandom))
}

/// The key with its UUID replaced.
fn template_key(text: &str) -> String {
    let key = template(text).unwrap();
    let at = (0..=key.len() - 36).find(|at| uuid::Uuid::parse_str(&key[*at..at + 36]).is_ok()).unwrap();
    format!("{}UUID{}", &key[..at], &key[at + 36..])
}

#[test]
fn a_template_names_channel_and_stream_and_ends_in_a_uuid() {
    assert_eq!(template_key("!{channel:name}/!{stream:name}/!{timestamp:HH}/!{random:uuid}"), "lake/clicks/13/UUID.gz");
    assert_eq!(template_key("day=!{timestamp:dd}/part-!{random:uuid}.json"), "day=01/part-UUID.json.gz");
    assert_eq!(template_key("plain"), "plain-UUID.gz");
    assert_eq!(template_key("folder/"), "folder/UUID.gz");
    let twice = template("!{random:uuid}/last").unwrap();
    assert_eq!(twice.len(), 36 + "/last-".len() + 36 + ".gz".len(), "the last segment needs one: {twice}");
}

#[test]
fn strange_templates_are_refused() {
    for text in ["/a", "a//b", "../a", "a/./b", "!{firehose:random-string}", "!{stream:arn}", "!{timestamp:QQ}", "!{x"]
    {
        assert!(template(text).is_err(), "{text}");
    }
    assert!(template(&"x".repeat(1000)).is_err());
}
