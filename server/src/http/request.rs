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
use hyper::body::Body;
use hyper::header;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::sync::watch;
use types::limits::REQUEST_BODY_BYTES_MAX;
use wire::{Codec, error_code, sigv4};

use super::address::Address;
use super::body::{BodyBudget, BodyError, drain};
use super::gzip;
use super::held::{AnswerBudget, Held};
use super::reply_body::ReplyBody;
use super::response::Answer;
use crate::app::App;
use crate::auth::{Action, Keys, Peer};
use crate::error::ApiError;

const NOT_DETERMINED: &str = "Unable to determine service/operation name to be authorized";

/// What answering needs.
pub(super) struct Front {
    pub(super) app: Arc<App>,
    keys: Arc<Keys>,
    bodies: BodyBudget,
    answers: AnswerBudget,
    /// Becomes true when the server stops.
    stopping: watch::Receiver<bool>,
}

impl Front {
    pub(super) fn new(app: Arc<App>, keys: Arc<Keys>, stopping: watch::Receiver<bool>) -> Self {
        Self { app, keys, bodies: BodyBudget::new(), answers: AnswerBudget::new(), stopping }
    }
}

/// Answers a request that came on the connection of `held`.
pub(super) async fn answer<B>(front: &Front, held: &Held, request: Request<B>) -> Response<ReplyBody>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let (head, mut body) = request.into_parts();
    let address = Address::of(&head);
    let mut answer = front.checked(&head, &address, &mut body).await.unwrap_or_else(|refused| refused);
    // A client that waits for our consent to send its body must not be given it for a body that nobody reads.
    if !head.headers.contains_key(header::EXPECT) {
        drain(&mut body, &*front.app.clock).await;
    }
    tracing::debug!(
        operation = address.target.map_or("-", |target| target.operation),
        error = answer.code(),
        "request answered"
    );
    let (share, random) = (answer.take_share(), &*front.app.random);
    let mut response = answer.into_response(&head, random);
    let share =
        front.answers.settle(share, response.body().len(), tells_of_a_change(&address)).unwrap_or_else(|busy| {
            response = address.refusal(busy).into_response(&head, random);
            None
        });
    response.map(|body| body.on(held, share, stopped(front.stopping.clone())))
}

/// Whether the operation may have changed something; what only reads is named so in all services.
fn tells_of_a_change(address: &Address) -> bool {
    const READS: [&str; 5] = ["Describe", "Get", "List", "Query", "Scan"];
    address.target.is_some_and(|target| !READS.iter().any(|verb| target.operation.starts_with(verb)))
}

/// Completes when the server stops.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    _ = stopping.wait_for(|stopping| *stopping).await;
}

impl Front {
    async fn checked<B>(&self, head: &Parts, address: &Address, body: &mut B) -> Result<Answer, Answer>
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
        let refuse = |error| address.refusal(error);
        let empty = || match address.target {
            Some(_) => refuse(ApiError::new(error_code::SERIALIZATION, "The request has no body.")),
            None => refuse(ApiError::unknown_operation()),
        };
        if body.is_end_stream() {
            return Err(empty());
        }
        let Some(codec) = address.codec else {
            return Err(if address.has_target { unknown_operation() } else { access_denied() });
        };
        if address.target.is_none() && codec != Codec::Query {
            return Err(refuse(ApiError::unknown_operation()));
        }

        let headers = lower_case(head);
        let request = signed_part(head, &headers);
        let now = self.app.clock.now();
        let claim = self.keys.claim(&request, address.service().signing_name(), now).map_err(refuse)?;
        let taken = self.bodies.read(body, claim.body_bytes_max(), &*self.app.clock).await;
        let taken = taken.map_err(|error| match error {
            BodyError::TooLarge => claim.too_large().map_or(Answer::TooLarge, refuse),
            other => refuse(unread(other)),
        })?;
        if taken.bytes.is_empty() {
            return Err(empty());
        }
        let verified = claim.verify(&request, &taken.bytes, &self.app.account).map_err(refuse)?;
        let plain = gzip::unpacked(&head.headers, taken, &self.bodies);
        let taken = plain.map_err(|error| match error {
            BodyError::TooLarge => Answer::TooLarge,
            other => refuse(unread(other)),
        })?;
        let target = address.target_with(&taken.bytes).map_err(refuse)?;
        let action = Action::new(target.service.signing_name(), target.operation);
        let peer = head.extensions.get::<Peer>().copied().unwrap_or_default();
        let caller = verified.asking(action, peer).map_err(refuse)?;
        let mut share = match target.operation {
            "GetRecords" => Some(self.answers.page(&*self.app.clock).await.map_err(refuse)?),
            _ => None,
        };
        // A task of its own: a client that goes away must not leave an operation half done.
        let app = self.app.clone();
        let call = tokio::spawn(async move {
            // The share is as long as the work, which goes on when its client leaves.
            let called = target.call(&app, &caller, codec, &taken.bytes).await;
            called.map(|reply| Answer::Output { reply, codec, target, share: share.take() })
        });
        call.await.unwrap_or_else(|panicked| Err(ApiError::internal(&panicked))).map_err(refuse)
    }
}

fn lower_case(head: &Parts) -> Vec<(&str, &[u8])> {
    // hyper keeps names in lower case.
    let mut lower: Vec<_> = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    // With HTTP/2 the host is part of the request's line, and clients sign it as if it were a header: most under the
    // name that it has in HTTP/1.1, the JavaScript SDK under its own.
    if let (Version::HTTP_2, Some(authority)) = (head.version, head.uri.authority()) {
        let authority = authority.as_str().as_bytes();
        lower.push((":authority", authority));
        if !head.headers.contains_key(header::HOST) {
            lower.push((header::HOST.as_str(), authority));
        }
    }
    lower
}

fn signed_part<'a>(head: &'a Parts, headers: &'a [(&'a str, &'a [u8])]) -> sigv4::Request<'a> {
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    sigv4::Request { method: head.method.as_str(), path, query, headers }
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
        BodyError::Broken(cause) => {
            ApiError::new(error_code::SERIALIZATION, format!("The body could not be read: {cause}"))
        }
    }
}

fn access_denied() -> Answer {
    Answer::Xml { status: StatusCode::FORBIDDEN, code: error_code::ACCESS_DENIED, message: Some(NOT_DETERMINED) }
}

fn unknown_operation() -> Answer {
    Answer::Xml { status: StatusCode::NOT_FOUND, code: error_code::UNKNOWN_OPERATION, message: None }
}
