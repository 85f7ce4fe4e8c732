//! Functions of strings, counted in characters as Flink counts them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, Int32Type};
use datafusion_common::Result;

use super::Spec;
use super::spec::Types;

pub(super) static FUNCTIONS: [Spec; 14] = [
    Spec { name: "upper", usage: "UPPER(string)", types: text1, body: |a, _| map(a, |s| s.to_uppercase()) },
    Spec { name: "lower", usage: "LOWER(string)", types: text1, body: |a, _| map(a, |s| s.to_lowercase()) },
    Spec { name: "btrim", usage: "TRIM(string)", types: text1, body: |a, _| map(a, |s| s.trim_matches(' ').into()) },
    Spec { name: "trim", usage: "TRIM(string)", types: text1, body: |a, _| map(a, |s| s.trim_matches(' ').into()) },
    Spec {
        name: "ltrim",
        usage: "LTRIM(string)",
        types: text1,
        body: |a, _| map(a, |s| s.trim_start_matches(' ').into()),
    },
    Spec {
        name: "rtrim",
        usage: "RTRIM(string)",
        types: text1,
        body: |a, _| map(a, |s| s.trim_end_matches(' ').into()),
    },
    Spec { name: "char_length", usage: "CHAR_LENGTH(string)", types: text_to_int, body: |a, _| char_length(a) },
    Spec { name: "substring", usage: "SUBSTRING(string, start [, length])", types: slice, body: |a, _| substring(a) },
    Spec { name: "left", usage: "LEFT(string, length)", types: text_int, body: |a, _| left(a) },
    Spec { name: "right", usage: "RIGHT(string, length)", types: text_int, body: |a, _| right(a) },
    Spec { name: "concat", usage: "CONCAT(string, …)", types: texts, body: |a, _| concat(a) },
    Spec { name: "replace", usage: "REPLACE(string, from, to)", types: text3, body: |a, _| replace(a) },
    Spec { name: "strpos", usage: "POSITION(part IN string)", types: text2_to_int, body: |a, _| position(a) },
    Spec {
        name: "split_index",
        usage: "SPLIT_INDEX(string, separator, index)",
        types: split,
        body: |a, _| split_index(a),
    },
];

pub(super) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Null)
}

pub(super) fn is_int(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Null)
}

fn all_text(arguments: &[DataType], count: usize) -> bool {
    arguments.len() == count && arguments.iter().all(is_text)
}

fn text1(a: &[DataType]) -> Option<Types> {
    all_text(a, 1).then(|| (vec![DataType::Utf8], DataType::Utf8))
}

fn text3(a: &[DataType]) -> Option<Types> {
    all_text(a, 3).then(|| (vec![DataType::Utf8; 3], DataType::Utf8))
}

fn texts(a: &[DataType]) -> Option<Types> {
    (!a.is_empty() && all_text(a, a.len())).then(|| (vec![DataType::Utf8; a.len()], DataType::Utf8))
}

fn text_to_int(a: &[DataType]) -> Option<Types> {
    all_text(a, 1).then(|| (vec![DataType::Utf8], DataType::Int32))
}

fn text2_to_int(a: &[DataType]) -> Option<Types> {
    all_text(a, 2).then(|| (vec![DataType::Utf8; 2], DataType::Int32))
}

fn text_int(a: &[DataType]) -> Option<Types> {
    (a.len() == 2 && is_text(&a[0]) && is_int(&a[1])).then(|| (vec![DataType::Utf8, DataType::Int32], DataType::Utf8))
}

fn slice(a: &[DataType]) -> Option<Types> {
    let fits = matches!(a.len(), 2 | 3) && is_text(&a[0]) && a[1..].iter().all(is_int);
    let types = || [DataType::Utf8, DataType::Int32, DataType::Int32][..a.len()].to_vec();
    fits.then(|| (types(), DataType::Utf8))
}

fn split(a: &[DataType]) -> Option<Types> {
    (a.len() == 3 && is_text(&a[0]) && is_text(&a[1]) && is_int(&a[2]))
        .then(|| (vec![DataType::Utf8, DataType::Utf8, DataType::Int32], DataType::Utf8))
}

fn map(arrays: &[ArrayRef], body: impl Fn(&str) -> String) -> Result<ArrayRef> {
    let texts = arrays[0].as_string::<i32>();
    Ok(Arc::new(texts.iter().map(|text| text.map(&body)).collect::<StringArray>()))
}

fn char_length(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = arrays[0].as_string::<i32>();
    Ok(Arc::new(texts.iter().map(|text| text.map(|t| t.chars().count() as i32)).collect::<Int32Array>()))
}

/// Maps rows whose text and integer arguments are all present.
fn rows(arrays: &[ArrayRef], body: impl Fn(&str, &[i32]) -> Option<String>) -> Result<ArrayRef> {
    let texts = arrays[0].as_string::<i32>();
    let numbers: Vec<_> = arrays[1..].iter().map(|array| array.as_primitive::<Int32Type>()).collect();
    let mut values = Vec::with_capacity(numbers.len());
    let result = (0..texts.len()).map(|row| {
        if texts.is_null(row) || numbers.iter().any(|array| array.is_null(row)) {
            return None;
        }
        values.clear();
        values.extend(numbers.iter().map(|array| array.value(row)));
        body(texts.value(row), &values)
    });
    Ok(Arc::new(result.collect::<StringArray>()))
}

/// As Flink's `substringSQL`: counts from 1, from the end when negative; 0 is 1; a negative length gives NULL.
fn substring(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    rows(arrays, |text, numbers| {
        let (from, length) = (i64::from(numbers[0]), numbers.get(1).copied().unwrap_or(i32::MAX));
        let length = usize::try_from(length).ok()?;
        let start = match from {
            0 => 0,
            1.. => from - 1,
            _ => text.chars().count() as i64 + from,
        };
        let Ok(start) = usize::try_from(start) else { return Some(String::new()) };
        Some(text.chars().skip(start).take(length).collect())
    })
}

fn left(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    rows(arrays, |text, numbers| Some(text.chars().take(numbers[0].max(0) as usize).collect()))
}

fn right(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    rows(arrays, |text, numbers| {
        let skipped = text.chars().count().saturating_sub(numbers[0].max(0) as usize);
        Some(text.chars().skip(skipped).collect())
    })
}

/// NULL when any part is NULL, unlike PostgreSQL's.
fn concat(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let parts: Vec<_> = arrays.iter().map(|array| array.as_string::<i32>()).collect();
    let joined = (0..parts[0].len()).map(|row| {
        let whole = parts.iter().all(|part| part.is_valid(row));
        whole.then(|| parts.iter().map(|part| part.value(row)).collect::<String>())
    });
    Ok(Arc::new(joined.collect::<StringArray>()))
}

fn replace(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [texts, from, to] = [0, 1, 2].map(|i| arrays[i].as_string::<i32>());
    let replaced = texts.iter().zip(from).zip(to).map(|((text, from), to)| Some(text?.replace(from?, to?)));
    Ok(Arc::new(replaced.collect::<StringArray>()))
}

/// 1 for the first character, 0 when the part is not there.
fn position(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (texts, parts) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
    let found = texts.iter().zip(parts).map(|(text, part)| {
        let text = text?;
        Some(text.find(part?).map_or(0, |byte| text[..byte].chars().count() as i32 + 1))
    });
    Ok(Arc::new(found.collect::<Int32Array>()))
}

/// The part at an index from 0; NULL outside.
fn split_index(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (texts, separators) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
    let indexes = arrays[2].as_primitive::<Int32Type>();
    let parts = texts.iter().zip(separators).zip(indexes).map(|((text, separator), index)| {
        let (text, separator) = (text?, separator?);
        let index = usize::try_from(index?).ok()?;
        if separator.is_empty() { None } else { text.split(separator).nth(index) }
    });
    Ok(Arc::new(parts.collect::<StringArray>()))
}
