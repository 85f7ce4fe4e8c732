//! Answers as bytes: ids, content types, errors in the form that the client can read, CORS.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode, Version};
use types::{Random, new_uuid};
use wire::{Codec, error_code, event_stream, query};

use super::held::Share;
use super::reply_body::Draft;
use crate::api::Reply;
use crate::dispatch::{Service, Target};
use crate::error::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
/// The content type of before the protocols had versions.
pub(super) const PLAIN_JSON: &str = "application/json";
/// Random bytes of `x-amz-id-2`, as many as AWS sends.
const EXTENDED_ID_BYTES: usize = 72;
/// How long a browser may remember a preflight (AWS: two days).
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("172800");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date");

/// What is answered, before it has headers.
pub(super) enum Answer {
    /// The output of an operation, and the memory that was taken for it.
    Output { reply: Reply, codec: Codec, target: Target, share: Option<Share> },
    /// An error in the request's format and the service's spelling.
    Error { error: ApiError, codec: Codec, service: Service },
    /// An error for a client whose format is not known.
    Xml { status: StatusCode, code: &'static str, message: Option<&'static str> },
    /// An error in the form of before the protocols had versions.
    PlainJson { status: StatusCode, code: &'static str },
    /// The body is over the limit: an empty answer without ids, as AWS's front sends it.
    TooLarge,
    /// A browser's question, answered from its own headers.
    Preflight,
}

impl Answer {
    /// The code of the error, for the log.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Output { .. } | Self::Preflight => "-",
            Self::Error { error, .. } => error.code,
            Self::Xml { code, .. } | Self::PlainJson { code, .. } => code,
            Self::TooLarge => "413",
        }
    }

    /// What was taken for the answer before it was known.
    pub(super) fn take_share(&mut self) -> Option<Share> {
        match self {
            Self::Output { share, .. } => share.take(),
            _ => None,
        }
    }

    /// The response, with headers that depend on the request's.
    pub(super) fn into_response(self, request: &Parts, random: &dyn Random) -> Response<Draft> {
        let with_ids = !matches!(self, Self::TooLarge);
        let is_preflight = matches!(self, Self::Preflight);
        // Who cannot even be told in its own format is no SDK; there is nothing to keep the connection for.
        let is_last = matches!(self, Self::Xml { .. });
        let id = new_uuid(random).to_string();
        let mut response = self.bare(&id);
        let headers = response.headers_mut();
        if with_ids {
            headers.insert(REQUEST_ID, value(id));
            if !is_preflight {
                headers.insert(EXTENDED_ID, extended_id(random));
            }
        }
        // HTTP/2 has no such header: one connection carries the requests of many.
        if is_last && request.version < Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if request.headers.contains_key(header::ORIGIN) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            if is_preflight {
                allow_asked(&request.headers, headers);
            }
        }
        response
    }

    fn bare(self, id: &str) -> Response<Draft> {
        match self {
            Self::Output { reply, codec, target, .. } => output(reply, codec, target, id),
            Self::Error { error, codec, service } => refused(&error, codec, service, id),
            Self::Xml { status, code, message } => {
                let body = match message {
                    Some(message) => format!("<{code}>\n  <Message>{message}</Message>\n</{code}>\n"),
                    None => format!("<{code}/>\n"),
                };
                let mut response = response(status, None, Draft::Whole(body.into_bytes()));
                response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(code));
                response
            }
            Self::PlainJson { status, code } => {
                let body = format!(r#"{{"Output":{{"__type":"com.amazon.coral.service#{code}"}},"Version":"1.0"}}"#);
                response(status, Some(PLAIN_JSON), Draft::Whole(body.into_bytes()))
            }
            Self::TooLarge => response(StatusCode::PAYLOAD_TOO_LARGE, None, Draft::Whole(Vec::new())),
            Self::Preflight => response(StatusCode::OK, None, Draft::Whole(Vec::new())),
        }
    }
}

fn output(reply: Reply, codec: Codec, target: Target, id: &str) -> Response<Draft> {
    let (content_type, body) = match reply {
        Reply::Frames(frames) => (event_stream::CONTENT_TYPE, Draft::Frames(frames)),
        Reply::Whole(body) if codec == Codec::Query => {
            let Target { service, operation } = target;
            (codec.content_type(), Draft::Whole(query::answer(operation, service.xml_namespace(), id, &body)))
        }
        Reply::Whole(body) => (codec.content_type(), Draft::Whole(body)),
    };
    let mut response = response(StatusCode::OK, Some(content_type), body);
    name_protocol(codec, response.headers_mut());
    response
}

fn refused(error: &ApiError, codec: Codec, service: Service, id: &str) -> Response<Draft> {
    let ApiError { code, message, members, .. } = error;
    let spelling = service.spelling();
    let (query_code, query_status) = error_code::query_code(code);
    let (status, body) = match codec {
        Codec::Json11 | Codec::Json10 => (error.status, spelling.json_body(code, message, members)),
        Codec::LegacyCbor | Codec::RpcCbor => (error.status, spelling.cbor_body(code, message)),
        Codec::Query => (query_status, query::error(query_code, query_status, message, service.xml_namespace(), id)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = response(status, Some(codec.content_type()), Draft::Whole(body));
    let headers = response.headers_mut();
    headers.insert(ERROR_TYPE, HeaderValue::from_static(code));
    name_protocol(codec, headers);
    // Clients that once spoke query still look for its codes.
    if service.speaks(Codec::Query) && codec != Codec::Query {
        headers.insert(QUERY_ERROR, value(format!("{query_code};{}", query::fault(query_status))));
    }
    response
}

/// Clients of RPC v2 take an answer without this header for one of a proxy.
fn name_protocol(codec: Codec, headers: &mut HeaderMap) {
    if codec == Codec::RpcCbor {
        headers.insert(PROTOCOL, HeaderValue::from_static("rpc-v2-cbor"));
    }
}

fn response(status: StatusCode, content_type: Option<&'static str>, body: Draft) -> Response<Draft> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// Echoes what a preflight asks for: who may do what is the signature's business.
fn allow_asked(request: &HeaderMap, response: &mut HeaderMap) {
    for (asked, allowed) in [
        (header::ACCESS_CONTROL_REQUEST_HEADERS, header::ACCESS_CONTROL_ALLOW_HEADERS),
        (header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_ALLOW_METHODS),
    ] {
        if let Some(value) = request.get(asked) {
            response.insert(allowed, value.clone());
        }
    }
    response.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
}

fn extended_id(random: &dyn Random) -> HeaderValue {
    let mut bytes = [0; EXTENDED_ID_BYTES];
    random.fill(&mut bytes);
    value(base64_simd::STANDARD.encode_to_string(bytes))
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("hexadecimal digits and base64 fit a header")
}
