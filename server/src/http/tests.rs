//! The order of checks without a socket. `tests/protocols.rs` has the formats, `tests/sockets.rs` what only a socket
//! shows, `tests/tls.rs` certificates.

mod protocols;
mod sockets;
mod tls;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use proptest::prelude::*;
use serde_json::Value;
use wire::sigv4::{self, Signer, amz_date};

use super::held::Held;
use super::*;
use crate::app::AppConfig;
use crate::auth::Identity;

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct Bench {
    front: Front,
    held: Held,
    app: Arc<App>,
    _folder: tempfile::TempDir,
}

/// The holder of the one key.
fn identity() -> Identity {
    let account = types::AccountId::parse("000000000000").unwrap();
    let (access_key_id, secret_access_key) = (KEY.to_owned(), SECRET.to_owned());
    Identity { access_key_id, secret_access_key, account, user: None, policy: None }
}

impl Bench {
    async fn new(keys: Keys) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(AppConfig::for_test(folder.path())).await.unwrap();
        let stopping = watch::channel(false).1;
        let held = Held::new(app.clock.clone());
        Self { front: Front::new(app.clone(), Arc::new(keys), stopping), held, app, _folder: folder }
    }

    async fn strict() -> Self {
        Self::new(Keys::new([identity()])).await
    }

    async fn dev() -> Self {
        Self::new(Keys::any([])).await
    }

    async fn send(&self, call: Call) -> Response<reply_body::ReplyBody> {
        request::answer(&self.front, &self.held, call.request(self.app.clock.now().0 as i64)).await
    }

    /// Status, error type and body of the answer.
    async fn answer(&self, call: Call) -> (u16, String, Vec<u8>) {
        let response = self.send(call).await;
        let error = response.headers().get("x-amzn-errortype").map_or("", |value| value.to_str().unwrap()).to_owned();
        (response.status().as_u16(), error, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }
}

/// A request to be; signed unless told otherwise.
#[derive(Clone)]
struct Call {
    method: &'static str,
    uri: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    signer: Option<Signer<'static>>,
    service: &'static str,
    skew_millis: i64,
}

impl Call {
    fn to(target: &str, body: &str) -> Self {
        Self {
            method: "POST",
            uri: "/",
            headers: vec![("content-type", "application/x-amz-json-1.1".into()), ("x-amz-target", target.into())],
            body: body.into(),
            signer: Some(Signer { access_key_id: KEY, secret_access_key: SECRET, region: "us-east-1", service: "" }),
            service: "kinesis",
            skew_millis: 0,
        }
    }

    fn list_streams() -> Self {
        Self::to("Kinesis_20131202.ListStreams", "{}")
    }

    fn unsigned(self) -> Self {
        Self { signer: None, ..self }
    }

    /// Sets a header, or with an empty value removes it; covered by the signature.
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            self.headers.push((name, value.into()));
        }
        self
    }

    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    fn request(mut self, now: i64) -> Request<Full<Bytes>> {
        let now = now + self.skew_millis;
        self.headers.push(("host", "localhost:4567".into()));
        if let Some(signer) = self.signer {
            self.headers.push(("x-amz-date", amz_date(now)));
            let headers: Vec<(&str, &[u8])> =
                self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
            let signed = sigv4::Request { method: self.method, path: self.uri, query: "", headers: &headers };
            let signer = Signer { service: self.service, ..signer };
            let authorization = signer.authorization(&signed, now, &self.body);
            self.headers.push(("authorization", authorization));
        }
        let mut request = Request::builder().method(self.method).uri(self.uri);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.body(Full::new(self.body.into())).unwrap()
    }
}

fn message(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap();
    value.get("message").or_else(|| value.get("Message")).and_then(Value::as_str).unwrap().to_owned()
}

#[tokio::test]
async fn a_signed_request_is_answered_with_ids() {
    let bench = Bench::strict().await;
    let response = bench.send(Call::list_streams()).await;
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/x-amz-json-1.1");
    assert_eq!((header("x-amzn-requestid").len(), header("x-amz-id-2").len()), (36, 96));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], br#"{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}"#);
    let charset = Call::list_streams().header("content-type", "Application/X-Amz-Json-1.1; charset=utf-8");
    assert_eq!(bench.answer(charset).await.0, 200);
}

#[tokio::test]
async fn operations_without_output_have_an_empty_body() {
    let bench = Bench::strict().await;
    let create = Call::to("Kinesis_20131202.CreateStream", r#"{"StreamName":"s","ShardCount":1}"#);
    assert_eq!(bench.answer(create).await, (200, String::new(), Vec::new()));
}

#[tokio::test]
async fn the_checks_come_in_the_order_of_aws() {
    let bench = Bench::strict().await;
    let list = Call::list_streams;
    // Each call is wrong in one way more than the next, so each answer shows that its check comes first.
    let get = Call { method: "GET", ..list().header("content-type", "").unsigned().body("") };
    let empty = list().header("content-type", "text/plain").unsigned().body("");
    let foreign = list().header("content-type", "text/plain").unsigned().body("x");
    let nameless = list().header("content-type", "text/plain").header("x-amz-target", "").unsigned().body("x");
    let unknown = list().header("x-amz-target", "Kinesis_20131202.Nope").unsigned().body("{");
    let malformed = list().body("{");
    let mistyped = list().body(r#"{"Limit":"x","ExclusiveStartStreamName":""}"#);
    let invalid = list().body(r#"{"Limit":0,"ExclusiveStartStreamName":"s","NextToken":"!"}"#);
    let meaningless = list().body(r#"{"NextToken":"!"}"#);
    for (call, status, code) in [
        (get, 403, "AccessDeniedException"),
        (empty, 400, "SerializationException"),
        (foreign, 404, "UnknownOperationException"),
        (nameless, 403, "AccessDeniedException"),
        (unknown, 400, "UnknownOperationException"),
        (malformed.clone().unsigned(), 400, "MissingAuthenticationTokenException"),
        (Call { skew_millis: -600_000, ..malformed.clone() }, 400, "InvalidSignatureException"),
        (malformed, 400, "SerializationException"),
        (mistyped, 400, "SerializationException"),
        (invalid, 400, "ValidationException"),
        (meaningless, 400, "InvalidArgumentException"),
    ] {
        let (found_status, found_code, _) = bench.answer(call).await;
        assert_eq!((found_status, found_code.as_str()), (status, code));
    }
}

#[tokio::test]
async fn operations_that_are_not_built_are_unknown() {
    let bench = Bench::strict().await;
    for target in
        ["Firehose_20150804.UpdateDestination", "Nope_1.ListStreams", "KinesisAnalytics_20180523.RollbackApplication"]
    {
        let (status, code, body) = bench.answer(Call::to(target, "{}")).await;
        assert_eq!((status, code.as_str()), (400, "UnknownOperationException"), "{target}");
        assert_eq!(body, br#"{"__type":"UnknownOperationException"}"#);
    }
    let empty = Call::to("Kinesis_20131202.Nope", "");
    assert_eq!(bench.answer(empty).await.1, "UnknownOperationException");
}

#[tokio::test]
async fn wrong_signatures_are_refused_for_every_built_operation() {
    let bench = Bench::strict().await;
    let services = [
        (wire::kinesis::TARGET_PREFIX, wire::kinesis::BUILT, wire::kinesis::SIGNING_NAME),
        (wire::firehose::TARGET_PREFIX, wire::firehose::BUILT, wire::firehose::SIGNING_NAME),
        (wire::analytics::TARGET_PREFIX, wire::analytics::BUILT, wire::analytics::SIGNING_NAME),
    ];
    for (prefix, operations, service) in services {
        for operation in operations {
            let call = Call { service, ..Call::to(&format!("{prefix}.{operation}"), "{}") };
            let forged = Signer { secret_access_key: "forged", ..call.signer.unwrap() };
            let (status, code, _) = bench.answer(Call { signer: Some(forged), ..call.clone() }).await;
            assert_eq!((status, code.as_str()), (400, "InvalidSignatureException"), "{operation}");
            let stranger = Signer { access_key_id: "AKIDSTRANGER", ..call.signer.unwrap() };
            let (_, code, _) = bench.answer(Call { signer: Some(stranger), ..call.clone() }).await;
            assert_eq!(code, "UnrecognizedClientException", "{operation}");
            let elsewhere = Call { service: "s3", ..call.clone() };
            assert_eq!(bench.answer(elsewhere).await.1, "InvalidSignatureException", "{operation}");
            assert_eq!(bench.answer(call.unsigned()).await.1, "MissingAuthenticationTokenException", "{operation}");
        }
    }
}

#[tokio::test]
async fn a_signature_for_one_service_does_not_open_another() {
    let bench = Bench::strict().await;
    let (_, code, body) = bench.answer(Call { service: "firehose", ..Call::list_streams() }).await;
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(message(&body), "Credential should be scoped to correct service: 'kinesis'.");
    let token = Call::list_streams().header("x-amz-security-token", "nobody-issued-it");
    assert_eq!(bench.answer(token).await.1, "UnrecognizedClientException");
}

#[tokio::test]
async fn messages_are_spelled_as_each_service_does() {
    let bench = Bench::strict().await;
    let (_, _, body) = bench.answer(Call::list_streams().body("[]")).await;
    assert!(String::from_utf8(body).unwrap().contains(r#""Message":"Start of list"#));
    let (_, _, body) = bench.answer(Call::list_streams().body(r#"{"Limit":0}"#)).await;
    assert!(String::from_utf8(body).unwrap().contains(r#""message":"1 validation error detected: "#));
    let analytics = Call::to("KinesisAnalytics_20180523.ListApplications", "{}").unsigned();
    let (_, _, body) = bench.answer(analytics).await;
    assert!(String::from_utf8(body).unwrap().contains(r#""Message":"Missing Authentication Token""#));
}

#[tokio::test]
async fn cbor_clients_get_their_errors_in_cbor() {
    let bench = Bench::strict().await;
    let call = Call::list_streams().header("content-type", "application/x-amz-cbor-1.1").body(b"\xff".to_vec());
    let response = bench.send(call).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (400, &"application/x-amz-cbor-1.1".parse().unwrap())
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body[0], 0xbf);
    assert!(String::from_utf8_lossy(&body).contains("SerializationException"));
}

#[tokio::test]
async fn large_bodies_are_refused_without_ids() {
    let bench = Bench::strict().await;
    let large = vec![b' '; types::limits::REQUEST_BODY_BYTES_MAX + 1];
    let response = bench.send(Call::list_streams().unsigned().body(large)).await;
    assert_eq!(response.status(), 413);
    assert!(response.headers().get("x-amzn-requestid").is_none());
    // A stranger's large body is not worth reading.
    let call = Call::list_streams().body(vec![b' '; 1 << 20]);
    let stranger = Signer { access_key_id: "AKIDSTRANGER", ..call.signer.unwrap() };
    let (status, code, _) = bench.answer(Call { signer: Some(stranger), ..call }).await;
    assert_eq!((status, code.as_str()), (400, "UnrecognizedClientException"));
}

#[tokio::test]
async fn browsers_may_ask() {
    let bench = Bench::strict().await;
    let preflight = Call {
        method: "OPTIONS",
        ..Call::list_streams()
            .unsigned()
            .body("")
            .header("origin", "http://console")
            .header("access-control-request-headers", "x-amz-target")
            .header("access-control-request-method", "POST")
    };
    let response = bench.send(preflight).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header("access-control-allow-origin"), "*");
    assert_eq!(header("access-control-allow-headers"), "x-amz-target");
    assert_eq!(header("access-control-allow-methods"), "POST");
    assert_eq!(header("access-control-max-age"), "172800");
    assert!(response.headers().get("x-amz-id-2").is_none());
    let plain = bench.send(Call::list_streams().header("origin", "http://console")).await;
    assert_eq!(plain.headers()["access-control-allow-origin"], "*");
    assert!(plain.headers().get("connection").is_none());
    let no_origin = Call { method: "OPTIONS", ..Call::list_streams().unsigned() };
    assert_eq!(bench.answer(no_origin).await.0, 403);
}

#[tokio::test]
async fn dev_takes_everybody_in_the_region_they_sign_for() {
    let bench = Bench::dev().await;
    let create =
        |name: &str| Call::to("Kinesis_20131202.CreateStream", &format!(r#"{{"StreamName":"{name}","ShardCount":1}}"#));
    assert_eq!(bench.answer(create("here").unsigned()).await.0, 200);
    let signer = Signer { access_key_id: "any", secret_access_key: "any", region: "eu-west-1", service: "" };
    assert_eq!(bench.answer(Call { signer: Some(signer), ..create("there") }).await.0, 200);
    let (_, _, body) = bench.answer(Call { signer: Some(signer), ..Call::list_streams() }).await;
    assert!(String::from_utf8(body).unwrap().contains(r#""StreamNames":["there"]"#));
    let (_, _, body) = bench.answer(Call::list_streams().unsigned()).await;
    assert!(String::from_utf8(body).unwrap().contains(r#""StreamNames":["here"]"#));
    let broken = Call::list_streams().unsigned().header("authorization", "nonsense");
    assert_eq!(bench.answer(broken).await.0, 200);
}

#[test]
fn the_limit_of_open_files_is_read() {
    let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            20000                1048576              files\n";
    assert_eq!(open_files_max(limits), Some(20_000));
    assert_eq!(open_files_max("Max open files unlimited unlimited files"), None);
    assert_eq!(open_files_max(""), None);
}

#[test]
fn no_request_panics() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (strict, dev) = runtime.block_on(async { (Bench::strict().await, Bench::dev().await) });
    let target = prop_oneof![
        any::<String>(),
        proptest::sample::select(wire::kinesis::BUILT).prop_map(|name| format!("Kinesis_20131202.{name}")),
    ];
    let body = prop_oneof![
        any::<Vec<u8>>(),
        r#"\{"(StreamName|Limit|Records|ShardIterator|NextToken|StreamARN)":("[a-z:/-]{0,9}"|[0-9.e-]{1,6}|\[\]|null)\}"#
            .prop_map(String::into_bytes),
    ];
    let strategy = (target, body, any::<String>(), any::<String>(), any::<bool>());
    proptest!(|((target, body, authorization, content_type, json) in strategy)| {
        let mut request = Request::builder().method("POST").uri("/?a=b").header("host", "x");
        let content_type = if json { "application/x-amz-json-1.1" } else { content_type.as_str() };
        for (name, value) in [("x-amz-target", target.as_str()), ("authorization", &authorization), ("content-type", content_type)] {
            if let Ok(value) = hyper::header::HeaderValue::from_str(value) {
                request = request.header(name, value);
            }
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        for bench in [&strict, &dev] {
            let response = runtime.block_on(request::answer(&bench.front, &bench.held, request.clone()));
            prop_assert!(response.status().as_u16() < 500);
        }
    });
}
