//! Records to columns: the JSON objects of Flink's `json` format and the properties of the records around them.
//!
//! As in Flink, a field that is not of its column's type fails the job, or is NULL with `json.ignore-parse-errors`; a
//! record that is no object is then skipped. Stricter than Flink: a number with a fraction is no INT, and only `true` and
//! `false` are BOOLEAN.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, PrimitiveArray, RecordBatch, StringArray,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMillisecondType,
};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserializer, de::Error as _};
use serde_json::value::RawValue;
use types::{Record, ShardId};

use super::JobError;
use crate::program::{Input, InputKind, Source, TableColumn};
use crate::sql::{MetadataKey, SqlType};
use crate::time_text::{TimestampFormat, parse_date};

/// The rows of a page of records.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// All columns of the table.
    pub(crate) rows: RecordBatch,
    /// The highest watermark of the rows.
    pub(crate) watermark: Option<i64>,
    /// Records and fields that `json.ignore-parse-errors` passed over.
    pub(crate) ignored: u64,
}

/// Decodes a page of one shard.
pub(crate) fn decode(source: &Source, shard: ShardId, records: &[Record]) -> Result<Decoded, JobError> {
    let mut page = Page { source, shard, records, keep: vec![true; records.len()], ignored: 0 };
    let fields = page.fields()?;
    let mut arrays = Vec::with_capacity(source.inputs.len());
    let mut field = 0;
    let width = fields.len() / records.len().max(1);
    for input in &source.inputs {
        arrays.push(match input.kind {
            InputKind::Metadata(key) => page.metadata(key, input.sql_type)?,
            InputKind::Field { not_null } => {
                let column: Vec<_> = (0..records.len()).map(|row| fields[row * width + field]).collect();
                field += 1;
                page.column(input, not_null, &column)?
            }
        });
    }
    let inputs = page.kept(RecordBatch::try_new_with_options(
        source.input_schema.clone(),
        arrays,
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(records.len())),
    )?)?;
    let rows = page.table(inputs)?;
    page.with_watermark(rows)
}

struct Page<'a> {
    source: &'a Source,
    shard: ShardId,
    records: &'a [Record],
    /// Which records make rows.
    keep: Vec<bool>,
    ignored: u64,
}

impl<'a> Page<'a> {
    fn error(&self, row: usize, message: String) -> JobError {
        JobError::Record {
            table: self.source.name.clone(),
            shard: self.shard,
            sequence_number: self.records[row].sequence_number,
            message,
        }
    }

    /// A wrong field or record: passed over when the table says so.
    fn wrong(&mut self, row: usize, skip: bool, message: impl FnOnce() -> String) -> Result<(), JobError> {
        if !self.source.ignore_parse_errors {
            return Err(self.error(row, message()));
        }
        self.keep[row] &= !skip;
        self.ignored += 1;
        Ok(())
    }

    /// The raw values of the table's fields, row by row.
    fn fields(&mut self) -> Result<Vec<Option<&'a RawValue>>, JobError> {
        let wanted = self.source.inputs.iter().filter(|input| matches!(input.kind, InputKind::Field { .. }));
        let names: HashMap<&str, usize> =
            wanted.enumerate().map(|(index, input)| (input.name.as_str(), index)).collect();
        let mut fields = vec![None; names.len() * self.records.len()];
        for (row, record) in self.records.iter().enumerate() {
            let slots = &mut fields[row * names.len()..(row + 1) * names.len()];
            let mut json = serde_json::Deserializer::from_slice(&record.data);
            let read = json.deserialize_map(Object { names: &names, slots }).and_then(|()| json.end());
            if let Err(error) = read {
                slots.fill(None);
                self.wrong(row, true, || format!("the record is not a JSON object: {error}"))?;
            } else if self.source.fail_on_missing_field
                && let Some(missing) = slots.iter().position(Option::is_none)
            {
                let name = names.iter().find(|(_, index)| **index == missing).map_or("", |(name, _)| name);
                self.wrong(row, true, || format!("field {name} is missing"))?;
            }
        }
        Ok(fields)
    }

    fn metadata(&self, key: MetadataKey, sql_type: SqlType) -> Result<ArrayRef, JobError> {
        let text = |value: &dyn Fn(&Record) -> String| -> ArrayRef {
            Arc::new(self.records.iter().map(|record| Some(value(record))).collect::<StringArray>())
        };
        Ok(match key {
            MetadataKey::SequenceNumber => text(&|record| record.sequence_number.to_string()),
            MetadataKey::PartitionKey => text(&|record| record.partition_key.clone()),
            MetadataKey::ShardId => text(&|_| self.shard.to_string()),
            MetadataKey::Timestamp => {
                let times = self.records.iter().map(|record| Some(record.arrival.0 as i64));
                cast(&times.collect::<PrimitiveArray<TimestampMillisecondType>>(), &sql_type.arrow())?
            }
        })
    }

    fn column(&mut self, input: &Input, not_null: bool, raw: &[Option<&RawValue>]) -> Result<ArrayRef, JobError> {
        let (sql_type, format) = (input.sql_type, self.source.timestamps);
        let array: ArrayRef = match sql_type {
            SqlType::Boolean => Arc::new(BooleanArray::from(self.values(input, raw, boolean)?)),
            SqlType::TinyInt => self.numbers::<Int8Type>(input, raw, integer)?,
            SqlType::SmallInt => self.numbers::<Int16Type>(input, raw, integer)?,
            SqlType::Int => self.numbers::<Int32Type>(input, raw, integer)?,
            SqlType::BigInt => self.numbers::<Int64Type>(input, raw, integer)?,
            SqlType::Float => self.numbers::<Float32Type>(input, raw, |text| text.parse().ok())?,
            SqlType::Double => self.numbers::<Float64Type>(input, raw, |text| text.parse().ok())?,
            SqlType::Decimal(precision, scale) => {
                let values = self.values(input, raw, |text| decimal(text, precision, scale))?;
                Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale)?)
            }
            SqlType::Text => Arc::new(StringArray::from(self.values(input, raw, |text| Some(text.to_owned()))?)),
            SqlType::Date => {
                let date = |text: &str| parse_date(text).and_then(|days| i32::try_from(days).ok());
                Arc::new(Date32Array::from(self.values(input, raw, date)?))
            }
            SqlType::Timestamp => {
                self.numbers::<TimestampMillisecondType>(input, raw, |text| format.parse(text, false))?
            }
            SqlType::TimestampLtz => {
                let times = self.numbers::<TimestampMillisecondType>(input, raw, |text| format.parse(text, true))?;
                cast(&times, &sql_type.arrow())?
            }
        };
        if not_null && array.null_count() > 0 {
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                if self.keep[row] {
                    self.wrong(row, true, || format!("field {} is NULL but its column is NOT NULL", input.name))?;
                }
            }
        }
        Ok(array)
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        input: &Input,
        raw: &[Option<&RawValue>],
        parse: impl Fn(&str) -> Option<T::Native>,
    ) -> Result<ArrayRef, JobError> {
        Ok(Arc::new(PrimitiveArray::<T>::from_iter(self.values(input, raw, parse)?)))
    }

    /// The values of one column; `parse` reads the text of a scalar, which is trimmed unless the column is text.
    fn values<V>(
        &mut self,
        input: &Input,
        raw: &[Option<&RawValue>],
        parse: impl Fn(&str) -> Option<V>,
    ) -> Result<Vec<Option<V>>, JobError> {
        let mut values = Vec::with_capacity(raw.len());
        for (row, raw) in raw.iter().enumerate() {
            let Some(text) = raw.map(|raw| raw.get()).filter(|text| *text != "null") else {
                values.push(None);
                continue;
            };
            let scalar = scalar_text(text, input.sql_type == SqlType::Text);
            let value = scalar.as_deref().and_then(&parse);
            if value.is_none() {
                let hint = hint(input.sql_type, self.source.timestamps);
                self.wrong(row, false, || {
                    format!("field {} is {}, which is not of type {}{hint}", input.name, excerpt(text), input.sql_type)
                })?;
            }
            values.push(value);
        }
        Ok(values)
    }

    fn kept(&mut self, batch: RecordBatch) -> Result<RecordBatch, JobError> {
        if self.keep.iter().all(|keep| *keep) {
            return Ok(batch);
        }
        let kept = filter_record_batch(&batch, &BooleanArray::from(self.keep.clone()))?;
        Ok(kept)
    }

    fn table(&self, inputs: RecordBatch) -> Result<RecordBatch, JobError> {
        let mut columns = Vec::with_capacity(self.source.columns.len());
        for column in &self.source.columns {
            columns.push(match column {
                TableColumn::Input(index) => inputs.column(*index).clone(),
                TableColumn::Computed(expression) => expression.evaluate(&inputs)?.into_array(inputs.num_rows())?,
            });
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(inputs.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.source.schema.clone(), columns, &options)?)
    }

    fn with_watermark(mut self, mut rows: RecordBatch) -> Result<Decoded, JobError> {
        let Some(watermark) = &self.source.watermark else {
            return Ok(Decoded { rows, watermark: None, ignored: self.ignored });
        };
        let times = rows.column(watermark.column);
        if times.null_count() > 0 {
            let column = self.source.schema.field(watermark.column).name().clone();
            let kept = (0..self.records.len()).filter(|row| self.keep[*row]).collect::<Vec<_>>();
            let present: BooleanArray = (0..times.len()).map(|row| Some(times.is_valid(row))).collect();
            for row in (0..times.len()).filter(|row| !present.value(*row)).map(|row| kept[row]).collect::<Vec<_>>() {
                self.wrong(row, true, || {
                    format!(
                        "the time {column} is NULL; with 'json.ignore-parse-errors' = 'true' such records are skipped"
                    )
                })?;
            }
            rows = filter_record_batch(&rows, &present)?;
        }
        let times = watermark.expression.evaluate(&rows)?.into_array(rows.num_rows())?;
        let watermark = arrow::compute::max(times.as_primitive::<TimestampMillisecondType>());
        Ok(Decoded { rows, watermark, ignored: self.ignored })
    }
}

/// Takes the wanted fields of an object and passes over the rest; of a repeated field the last counts.
struct Object<'n, 's, 'a> {
    names: &'n HashMap<&'n str, usize>,
    slots: &'s mut [Option<&'a RawValue>],
}

impl<'a> Visitor<'a> for Object<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = map.next_key::<Text<'_>>()? {
            match self.names.get(&*key) {
                Some(index) => {
                    let slot = self.slots.get_mut(*index).ok_or_else(|| A::Error::custom("too many fields"))?;
                    *slot = Some(map.next_value()?);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A string that is borrowed when it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The text of a scalar, `None` for an object or array (text columns take those as compact JSON).
fn scalar_text(raw: &str, is_text: bool) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first() {
        Some(b'"') => {
            let Text(text) = serde_json::from_str(raw).ok()?;
            if is_text { Some(text) } else { Some(Cow::Owned(text.trim().to_owned())) }
        }
        Some(b'{' | b'[') => is_text.then(|| Cow::Owned(compact(raw))),
        _ => Some(Cow::Borrowed(raw)),
    }
}

/// JSON without the white space between its tokens.
fn compact(raw: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    raw.chars()
        .filter(|c| {
            if quoted {
                (quoted, escaped) = (escaped || *c != '"', !escaped && *c == '\\');
                return true;
            }
            quoted = *c == '"';
            !matches!(c, ' ' | '\t' | '\n' | '\r')
        })
        .collect()
}

fn excerpt(raw: &str) -> String {
    let mut text: String = raw.chars().take(60).collect();
    if text.len() < raw.len() {
        text.push('…');
    }
    text
}

fn hint(sql_type: SqlType, format: TimestampFormat) -> &'static str {
    match (sql_type, format) {
        (SqlType::Timestamp, TimestampFormat::Sql) => {
            " such as \"2026-01-31 12:00:00.5\" ('json.timestamp-format.standard' = 'ISO-8601' takes the form with T)"
        }
        (SqlType::Timestamp, TimestampFormat::Iso) => " such as \"2026-01-31T12:00:00.5\"",
        (SqlType::TimestampLtz, TimestampFormat::Sql) => {
            " such as \"2026-01-31 12:00:00.5Z\" ('json.timestamp-format.standard' = 'ISO-8601' takes the form with T)"
        }
        (SqlType::TimestampLtz, TimestampFormat::Iso) => " such as \"2026-01-31T12:00:00.5Z\"",
        _ => "",
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A whole number; `3.0` and `3e0` are 3.
fn integer<T: std::str::FromStr + TryFrom<i64>>(text: &str) -> Option<T> {
    text.parse().ok().or_else(|| {
        let unscaled = i64::try_from(decimal_parts(text, 0, false)?).ok()?;
        T::try_from(unscaled).ok()
    })
}

fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let unscaled = decimal_parts(text, u32::try_from(scale).ok()?, true)?;
    (unscaled.unsigned_abs() < 10u128.pow(u32::from(precision))).then_some(unscaled)
}

/// A decimal number times `10^scale`; digits past the scale are rounded half up or, unless `round`, must be zero.
fn decimal_parts(text: &str, scale: u32, round: bool) -> Option<i128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || digits.len() > 80 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // The number is digits × 10^-shift, and digits × 10^(scale - shift) is wanted.
    let kept = (whole.len() as i64).checked_add(exponent)?.checked_add(i64::from(scale))?;
    let (head, tail) = match usize::try_from(kept) {
        Ok(kept) if kept <= digits.len() => digits.split_at(kept),
        Ok(_) => (digits.as_str(), ""),
        Err(_) => ("", digits.as_str()),
    };
    if !round && tail.bytes().any(|b| b != b'0') {
        return None;
    }
    let head = head.trim_start_matches('0');
    let zeros = usize::try_from(kept).unwrap_or(0).saturating_sub(digits.len());
    if head.len() + if head.is_empty() { 0 } else { zeros } > 38 {
        return None;
    }
    let mut value: i128 = if head.is_empty() { 0 } else { head.parse().ok()? };
    if value != 0 {
        value *= 10i128.pow(u32::try_from(zeros).ok()?);
    }
    if kept >= 0 && tail.as_bytes().first().is_some_and(|digit| *digit >= b'5') {
        value += 1;
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_half_up_and_integers_are_whole() {
        assert_eq!(decimal("12.345", 5, 2), Some(1235));
        assert_eq!(decimal("-12.345", 5, 2), Some(-1235));
        assert_eq!(decimal("1e3", 6, 2), Some(100_000));
        assert_eq!(decimal("0.004", 5, 2), Some(0));
        assert_eq!(decimal("0.0005", 5, 2), Some(0));
        assert_eq!(decimal("1000", 5, 2), None);
        assert_eq!(decimal("x", 5, 2), None);
        assert_eq!(decimal("1e999999999999", 5, 2), None);
        assert_eq!(integer::<i32>("3.0"), Some(3));
        assert_eq!(integer::<i32>("3e2"), Some(300));
        assert_eq!(integer::<i32>("3.5"), None);
        assert_eq!(integer::<i8>("128"), None);
        assert_eq!(integer::<i64>("9223372036854775807"), Some(i64::MAX));
    }

    #[test]
    fn nested_values_become_compact_text() {
        assert_eq!(compact("{ \"a b\" : [ 1, \"x \\\" y\" ] }"), "{\"a b\":[1,\"x \\\" y\"]}");
    }

    const TABLE: &str = "
        CREATE TABLE t (b BOOLEAN, i INT, d DOUBLE, m DECIMAL(6, 2), v STRING, day DATE, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3),
        WATERMARK FOR ts AS ts) WITH ('connector' = 'kinesis', 'stream' = 't', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
        CREATE TABLE s (v STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'format' = 'json');
        INSERT INTO s SELECT v FROM t";

    proptest::proptest! {
        /// With `json.ignore-parse-errors` no record stops a job, whatever its bytes.
        #[test]
        fn no_record_is_too_strange(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
            value in "[-+.eE0-9:TZ \"a-f\\\\]{0,24}|\\PC{0,12}",
        ) {
            let program = crate::sql::compile(TABLE).unwrap();
            let quoted = serde_json::Value::from(value.as_str()).to_string();
            let field = |name: &str, value: &str| format!("\"{name}\":{value}");
            let object = |value: &str| {
                let names = ["b", "i", "d", "m", "v", "day", "ts", "tz"];
                format!("{{{}}}", names.map(|name| field(name, value)).join(","))
            };
            let records = [bytes, object(&value).into_bytes(), object(&quoted).into_bytes()].map(|data| Record {
                sequence_number: types::SequenceNumber::of(types::Epoch(1), types::Offset(0)),
                arrival: types::Timestamp(0),
                partition_key: String::new(),
                data: data.into(),
                encrypted: false,
            });
            proptest::prop_assert!(decode(&program.sources[0], ShardId(0), &records).is_ok());
        }
    }
}
