//! Requests as bytes: body, headers and signature ready to be written to a socket.
//!
//! Owns the form of the load: how large records are and how many stand in a call. Read next: `noise.rs` for what is in
//! them, `cbor.rs` for the other form of the same load.

use wire::sigv4::{Request, Signer, amz_date};

use crate::cbor;
use crate::noise::Noise;

pub(crate) const JSON: &str = "application/x-amz-json-1.1";

/// Bytes of one record's data.
pub(crate) const RECORD_BYTES: usize = 1024;
/// Records in one PutRecords call: the most that the API allows.
pub(crate) const BATCH_RECORDS: usize = 500;

/// Whom requests go to and who signs them.
#[derive(Clone)]
pub(crate) struct Target {
    /// `ADDRESS:PORT`.
    pub(crate) authority: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) region: String,
}

impl Target {
    /// The whole HTTP request for a Kinesis operation in JSON, signed as of now.
    pub(crate) fn request(&self, operation: &str, body: &str) -> Vec<u8> {
        self.signed(operation, JSON, body.as_bytes())
    }

    /// The same for a body of any type.
    pub(crate) fn signed(&self, operation: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
        let mut request = String::from("POST / HTTP/1.1\r\n");
        for (name, value) in self.headers(operation, content_type, body) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let mut request = request.into_bytes();
        request.extend_from_slice(body);
        request
    }

    /// The headers that carry an operation and its signature, as of now.
    pub(crate) fn headers(&self, operation: &str, content_type: &str, body: &[u8]) -> [(&'static str, String); 5] {
        let now = crate::time::wall_millis();
        let (date, operation) = (amz_date(now), format!("Kinesis_20131202.{operation}"));
        let headers: [(&str, &[u8]); 4] = [
            ("content-type", content_type.as_bytes()),
            ("host", self.authority.as_bytes()),
            ("x-amz-date", date.as_bytes()),
            ("x-amz-target", operation.as_bytes()),
        ];
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret_access_key,
            region: &self.region,
            service: "kinesis",
        };
        let unsigned = Request { method: "POST", path: "/", query: "", headers: &headers };
        let authorization = signer.authorization(&unsigned, now, body);
        [
            ("content-type", content_type.to_owned()),
            ("host", self.authority.clone()),
            ("x-amz-date", date),
            ("x-amz-target", operation),
            ("authorization", authorization),
        ]
    }

    /// `count` different PutRecords calls of the form, to the streams in turn.
    pub(crate) fn put_records(&self, streams: &[&str], form: Form, count: usize) -> Vec<Vec<u8>> {
        let mut noise = Noise::new();
        let streams = streams.iter().cycle().take(count);
        streams
            .map(|stream| match form.encoding {
                Encoding::Json => self.request("PutRecords", &batch(stream, form, &mut noise)),
                Encoding::Cbor => self.signed("PutRecords", cbor::CONTENT_TYPE, &cbor::batch(stream, form, &mut noise)),
            })
            .collect()
    }

    /// `count` different PutRecord calls.
    pub(crate) fn put_record(&self, stream: &str, bytes: usize, count: usize) -> Vec<Vec<u8>> {
        let mut noise = Noise::new();
        let mut single = || {
            let mut body = format!("{{\"StreamName\":\"{stream}\",");
            noise.record(bytes, &mut body);
            body.push('}');
            body
        };
        (0..count).map(|_| self.request("PutRecord", &single())).collect()
    }
}

/// What one PutRecords call is made of.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) encoding: Encoding,
    pub(crate) records: usize,
    /// Of one record's data.
    pub(crate) bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Cbor,
}

impl Form {
    pub(crate) const fn full(encoding: Encoding) -> Self {
        Self { encoding, records: BATCH_RECORDS, bytes: RECORD_BYTES }
    }

    /// Data of all records of a call.
    pub(crate) const fn payload(&self) -> usize {
        self.records * self.bytes
    }
}

fn batch(stream: &str, form: Form, noise: &mut Noise) -> String {
    let mut body = format!("{{\"StreamName\":\"{stream}\",\"Records\":[");
    for index in 0..form.records {
        body.push_str(if index == 0 { "{" } else { ",{" });
        noise.record(form.bytes, &mut body);
        body.push('}');
    }
    body.push_str("]}");
    body
}
