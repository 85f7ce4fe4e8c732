//! One request, from its head to its answer: the order of checks.
//!
//! The order is AWS's own (recorded by emulators that were tested against it) with one difference. AWS parses the body
//! before it authenticates; here the signature is checked over the raw bytes first, and only then is the body parsed.
//! What a client sees of that: a malformed body under a wrong signature is a signature error instead of a
//! SerializationException. With a right signature all answers are those of AWS.
//!
//! 1. a body announced as too large; 2. CORS preflight; 3. other methods than POST; 4. an empty body; 5. a content type
//!    that is not served; 6. an unknown target; 7. who signed, for what and when; 8. the body's size; 9. the signature;
//!    then, in `api`: 10. JSON and types; 11. constraints; 12. the operation itself.

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use types::limits::REQUEST_BODY_BYTES_MAX;
use wire::error_code;
use wire::sigv4;

use super::body::{BodyBudget, BodyError, drain};
use super::response::{Answer, Format};
use crate::app::App;
use crate::auth::{Action, Keys, Peer};
use crate::dispatch::Target;
use crate::error::ApiError;

const NO_CBOR: &str = "CBOR is not served yet: make the client use JSON with the system property aws.cborEnabled=false or \
                       the environment variable CBOR_ENABLED=false (AWS SDK for Java 2), or with AWS_CBOR_DISABLE=true \
                       (AWS SDK for Java 1).";
const NOT_DETERMINED: &str = "Unable to determine service/operation name to be authorized";

/// What answering needs.
pub(super) struct Front {
    app: Arc<App>,
    keys: Arc<Keys>,
    bodies: BodyBudget,
}

impl Front {
    pub(super) fn new(app: Arc<App>, keys: Arc<Keys>) -> Self {
        Self { app, keys, bodies: BodyBudget::new() }
    }
}

/// Answers a request.
pub(super) async fn answer<B>(front: &Front, request: Request<B>) -> Response<Full<Bytes>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let (head, mut body) = request.into_parts();
    let target = target_of(&head.headers);
    let answer = front.checked(&head, target, &mut body).await.unwrap_or_else(|refused| refused);
    // A client that waits for our consent to send its body must not be given it for a body that nobody reads.
    if !head.headers.contains_key(header::EXPECT) {
        drain(&mut body, &*front.app.clock).await;
    }
    tracing::debug!(
        operation = target.map_or("-", |target| target.operation),
        error = answer.code(),
        "request answered"
    );
    answer.into_response(&head.headers, &*front.app.random)
}

impl Front {
    async fn checked<B>(&self, head: &Parts, target: Option<Target>, body: &mut B) -> Result<Answer, Answer>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Display,
    {
        if body.size_hint().lower() > REQUEST_BODY_BYTES_MAX as u64 {
            return Err(Answer::TooLarge);
        }
        if head.method == Method::OPTIONS && head.headers.contains_key(header::ORIGIN) {
            return Ok(Answer::Preflight);
        }
        if head.method != Method::POST {
            return Err(access_denied());
        }
        let format = Format::of(&head.headers);
        let refuse = |error| refusal(error, format, target);
        let empty = || match target {
            Some(_) => refuse(ApiError::new(error_code::SERIALIZATION, "The request has no body.")),
            None => refuse(ApiError::unknown_operation()),
        };
        if body.is_end_stream() {
            return Err(empty());
        }
        if format == Format::Other {
            let named = head.headers.contains_key(TARGET);
            return Err(if named { unknown_operation() } else { access_denied() });
        }
        let target = target.ok_or_else(|| refuse(ApiError::unknown_operation()))?;
        if format == Format::Cbor {
            return Err(refuse(ApiError::new(error_code::SERIALIZATION, NO_CBOR)));
        }

        let headers = lower_case(&head.headers);
        let request = signed_part(head, &headers);
        let now = self.app.clock.now();
        let action = Action::new(target.service.signing_name(), target.operation);
        let peer = head.extensions.get::<Peer>().copied().unwrap_or_default();
        let claim = self.keys.claim(&request, action, peer, now).map_err(refuse)?;
        let taken = self.bodies.read(body, claim.body_bytes_max(), &*self.app.clock).await;
        let taken = taken.map_err(|error| match error {
            BodyError::TooLarge => claim.too_large().map_or(Answer::TooLarge, refuse),
            other => refuse(unread(other)),
        })?;
        if taken.bytes.is_empty() {
            return Err(empty());
        }
        let caller = claim.verify(&request, &taken.bytes, &self.app.account).map_err(refuse)?;
        // A task of its own: a client that goes away must not leave an operation half done.
        let app = self.app.clone();
        let call = tokio::spawn(async move { target.call(&app, &caller, &taken.bytes).await });
        let called = call.await.unwrap_or_else(|panicked| Err(ApiError::internal(&panicked)));
        called.map(Answer::Output).map_err(refuse)
    }
}

const TARGET: &str = "x-amz-target";

/// The operation asked for; none when there are several targets, which two readers could take differently.
fn target_of(headers: &HeaderMap) -> Option<Target> {
    let mut values = headers.get_all(TARGET).iter();
    let (first, second) = (values.next()?, values.next());
    if second.is_some() { None } else { Target::parse(first.to_str().ok()?) }
}

fn lower_case(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    // hyper keeps names in lower case.
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

fn signed_part<'a>(head: &'a Parts, headers: &'a [(&'a str, &'a [u8])]) -> sigv4::Request<'a> {
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    sigv4::Request { method: head.method.as_str(), path, query, headers }
}

/// An error in the format of the request and the spelling of the service.
fn refusal(error: ApiError, format: Format, target: Option<Target>) -> Answer {
    let service = target.map_or(crate::dispatch::Service::Kinesis, |target| target.service);
    let member = service.message_member(error.code);
    Answer::Error { error, format, member }
}

fn unread(error: BodyError) -> ApiError {
    match error {
        BodyError::Busy | BodyError::TooLarge => {
            ApiError::new(error_code::SERVICE_UNAVAILABLE, "Too many requests are being read. Retry the request.")
        }
        BodyError::TooSlow => ApiError {
            status: 408,
            ..ApiError::new("RequestTimeoutException", "The request's body did not arrive in time.")
        },
        BodyError::Broken(cause) => ApiError::new(error_code::SERIALIZATION, format!("The body ended early: {cause}")),
    }
}

fn access_denied() -> Answer {
    Answer::Xml { status: StatusCode::FORBIDDEN, code: error_code::ACCESS_DENIED, message: Some(NOT_DETERMINED) }
}

fn unknown_operation() -> Answer {
    Answer::Xml { status: StatusCode::NOT_FOUND, code: error_code::UNKNOWN_OPERATION, message: None }
}
