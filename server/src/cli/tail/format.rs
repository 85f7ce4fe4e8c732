//! What a record looks like: a line of a table, a JSON object, or its data alone.

use serde_json::json;

use super::merge::Row;
use crate::cli::text;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line
    Json,
    /// Time, shard, key and data, for people
    Table,
    /// The data and a line break
    Raw,
}

impl Format {
    pub(super) fn write(self, out: &mut Vec<u8>, row: &Row) {
        match self {
            Self::Raw => out.extend_from_slice(&row.data),
            Self::Json => out.extend_from_slice(json(row).as_bytes()),
            Self::Table => {
                let shard = row.shard.trim_start_matches("shardId-").trim_start_matches('0');
                let shard = if shard.is_empty() { "0" } else { shard };
                let (time, key, data) = (text::time(row.arrival), shown(&row.partition_key), data(row));
                out.extend_from_slice(format!("{time}  {shard:>4}  {key:<20}  {data}").as_bytes());
            }
        }
        out.push(b'\n');
    }
}

fn json(row: &Row) -> String {
    let mut object = json!({
        "shard": row.shard,
        "sequenceNumber": row.sequence_number,
        "arrival": text::time(row.arrival),
        "partitionKey": row.partition_key,
    });
    if let Some(number) = row.sub_sequence_number {
        object["subSequenceNumber"] = number.into();
    }
    match std::str::from_utf8(&row.data) {
        Ok(text) => object["data"] = text.into(),
        Err(_) => object["dataBase64"] = base64_simd::STANDARD.encode_to_string(&row.data).into(),
    }
    object.to_string()
}

fn data(row: &Row) -> String {
    match std::str::from_utf8(&row.data) {
        Ok(text) => shown(text),
        Err(_) => format!("({} bytes) {}", row.data.len(), base64_simd::STANDARD.encode_to_string(&row.data)),
    }
}

/// Control characters would move the cursor, or worse.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    #[test]
    fn each_format_is_one_line() {
        let row = |data: &'static [u8]| Row {
            shard: "shardId-000000000012".into(),
            sequence_number: "49".into(),
            sub_sequence_number: Some(3),
            arrival: Timestamp(1_700_000_000_123),
            partition_key: "k".into(),
            data: data.into(),
        };
        let check = |format: Format, data: &'static [u8], expected: &str| {
            let mut out = Vec::new();
            format.write(&mut out, &row(data));
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(Format::Raw, b"a\tb", "a\tb\n");
        check(Format::Table, b"a\x1b[2J\nb", "2023-11-14T22:13:20.123Z    12  k                     a\\u{1b}[2J\\nb\n");
        check(Format::Table, b"\xFF", "2023-11-14T22:13:20.123Z    12  k                     (1 bytes) /w==\n");
        let head = r#""arrival":"2023-11-14T22:13:20.123Z","#;
        let tail = r#""partitionKey":"k","sequenceNumber":"49","shard":"shardId-000000000012","subSequenceNumber":3}"#;
        check(Format::Json, b"a\"", &format!("{{{head}\"data\":\"a\\\"\",{tail}\n"));
        check(Format::Json, b"\xFF", &format!("{{{head}\"dataBase64\":\"/w==\",{tail}\n"));
    }
}
