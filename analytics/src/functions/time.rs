//! Functions of time. The session time zone is UTC.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType};
use datafusion_common::Result;

use super::spec::Types;
use super::text::{is_int, is_text};
use super::{Spec, invalid};
use crate::sql::SqlType;
use crate::time_text::{TimestampFormat, civil_from_days, days_from_civil};

pub(super) static FUNCTIONS: [Spec; 4] = [
    Spec {
        name: "to_timestamp",
        usage: "TO_TIMESTAMP(string [, format])",
        types: parsing,
        body: |a, _| to_timestamp(a),
    },
    Spec {
        name: "to_timestamp_ltz",
        usage: "TO_TIMESTAMP_LTZ(epoch_integer, 0 for seconds or 3 for milliseconds)",
        types: from_epoch,
        body: |a, wanted| to_timestamp_ltz(a, wanted),
    },
    Spec {
        name: "date_format",
        usage: "DATE_FORMAT(timestamp, format)",
        types: formatting,
        body: |a, _| date_format(a),
    },
    Spec { name: "extract", usage: "EXTRACT(unit FROM timestamp)", types: extracting, body: |a, _| extract(a) },
];

const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date32)
}

fn parsing(a: &[DataType]) -> Option<Types> {
    (matches!(a.len(), 1 | 2) && a.iter().all(is_text)).then(|| (vec![DataType::Utf8; a.len()], MILLIS))
}

fn from_epoch(a: &[DataType]) -> Option<Types> {
    (a.len() == 2 && a.iter().all(is_int))
        .then(|| (vec![DataType::Int64, DataType::Int32], SqlType::TimestampLtz.arrow()))
}

fn formatting(a: &[DataType]) -> Option<Types> {
    (a.len() == 2 && is_time(&a[0]) && is_text(&a[1])).then(|| (vec![MILLIS, DataType::Utf8], DataType::Utf8))
}

fn extracting(a: &[DataType]) -> Option<Types> {
    (a.len() == 2 && is_text(&a[0]) && is_time(&a[1])).then(|| (vec![DataType::Utf8, MILLIS], DataType::Int64))
}

/// NULL for a text that is not a time, as in Flink.
fn to_timestamp(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = arrays[0].as_string::<i32>();
    let times: TimestampMillisecondArray = match arrays.get(1) {
        None => texts.iter().map(|text| TimestampFormat::Sql.parse(text?, false)).collect(),
        Some(formats) => {
            let mut cache = PatternCache::default();
            let mut times = Vec::with_capacity(texts.len());
            for (text, format) in texts.iter().zip(formats.as_string::<i32>()) {
                times.push(match (text, format) {
                    (Some(text), Some(format)) => parse(text, cache.get(format)?),
                    _ => None,
                });
            }
            times.into()
        }
    };
    Ok(Arc::new(times))
}

fn to_timestamp_ltz(arrays: &[ArrayRef], wanted: &DataType) -> Result<ArrayRef> {
    let (numbers, precisions) = (arrays[0].as_primitive::<Int64Type>(), arrays[1].as_primitive::<Int32Type>());
    let mut times = Vec::with_capacity(numbers.len());
    for (number, precision) in numbers.iter().zip(precisions) {
        times.push(match (number, precision) {
            (Some(seconds), Some(0)) => seconds.checked_mul(1000),
            (Some(millis), Some(3)) => Some(millis),
            (Some(_), Some(_)) => return Err(invalid("the precision of TO_TIMESTAMP_LTZ is 0 or 3")),
            _ => None,
        });
    }
    Ok(cast(&TimestampMillisecondArray::from(times), wanted)?)
}

fn date_format(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let times = arrays[0].as_primitive::<TimestampMillisecondType>();
    let mut cache = PatternCache::default();
    let mut texts = Vec::with_capacity(times.len());
    for (time, format) in times.iter().zip(arrays[1].as_string::<i32>()) {
        texts.push(match (time, format) {
            (Some(time), Some(format)) => Some(write(time, cache.get(format)?)),
            _ => None,
        });
    }
    Ok(Arc::new(StringArray::from(texts)))
}

fn extract(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let units = arrays[0].as_string::<i32>();
    let times = arrays[1].as_primitive::<TimestampMillisecondType>();
    let mut numbers = Vec::with_capacity(times.len());
    for (unit, time) in units.iter().zip(times) {
        let (Some(unit), Some(time)) = (unit, time) else {
            numbers.push(None);
            continue;
        };
        let fields = Fields::of(time);
        numbers.push(Some(match unit.to_ascii_uppercase().as_str() {
            "YEAR" => fields.year,
            "QUARTER" => (fields.month - 1) / 3 + 1,
            "MONTH" => fields.month,
            "DAY" => fields.day,
            "HOUR" => fields.hour,
            "MINUTE" => fields.minute,
            "SECOND" => fields.second,
            other => return Err(invalid(format!("EXTRACT of {other} is not supported"))),
        }));
    }
    Ok(Arc::new(Int64Array::from(numbers)))
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    milli: i64,
}

impl Fields {
    fn of(millis: i64) -> Self {
        let (year, month, day) = civil_from_days(millis.div_euclid(86_400_000));
        let rest = millis.rem_euclid(86_400_000);
        let (seconds, milli) = (rest / 1000, rest % 1000);
        Self { year, month, day, hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60, milli }
    }

    fn millis(self) -> Option<i64> {
        let days = days_from_civil(self.year, self.month, self.day);
        let exists = (1..=12).contains(&self.month) && civil_from_days(days) == (self.year, self.month, self.day);
        if !exists || self.hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        Some((((days * 24 + self.hour) * 60 + self.minute) * 60 + self.second) * 1000 + self.milli)
    }

    fn field(&mut self, letter: char) -> Option<&mut i64> {
        Some(match letter {
            'y' => &mut self.year,
            'M' => &mut self.month,
            'd' => &mut self.day,
            'H' => &mut self.hour,
            'm' => &mut self.minute,
            's' => &mut self.second,
            'S' => &mut self.milli,
            _ => return None,
        })
    }
}

/// A piece of a Java date pattern.
#[derive(Debug, Clone)]
enum Piece {
    Field { letter: char, width: usize },
    Literal(String),
}

/// The pattern of the batch is nearly always one constant.
#[derive(Default)]
struct PatternCache {
    text: String,
    pieces: Vec<Piece>,
}

impl PatternCache {
    fn get(&mut self, text: &str) -> Result<&[Piece]> {
        if self.text != text {
            (self.pieces, self.text) = (pattern(text)?, text.into());
        }
        Ok(&self.pieces)
    }
}

/// Reads the letters `yMdHmsS` of Java's patterns and quoted literals; other letters are refused.
fn pattern(text: &str) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let (piece, taken) = match letter {
            '\'' => {
                let end = rest[1..].find('\'').ok_or_else(|| invalid(format!("open quote in format {text:?}")))?;
                let quoted = if end == 0 { "'" } else { &rest[1..=end] };
                (Piece::Literal(quoted.into()), end + 2)
            }
            'a'..='z' | 'A'..='Z' => {
                let width = rest.bytes().take_while(|b| char::from(*b) == letter).count();
                let known = matches!((letter, width), ('y', 4) | ('M' | 'd' | 'H' | 'm' | 's', 2) | ('S', 1..=3));
                if !known {
                    let letters = &rest[..width];
                    return Err(invalid(format!("format {text:?}: {letters} is not one of yyyy MM dd HH mm ss SSS")));
                }
                (Piece::Field { letter, width }, width)
            }
            other => (Piece::Literal(other.into()), other.len_utf8()),
        };
        pieces.push(piece);
        rest = &rest[taken..];
    }
    Ok(pieces)
}

fn parse(text: &str, pieces: &[Piece]) -> Option<i64> {
    let mut fields = Fields { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, milli: 0 };
    let mut rest = text;
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
            Piece::Field { letter, width } => {
                let digits = rest.get(..*width).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
                let scale = if *letter == 'S' { 10i64.pow(3 - *width as u32) } else { 1 };
                *fields.field(*letter)? = digits.parse::<i64>().ok()? * scale;
                rest = &rest[*width..];
            }
        }
    }
    if rest.is_empty() { fields.millis() } else { None }
}

fn write(time: i64, pieces: &[Piece]) -> String {
    let mut fields = Fields::of(time);
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => out.push_str(literal),
            Piece::Field { letter, width } => {
                let value = fields.field(*letter).map_or(0, |value| *value);
                let value = if *letter == 'S' { value / 10i64.pow(3 - *width as u32) } else { value };
                out.push_str(&format!("{value:0width$}"));
            }
        }
    }
    out
}
