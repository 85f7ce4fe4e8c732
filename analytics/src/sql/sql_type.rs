//! Flink's column types that are supported, and the Arrow types that hold them.

use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};
use sqlparser::tokenizer::Token;

use super::SqlError;
use super::tokens::Cursor;

/// The time zone of TIMESTAMP_LTZ columns in Arrow; instants are shown in UTC.
pub(crate) const UTC: &str = "+00:00";

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlType {
    /// `BOOLEAN`
    Boolean,
    /// `TINYINT`, 8 bits
    TinyInt,
    /// `SMALLINT`, 16 bits
    SmallInt,
    /// `INT` or `INTEGER`, 32 bits
    Int,
    /// `BIGINT`, 64 bits
    BigInt,
    /// `FLOAT`, 32 bits
    Float,
    /// `DOUBLE [PRECISION]`, 64 bits
    Double,
    /// `DECIMAL(precision, scale)`
    Decimal(u8, i8),
    /// `STRING`, `VARCHAR[(n)]` or `CHAR[(n)]`; the length is not enforced (Flink's default too)
    Text,
    /// `DATE`
    Date,
    /// `TIMESTAMP(0..3)`
    Timestamp,
    /// `TIMESTAMP_LTZ(0..3)`
    TimestampLtz,
}

impl SqlType {
    /// The Arrow type of its values.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Text => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, None),
            Self::TimestampLtz => DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())),
        }
    }

    /// The type whose values Arrow holds like this, if it is one of ours.
    pub(crate) fn of_arrow(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Int8 => Self::TinyInt,
            DataType::Int16 => Self::SmallInt,
            DataType::Int32 => Self::Int,
            DataType::Int64 => Self::BigInt,
            DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Decimal128(precision, scale) => Self::Decimal(*precision, *scale),
            DataType::Utf8 => Self::Text,
            DataType::Date32 => Self::Date,
            DataType::Timestamp(TimeUnit::Millisecond, None) => Self::Timestamp,
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => Self::TimestampLtz,
            _ => return None,
        })
    }

    /// Whether a column of this type may bear a watermark.
    pub(crate) fn is_timestamp(self) -> bool {
        matches!(self, Self::Timestamp | Self::TimestampLtz)
    }

    /// Whether it is a number.
    pub(crate) fn is_numeric(self) -> bool {
        self.integer_digits().is_some() || matches!(self, Self::Float | Self::Double | Self::Decimal(..))
    }

    /// The decimal digits of the largest value of an integer type.
    pub(crate) fn integer_digits(self) -> Option<u8> {
        match self {
            Self::TinyInt => Some(3),
            Self::SmallInt => Some(5),
            Self::Int => Some(10),
            Self::BigInt => Some(19),
            _ => None,
        }
    }

    /// Whether every value of this type is a value of `wider`: the implicit cast of INSERT.
    pub(crate) fn widens_to(self, wider: Self) -> bool {
        use SqlType::{BigInt, Date, Decimal, Double, Float, Int, SmallInt, Timestamp, TimestampLtz, TinyInt};
        match (self, wider) {
            (a, b) if a == b => true,
            (Decimal(p, s), Decimal(q, t)) => t >= s && i16::from(q) - i16::from(t) >= i16::from(p) - i16::from(s),
            (from, Decimal(p, s)) => {
                from.integer_digits().is_some_and(|digits| i16::from(p) - i16::from(s) >= i16::from(digits))
            }
            (TinyInt, SmallInt | Int | BigInt) | (SmallInt, Int | BigInt) | (Int, BigInt) => true,
            (TinyInt | SmallInt | Int | BigInt, Float | Double) | (Float | Decimal(..), Double) => true,
            (Date, Timestamp) | (Timestamp, TimestampLtz) | (TimestampLtz, Timestamp) => true,
            _ => false,
        }
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::TinyInt => f.write_str("TINYINT"),
            Self::SmallInt => f.write_str("SMALLINT"),
            Self::Int => f.write_str("INT"),
            Self::BigInt => f.write_str("BIGINT"),
            Self::Float => f.write_str("FLOAT"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Decimal(precision, scale) => write!(f, "DECIMAL({precision}, {scale})"),
            Self::Text => f.write_str("STRING"),
            Self::Date => f.write_str("DATE"),
            Self::Timestamp => f.write_str("TIMESTAMP(3)"),
            Self::TimestampLtz => f.write_str("TIMESTAMP_LTZ(3)"),
        }
    }
}

/// Reads a type at the cursor.
pub(crate) fn parse_type(cursor: &mut Cursor<'_>) -> Result<SqlType, SqlError> {
    let place = cursor.place();
    let name = cursor.identifier("a type")?;
    let simple = match name.to_ascii_uppercase().as_str() {
        "BOOLEAN" => SqlType::Boolean,
        "TINYINT" => SqlType::TinyInt,
        "SMALLINT" => SqlType::SmallInt,
        "INT" | "INTEGER" => SqlType::Int,
        "BIGINT" => SqlType::BigInt,
        "FLOAT" => SqlType::Float,
        "DOUBLE" => {
            cursor.take_keywords(&["PRECISION"]);
            SqlType::Double
        }
        "STRING" => SqlType::Text,
        "DATE" => SqlType::Date,
        "CHAR" | "VARCHAR" => {
            parse_numbers(cursor, 1)?;
            SqlType::Text
        }
        "DECIMAL" | "DEC" | "NUMERIC" => return parse_decimal(cursor, place),
        "TIMESTAMP" | "TIMESTAMP_LTZ" => return parse_timestamp(cursor, &name, place),
        other => {
            let hint = match other {
                "ROW" | "ARRAY" | "MAP" | "MULTISET" => {
                    "nested types are not supported yet; declare the column STRING to get its JSON text"
                }
                "BYTES" | "BINARY" | "VARBINARY" => "binary columns are not supported yet; declare the column STRING",
                "TIME" => "TIME is not supported yet; declare the column STRING",
                _ => {
                    "known are BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL(p, s), CHAR(n), VARCHAR(n), STRING, DATE, TIMESTAMP(3) and TIMESTAMP_LTZ(3)"
                }
            };
            return Err(SqlError::at(place, format!("type {name}: {hint}")));
        }
    };
    Ok(simple)
}

fn parse_numbers(cursor: &mut Cursor<'_>, count_max: usize) -> Result<Vec<u64>, SqlError> {
    let mut numbers = Vec::new();
    if cursor.take(&Token::LParen) {
        numbers.push(cursor.number("a number")?);
        while numbers.len() < count_max && cursor.take(&Token::Comma) {
            numbers.push(cursor.number("a number")?);
        }
        cursor.expect(&Token::RParen)?;
    }
    Ok(numbers)
}

fn parse_decimal(cursor: &mut Cursor<'_>, place: sqlparser::tokenizer::Location) -> Result<SqlType, SqlError> {
    // Flink: DECIMAL is DECIMAL(10, 0), and DECIMAL(p) is DECIMAL(p, 0).
    let numbers = parse_numbers(cursor, 2)?;
    let (precision, scale) = (numbers.first().copied().unwrap_or(10), numbers.get(1).copied().unwrap_or(0));
    if !(1..=38).contains(&precision) || scale > precision {
        return Err(SqlError::at(place, "DECIMAL(p, s) takes p from 1 to 38 and s from 0 to p"));
    }
    Ok(SqlType::Decimal(precision as u8, scale as i8))
}

fn parse_timestamp(
    cursor: &mut Cursor<'_>,
    name: &str,
    place: sqlparser::tokenizer::Location,
) -> Result<SqlType, SqlError> {
    let precision = parse_numbers(cursor, 1)?.first().copied();
    let mut local = name.eq_ignore_ascii_case("TIMESTAMP_LTZ");
    if !local && cursor.take_keywords(&["WITH", "LOCAL", "TIME", "ZONE"]) {
        local = true;
    } else if !local {
        cursor.take_keywords(&["WITHOUT", "TIME", "ZONE"]);
    }
    match precision {
        Some(0..=3) if local => Ok(SqlType::TimestampLtz),
        Some(0..=3) => Ok(SqlType::Timestamp),
        _ => Err(SqlError::at(
            place,
            format!("times are kept to the millisecond; write {name}(3) (without a number it means {name}(6))"),
        )),
    }
}
