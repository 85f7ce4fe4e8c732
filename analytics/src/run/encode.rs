//! Rows to records: one JSON object per row, as Flink's `json` format writes it, and its partition key.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMillisecondType,
};
use bytes::Bytes;
use streams::PutEntry;
use types::Random;

use super::JobError;
use crate::program::Sink;
use crate::sql::SqlType;
use crate::time_text::{TimestampFormat, write_date};

/// Longest partition key, in characters (API reference, PutRecord).
const PARTITION_KEY_CHARACTERS_MAX: usize = 256;

/// Writes every row of a batch that has the sink's columns.
pub(crate) fn encode(sink: &Sink, rows: &RecordBatch, random: &dyn Random) -> Result<Vec<PutEntry>, JobError> {
    for (column, array) in sink.columns.iter().zip(rows.columns()) {
        if column.not_null && array.null_count() > 0 {
            return Err(JobError::SinkNull { table: sink.name.clone(), column: column.name.clone() });
        }
    }
    let names: Vec<String> = sink.columns.iter().map(|column| json_text(&column.name)).collect();
    let mut entries = Vec::with_capacity(rows.num_rows());
    for row in 0..rows.num_rows() {
        let mut object = String::with_capacity(32 * names.len());
        for (index, (name, column)) in names.iter().zip(&sink.columns).enumerate() {
            object.push(if index == 0 { '{' } else { ',' });
            object.push_str(name);
            object.push(':');
            write_json(&mut object, rows.column(index), row, column.sql_type, sink.timestamps);
        }
        object.push('}');
        let partition_key = partition_key(sink, rows, row, random);
        entries.push(PutEntry {
            partition_key: Some(partition_key.into()),
            explicit_hash_key: None,
            data: Bytes::from(object),
        });
    }
    Ok(entries)
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The values of the PARTITIONED BY columns, or a random key that spreads rows over the shards.
fn partition_key(sink: &Sink, rows: &RecordBatch, row: usize, random: &dyn Random) -> String {
    let mut key = String::new();
    for (place, index) in sink.partitioned_by.iter().enumerate() {
        if place > 0 {
            key.push_str(&sink.partition_delimiter);
        }
        let array = rows.column(*index);
        if array.is_valid(row) {
            write_plain(&mut key, array, row, sink.columns[*index].sql_type, sink.timestamps);
        }
    }
    if let Some((cut, _)) = key.char_indices().nth(PARTITION_KEY_CHARACTERS_MAX) {
        key.truncate(cut);
    }
    if key.is_empty() { types::new_uuid(random).to_string() } else { key }
}

fn write_json(out: &mut String, array: &ArrayRef, row: usize, sql_type: SqlType, format: TimestampFormat) {
    if array.is_null(row) {
        out.push_str("null");
        return;
    }
    let finite = match sql_type {
        SqlType::Float => array.as_primitive::<Float32Type>().value(row).is_finite(),
        SqlType::Double => array.as_primitive::<Float64Type>().value(row).is_finite(),
        _ => true,
    };
    match sql_type {
        SqlType::Text => out.push_str(&json_text(array.as_string::<i32>().value(row))),
        _ if finite && (sql_type.is_numeric() || sql_type == SqlType::Boolean) => {
            write_plain(out, array, row, sql_type, format);
        }
        // Times, and numbers that JSON has no form for.
        _ => {
            out.push('"');
            write_plain(out, array, row, sql_type, format);
            out.push('"');
        }
    }
}

/// The value as text, without quotes. Writing to a String cannot fail.
fn write_plain(out: &mut String, array: &ArrayRef, row: usize, sql_type: SqlType, format: TimestampFormat) {
    let time =
        |out: &mut String, utc| format.write(out, array.as_primitive::<TimestampMillisecondType>().value(row), utc);
    let _ = match sql_type {
        SqlType::Boolean => write!(out, "{}", array.as_boolean().value(row)),
        SqlType::TinyInt => write!(out, "{}", array.as_primitive::<Int8Type>().value(row)),
        SqlType::SmallInt => write!(out, "{}", array.as_primitive::<Int16Type>().value(row)),
        SqlType::Int => write!(out, "{}", array.as_primitive::<Int32Type>().value(row)),
        SqlType::BigInt => write!(out, "{}", array.as_primitive::<Int64Type>().value(row)),
        SqlType::Float => write_float(out, array.as_primitive::<Float32Type>().value(row)),
        SqlType::Double => write_float(out, array.as_primitive::<Float64Type>().value(row)),
        SqlType::Decimal(..) => write!(out, "{}", array.as_primitive::<Decimal128Type>().value_as_string(row)),
        SqlType::Text => write!(out, "{}", array.as_string::<i32>().value(row)),
        SqlType::Date => {
            write_date(out, i64::from(array.as_primitive::<Date32Type>().value(row)));
            Ok(())
        }
        SqlType::Timestamp => {
            time(out, false);
            Ok(())
        }
        SqlType::TimestampLtz => {
            time(out, true);
            Ok(())
        }
    };
}

/// The shortest form that reads back as the same number; `1.0`, not `1`, as Java writes it.
fn write_float(out: &mut String, value: impl std::fmt::Debug) -> std::fmt::Result {
    let text = format!("{value:?}");
    out.push_str(if text == "inf" {
        "Infinity"
    } else if text == "-inf" {
        "-Infinity"
    } else {
        &text
    });
    Ok(())
}
