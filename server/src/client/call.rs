//! One call: encode, sign, send, read, decode; and the same again while the failure is a passing one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use types::{Clock, SystemClock};
use wire::sigv4::{self, Signer, amz_date};
use wire::{Decode, Encode};

use super::identity::{Identity, Secrets};
use super::target::Urls;
use super::{CallError, ConnectError, Service, tls};
use crate::keys::KeyPair;

/// A call that takes longer has met something that hangs.
const CALL_TIME_MAX: Duration = Duration::from_secs(30);
/// GetRecords answers with 10 MiB in base64 plus JSON at most.
const RESPONSE_BYTES_MAX: usize = 32 << 20;
/// A passing failure is tried again after these pauses.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
    Duration::from_millis(2000),
    Duration::from_millis(4000),
];

/// A connection pool and who signs; clones share both.
#[derive(Clone)]
pub(crate) struct Client {
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    target: Arc<Target>,
}

struct Target {
    urls: Urls,
    region: String,
    identity: Identity,
}

/// A request before it is signed.
struct Call {
    service: Service,
    operation: &'static str,
    uri: Uri,
    body: Bytes,
}

impl Client {
    pub(super) fn new(urls: Urls, region: &str, identity: Identity) -> Result<Self, ConnectError> {
        let mut is_tls = false;
        for service in [Service::Kinesis, Service::DynamoDb, Service::Firehose] {
            is_tls |= parse(&urls.of(service, region))?.scheme_str() == Some("https");
        }
        let bundle = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from);
        let http = HttpClient::builder(TokioExecutor::new()).build(tls::connector(is_tls, bundle)?);
        Ok(Self { http, target: Arc::new(Target { urls, region: region.into(), identity }) })
    }

    /// A client of a server whose address and key pair are known.
    pub(crate) fn of(url: &str, region: &str, pair: &KeyPair) -> Result<Self, ConnectError> {
        Self::new(Urls::all(url.into()), region, Identity::Pair(pair.clone()))
    }

    /// Where Data Streams is, for messages to people.
    pub(crate) fn url(&self) -> String {
        self.target.urls.of(Service::Kinesis, &self.target.region)
    }

    /// Calls an operation with its shapes.
    pub(crate) async fn call<O: Decode + Default>(
        &self,
        service: Service,
        operation: &'static str,
        input: &dyn Encode,
    ) -> Result<O, CallError> {
        let bytes = self.send(service, operation, wire::json::encode(input).into()).await?;
        if bytes.is_empty() {
            return Ok(O::default());
        }
        wire::json::decode(&bytes).map_err(|_| CallError::Shape { operation })
    }

    /// As [`Self::call`], again after a pause while the failure is a passing one: for calls that may happen twice.
    pub(crate) async fn call_patiently<O: Decode + Default>(
        &self,
        service: Service,
        operation: &'static str,
        input: &dyn Encode,
    ) -> Result<O, CallError> {
        for pause in PATIENCE {
            match self.call(service, operation, input).await {
                Err(error) if error.is_transient() && !matches!(error, CallError::Http { .. }) => {}
                done => return done,
            }
            SystemClock.sleep(pause).await;
        }
        self.call(service, operation, input).await
    }

    /// Calls an operation that answers with nothing.
    pub(crate) async fn run(
        &self,
        service: Service,
        operation: &'static str,
        input: &dyn Encode,
    ) -> Result<(), CallError> {
        self.send(service, operation, wire::json::encode(input).into()).await.map(drop)
    }

    /// Calls an operation with JSON as it stands on the wire.
    pub(crate) async fn call_json(
        &self,
        service: Service,
        operation: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let bytes = self.send(service, operation, input.to_string().into()).await?;
        if bytes.is_empty() {
            return Ok(Value::Null); // Operations without an output shape.
        }
        serde_json::from_slice(&bytes).map_err(|_| CallError::Shape { operation })
    }

    async fn send(&self, service: Service, operation: &'static str, body: Bytes) -> Result<Bytes, CallError> {
        tokio::select! {
            answer = self.answer(service, operation, body) => answer,
            () = SystemClock.sleep(CALL_TIME_MAX) => Err(CallError::Late { operation, limit: CALL_TIME_MAX }),
        }
    }

    async fn answer(&self, service: Service, operation: &'static str, body: Bytes) -> Result<Bytes, CallError> {
        let url = self.target.urls.of(service, &self.target.region);
        let uri = parse(&url).expect("the URLs were parsed when the client was made");
        let secrets = self.target.identity.secrets().await?;
        let request = signed(Call { service, operation, uri, body }, &secrets, &self.target.region);
        let answered = self.http.request(request).await;
        let response = answered.map_err(|source| CallError::Http { operation, url, source })?;
        let status = response.status();
        let body = Limited::new(response.into_body(), RESPONSE_BYTES_MAX).collect().await;
        let bytes = body.map_err(|source| CallError::Body { operation, source })?.to_bytes();
        if status != StatusCode::OK {
            return Err(refusal(operation, status, &bytes));
        }
        Ok(bytes)
    }
}

fn parse(url: &str) -> Result<Uri, ConnectError> {
    let parsed = url.parse::<Uri>().ok().filter(|uri| {
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        is_http && uri.authority().is_some() && uri.query().is_none()
    });
    parsed.ok_or_else(|| ConnectError::Url { url: url.into() })
}

fn signed(call: Call, secrets: &Secrets, region: &str) -> Request<Full<Bytes>> {
    let now = SystemClock.now().0.cast_signed();
    let (date, target) = (amz_date(now), format!("{}.{}", call.service.target_prefix(), call.operation));
    let host = call.uri.authority().map(ToString::to_string).unwrap_or_default();
    let path = call.uri.path().to_string();
    let mut headers = vec![
        ("content-type", call.service.content_type()),
        ("host", host.as_str()),
        ("x-amz-date", &date),
        ("x-amz-target", &target),
    ];
    headers.extend(secrets.session_token.as_deref().map(|token| ("x-amz-security-token", token)));
    let covered: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let request = sigv4::Request { method: "POST", path: &path, query: "", headers: &covered };
    let signer = Signer {
        access_key_id: &secrets.access_key_id,
        secret_access_key: &secrets.secret_access_key,
        region,
        service: call.service.signing_name(),
    };
    let authorization = signer.authorization(&request, now, &call.body);
    let mut builder = Request::builder().method(Method::POST).uri(call.uri.clone());
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    let request = builder.header("authorization", authorization).body(Full::new(call.body));
    request.expect("a parsed URL and printable values make a valid request")
}

/// AWS JSON names the error in `__type`, the message in `message` or, for some services, `Message`.
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
