//! PutRecords as the AWS SDK for Java 1.x and the KPL write it: legacy CBOR with maps and lists of unknown length.
//!
//! Owns these few bytes by hand: a generator that shared the server's codec would share its mistakes.

use crate::noise::Noise;
use crate::request::Form;

pub(crate) const CONTENT_TYPE: &str = "application/x-amz-cbor-1.1";

const MAP_BEGINS: u8 = 0xbf;
const LIST_BEGINS: u8 = 0x9f;
const ENDS: u8 = 0xff;
/// The upper three bits of an item's first byte.
const BYTES: u8 = 2 << 5;
const TEXT: u8 = 3 << 5;

/// The body of one call.
pub(crate) fn batch(stream: &str, form: Form, noise: &mut Noise) -> Vec<u8> {
    let mut body = vec![MAP_BEGINS];
    text("StreamName", &mut body);
    text(stream, &mut body);
    text("Records", &mut body);
    body.push(LIST_BEGINS);
    for _ in 0..form.records {
        body.push(MAP_BEGINS);
        text("Data", &mut body);
        begin(BYTES, form.bytes, &mut body);
        body.extend(std::iter::repeat_with(|| noise.next()).take(form.bytes));
        text("PartitionKey", &mut body);
        let mut key = String::new();
        noise.key(&mut key);
        text(&key, &mut body);
        body.push(ENDS);
    }
    body.extend([ENDS, ENDS]);
    body
}

fn text(value: &str, body: &mut Vec<u8>) {
    begin(TEXT, value.len(), body);
    body.extend_from_slice(value.as_bytes());
}

fn begin(major: u8, length: usize, body: &mut Vec<u8>) {
    match length {
        0..24 => body.push(major | length as u8),
        24..256 => body.extend([major | 24, length as u8]),
        256..65_536 => {
            body.push(major | 25);
            body.extend((length as u16).to_be_bytes());
        }
        _ => {
            body.push(major | 26);
            body.extend((length as u32).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Encoding, Form};

    #[test]
    fn the_server_reads_what_is_written_by_hand() {
        for bytes in [0, 23, 24, 255, 256, 1024, 70_000] {
            let form = Form { encoding: Encoding::Cbor, records: 3, bytes };
            let body = batch("a-stream", form, &mut Noise::new());
            let input: wire::kinesis::PutRecordsInput = wire::Codec::LegacyCbor.decode(&body).unwrap();
            assert_eq!(input.stream_name.as_deref(), Some("a-stream"));
            let records = input.records.unwrap();
            assert_eq!(records.len(), 3);
            assert!(records.iter().all(|record| record.data.as_ref().unwrap().0.len() == bytes));
        }
    }
}
