//! A small client of the three services: JSON over HTTP/1.1, signed. The demo uses nothing but the API that users call.
//!
//! Owns: one call with its signature and its time limit. Refuses: retries and meaning (`setup.rs`, `feed.rs`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use types::{Clock, SystemClock};
use wire::sigv4::{self, Signer, amz_date};

use super::feed::Entry;
use crate::keys::KeyPair;

/// A call that takes longer has met something that hangs.
const CALL_TIME_MAX: Duration = Duration::from_secs(30);
/// GetRecords answers with 10 MiB in base64 plus JSON at most.
const RESPONSE_BYTES_MAX: usize = 32 << 20;

/// Which service, as its signature and its `X-Amz-Target` name it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Service {
    Kinesis,
    Firehose,
    Analytics,
}

impl Service {
    fn signing_name(self) -> &'static str {
        match self {
            Self::Kinesis => wire::kinesis::SIGNING_NAME,
            Self::Firehose => wire::firehose::SIGNING_NAME,
            Self::Analytics => wire::analytics::SIGNING_NAME,
        }
    }

    fn target_prefix(self) -> &'static str {
        match self {
            Self::Kinesis => wire::kinesis::TARGET_PREFIX,
            Self::Firehose => wire::firehose::TARGET_PREFIX,
            Self::Analytics => wire::analytics::TARGET_PREFIX,
        }
    }
}

/// Why a call has no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("{operation} failed with {status} {code}: {message}")]
    Refused { operation: &'static str, status: u16, code: String, message: String },
    #[error("{operation} was not answered: {source}")]
    Http { operation: &'static str, source: hyper_util::client::legacy::Error },
    #[error("the answer to {operation} could not be read: {source}")]
    Body { operation: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the answer to {operation} is not what the API describes")]
    Shape { operation: &'static str },
    #[error("{operation} took longer than {CALL_TIME_MAX:?}")]
    Late { operation: &'static str },
}

impl CallError {
    /// Whether the service answered with this error code.
    pub(super) fn is(&self, expected: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == expected)
    }
}

/// A connection pool and the key pair; clones share both.
#[derive(Clone)]
pub(super) struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    target: Arc<Target>,
}

struct Target {
    url: String,
    host: String,
    region: String,
    pair: KeyPair,
}

impl Client {
    pub(super) fn new(url: &str, region: &str, pair: &KeyPair) -> Self {
        let host = url.trim_start_matches("http://").to_string();
        let target = Target { url: format!("{url}/"), host, region: region.into(), pair: pair.clone() };
        Self { http: HttpClient::builder(TokioExecutor::new()).build_http(), target: Arc::new(target) }
    }

    /// Calls one operation.
    pub(super) async fn call(
        &self,
        service: Service,
        operation: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        tokio::select! {
            answer = self.answer(service, operation, input) => answer,
            () = SystemClock.sleep(CALL_TIME_MAX) => Err(CallError::Late { operation }),
        }
    }

    async fn answer(&self, service: Service, operation: &'static str, input: &Value) -> Result<Value, CallError> {
        let request = self.signed(service, operation, input.to_string().into());
        let response = self.http.request(request).await.map_err(|source| CallError::Http { operation, source })?;
        let status = response.status();
        let body = Limited::new(response.into_body(), RESPONSE_BYTES_MAX).collect().await;
        let bytes = body.map_err(|source| CallError::Body { operation, source })?.to_bytes();
        if status != StatusCode::OK {
            return Err(refusal(operation, status, &bytes));
        }
        if bytes.is_empty() {
            return Ok(Value::Null); // Operations without an output shape.
        }
        serde_json::from_slice(&bytes).map_err(|_| CallError::Shape { operation })
    }

    fn signed(&self, service: Service, operation: &str, body: Bytes) -> Request<Full<Bytes>> {
        let now = SystemClock.now().0.cast_signed();
        let (date, target) = (amz_date(now), format!("{}.{operation}", service.target_prefix()));
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", self.target.host.as_str()),
            ("x-amz-date", &date),
            ("x-amz-target", &target),
        ];
        let signed = headers.map(|(name, value)| (name, value.as_bytes()));
        let request = sigv4::Request { method: "POST", path: "/", query: "", headers: &signed };
        let signer = Signer {
            access_key_id: &self.target.pair.access_key_id,
            secret_access_key: &self.target.pair.secret_access_key,
            region: &self.target.region,
            service: service.signing_name(),
        };
        let authorization = signer.authorization(&request, now, &body);
        let mut builder = Request::builder().method(Method::POST).uri(&self.target.url);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let request = builder.header("authorization", authorization).body(Full::new(body));
        request.expect("a loopback URL and printable values make a valid request")
    }

    /// PutRecords; says of each entry whether it was acknowledged.
    pub(super) async fn put_records(&self, stream: &str, entries: &[Entry]) -> Result<Vec<bool>, CallError> {
        let operation = "PutRecords";
        let records: Vec<Value> = entries
            .iter()
            .map(|entry| {
                let data = base64_simd::STANDARD.encode_to_string(&entry.data);
                json!({"Data": data, "PartitionKey": entry.partition_key})
            })
            .collect();
        let input = json!({"StreamName": stream, "Records": records});
        let output = self.call(Service::Kinesis, operation, &input).await?;
        let results = output["Records"].as_array().filter(|results| results.len() == entries.len());
        let results = results.ok_or(CallError::Shape { operation })?;
        Ok(results.iter().map(|result| result["SequenceNumber"].is_string()).collect())
    }
}

/// AWS JSON names the error in `__type`, the message in `message` or, for Analytics, `Message`.
fn refusal(operation: &'static str, status: StatusCode, body: &[u8]) -> CallError {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = value["__type"].as_str().unwrap_or_default();
    let message = value["message"].as_str().or(value["Message"].as_str()).unwrap_or_default();
    CallError::Refused {
        operation,
        status: status.as_u16(),
        code: code.rsplit('#').next().unwrap_or_default().into(),
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_in_both_spellings() {
        let body = br#"{"__type":"com.amazonaws#ResourceInUseException","Message":"it is there"}"#;
        let error = refusal("CreateStream", StatusCode::BAD_REQUEST, body);
        assert!(error.is("ResourceInUseException"));
        assert_eq!(error.to_string(), "CreateStream failed with 400 ResourceInUseException: it is there");
        assert!(!refusal("X", StatusCode::BAD_GATEWAY, b"<html>").is("ResourceInUseException"));
    }
}
