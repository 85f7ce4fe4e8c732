//! The options of WITH (…): those of Flink's kinesis connector and JSON format, each honoured, known to be without
//! effect here, or refused.

use std::time::Duration;

use sqlparser::tokenizer::Location;
use types::{Arn, ResourceType, StreamName, Timestamp};

use super::SqlError;
use crate::time_text::{TimestampFormat, parse_instant};

/// An option as it stands in the text.
#[derive(Debug, Clone)]
pub(crate) struct WrittenOption {
    pub(crate) key: String,
    pub(crate) place: Location,
    pub(crate) value: String,
    pub(crate) value_place: Location,
}

/// Which stream a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamReference {
    /// A full name.
    Arn(Arn),
    /// A name in the application's own scope.
    Name(StreamName),
}

/// Where a source starts when there is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InitialPosition {
    Latest,
    TrimHorizon,
    At(Timestamp),
}

/// What the options say.
#[derive(Debug, Clone)]
pub(crate) struct TableOptions {
    pub(crate) stream: StreamReference,
    pub(crate) position: InitialPosition,
    /// `None`: the application's default.
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) ignore_parse_errors: bool,
    pub(crate) fail_on_missing_field: bool,
    pub(crate) timestamps: TimestampFormat,
    /// Between the values of PARTITIONED BY columns in the partition key.
    pub(crate) partition_delimiter: String,
}

/// Keys, and prefixes that end in a dot or bear a star, that tune a remote client or a thread; here there is neither.
const WITHOUT_EFFECT: [&str; 12] = [
    "aws.",
    "source.reader.",
    "source.efo.",
    "source.shard.",
    "scan.shard.",
    "scan.stream.recordpublisher",
    "scan.stream.efo.",
    "sink.batch.",
    "sink.requests.",
    "sink.flush-buffer.",
    "sink.fail-on-error",
    "sink.http-client.",
];

impl TableOptions {
    /// Reads the options of the table that stands at `table`.
    pub(crate) fn parse(written: &[WrittenOption], table: Location) -> Result<Self, SqlError> {
        let mut options = Self {
            stream: parse_stream(written, table)?,
            position: parse_position(written)?,
            idle_timeout: None,
            ignore_parse_errors: false,
            fail_on_missing_field: false,
            timestamps: TimestampFormat::Sql,
            partition_delimiter: "|".into(),
        };
        let mut formatted = false;
        for option in written {
            let refuse = |hint: &str| Err(SqlError::at(option.value_place, format!("'{}': {hint}", option.key)));
            match (option.key.as_str(), option.value.as_str()) {
                ("connector", "kinesis" | "kinesis-legacy") => {}
                ("connector", _) => return refuse("the only connector is 'kinesis'"),
                ("format", "json") => formatted = true,
                ("format", _) => return refuse("the only format is 'json'"),
                ("scan.watermark.idle-timeout", value) => match parse_duration(value) {
                    Some(timeout) => options.idle_timeout = Some(timeout),
                    None => return refuse("write a duration such as '5 s' or '500 ms'"),
                },
                ("json.ignore-parse-errors", value) => options.ignore_parse_errors = parse_bool(option, value)?,
                ("json.fail-on-missing-field", value) => options.fail_on_missing_field = parse_bool(option, value)?,
                ("json.encode.decimal-as-plain-number", value) => {
                    parse_bool(option, value)?;
                }
                ("json.timestamp-format.standard", "SQL") => options.timestamps = TimestampFormat::Sql,
                ("json.timestamp-format.standard", "ISO-8601") => options.timestamps = TimestampFormat::Iso,
                ("json.timestamp-format.standard", _) => return refuse("write 'SQL' or 'ISO-8601'"),
                ("sink.partitioner", "random") => {}
                ("sink.partitioner", _) => return refuse("only 'random'; or use PARTITIONED BY (columns)"),
                ("sink.partitioner-field-delimiter", value) => options.partition_delimiter = value.into(),
                (key, _) if KNOWN_ELSEWHERE.contains(&key) => {}
                (key, _) if WITHOUT_EFFECT.iter().any(|known| key.starts_with(known)) => {}
                (key, _) => return Err(SqlError::at(option.place, format!("option '{key}' is not supported"))),
            }
        }
        if find(written, "connector").is_none() {
            return Err(SqlError::at(table, "the table needs 'connector' = 'kinesis' in WITH (…)"));
        }
        if !formatted {
            return Err(SqlError::at(table, "the table needs 'format' = 'json' in WITH (…)"));
        }
        Ok(options)
    }
}

/// Keys that [`parse_stream`] and [`parse_position`] read.
const KNOWN_ELSEWHERE: [&str; 8] = [
    "stream.arn",
    "stream",
    "source.init.position",
    "source.init.timestamp",
    "source.init.timestamp.format",
    "scan.stream.initpos",
    "scan.stream.initpos-timestamp",
    "scan.stream.initpos-timestamp-format",
];

fn find<'a>(written: &'a [WrittenOption], key: &str) -> Option<&'a WrittenOption> {
    written.iter().find(|option| option.key == key)
}

fn parse_stream(written: &[WrittenOption], table: Location) -> Result<StreamReference, SqlError> {
    if let Some(option) = find(written, "stream.arn") {
        return match Arn::parse(&option.value) {
            Ok(arn) if arn.resource_type == ResourceType::Stream => Ok(StreamReference::Arn(arn)),
            _ => Err(SqlError::at(option.value_place, format!("{:?} is not the ARN of a stream", option.value))),
        };
    }
    let Some(option) = find(written, "stream") else {
        return Err(SqlError::at(table, "the table needs 'stream.arn' = 'arn:aws:kinesis:…:stream/NAME' in WITH (…)"));
    };
    let name = StreamName::parse(&option.value).map_err(|error| SqlError::at(option.value_place, error.to_string()))?;
    Ok(StreamReference::Name(name))
}

fn parse_position(written: &[WrittenOption]) -> Result<InitialPosition, SqlError> {
    let position = find(written, "source.init.position").or(find(written, "scan.stream.initpos"));
    let Some(option) = position else { return Ok(InitialPosition::Latest) };
    match option.value.as_str() {
        "LATEST" => Ok(InitialPosition::Latest),
        "TRIM_HORIZON" => Ok(InitialPosition::TrimHorizon),
        "AT_TIMESTAMP" => {
            let time = find(written, "source.init.timestamp").or(find(written, "scan.stream.initpos-timestamp"));
            let Some(time) = time else {
                return Err(SqlError::at(option.value_place, "AT_TIMESTAMP needs 'source.init.timestamp'"));
            };
            let custom = ["source.init.timestamp.format", "scan.stream.initpos-timestamp-format"];
            if let Some(format) = custom.iter().find_map(|key| find(written, key)) {
                return Err(SqlError::at(format.place, "write the time as 2026-01-31T12:00:00.000Z, without a format"));
            }
            let millis = parse_instant(&time.value).and_then(|millis| u64::try_from(millis).ok());
            millis.map(|millis| InitialPosition::At(Timestamp(millis))).ok_or_else(|| {
                SqlError::at(time.value_place, "write 2026-01-31T12:00:00.000Z (or +01:00) or seconds since 1970")
            })
        }
        _ => Err(SqlError::at(option.value_place, "write 'LATEST', 'TRIM_HORIZON' or 'AT_TIMESTAMP'")),
    }
}

fn parse_bool(option: &WrittenOption, value: &str) -> Result<bool, SqlError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(SqlError::at(option.value_place, format!("'{}': write 'true' or 'false'", option.key))),
    }
}

/// Flink's durations: a number and a unit, `ms` when there is none.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.trim().bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.trim().split_at(digits);
    let number: u64 = number.parse().ok()?;
    let millis = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}
