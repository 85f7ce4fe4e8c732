//! Answers as bytes: ids, content types, errors in the form that the client can read, CORS.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use types::{Random, new_uuid};
use wire::error_code::{self, MessageMember};

use crate::error::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// Random bytes of `x-amz-id-2`, as many as AWS sends.
const EXTENDED_ID_BYTES: usize = 72;
/// How long a browser may remember a preflight (AWS: two days).
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("172800");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date");

/// What the request's content type asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Cbor,
    /// Nothing that is served.
    Other,
}

impl Format {
    const JSON: &str = "application/x-amz-json-1.1";
    const CBOR: &str = "application/x-amz-cbor-1.1";

    /// Reads `Content-Type`; parameters such as a charset are ignored.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = value.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case(Self::JSON) {
            Self::Json
        } else if media_type.eq_ignore_ascii_case(Self::CBOR) {
            Self::Cbor
        } else {
            Self::Other
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(if self == Self::Json { Self::JSON } else { Self::CBOR })
    }
}

/// What is answered, before it has headers.
#[derive(Debug)]
pub(super) enum Answer {
    /// The output of an operation.
    Output(Vec<u8>),
    /// An error in the request's format; JSON or, for everything else, CBOR.
    Error { error: ApiError, format: Format, member: MessageMember },
    /// An error for a client whose format is not known.
    Xml { status: StatusCode, code: &'static str, message: Option<&'static str> },
    /// The body is over the limit: an empty answer without ids, as AWS's front sends it.
    TooLarge,
    /// A browser's question, answered from its own headers.
    Preflight,
}

impl Answer {
    /// The code of the error, for the log.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Output(_) | Self::Preflight => "-",
            Self::Error { error, .. } => error.code,
            Self::Xml { code, .. } => code,
            Self::TooLarge => "413",
        }
    }

    /// The response, with headers that depend on the request's.
    pub(super) fn into_response(self, request: &HeaderMap, random: &dyn Random) -> Response<Full<Bytes>> {
        let with_ids = !matches!(self, Self::TooLarge);
        let is_preflight = matches!(self, Self::Preflight);
        // Who cannot even be told in its own format is no SDK; there is nothing to keep the connection for.
        let is_last = matches!(self, Self::Xml { .. });
        let mut response = self.bare();
        let headers = response.headers_mut();
        if with_ids {
            headers.insert(REQUEST_ID, value(new_uuid(random).to_string()));
            if !is_preflight {
                headers.insert(EXTENDED_ID, extended_id(random));
            }
        }
        if is_last {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if request.contains_key(header::ORIGIN) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            if is_preflight {
                allow_asked(request, headers);
            }
        }
        response
    }

    fn bare(self) -> Response<Full<Bytes>> {
        match self {
            Self::Output(body) => response(StatusCode::OK, Some(Format::Json.content_type()), body),
            Self::Error { error, format, member } => {
                let encode = if format == Format::Json { error_code::json_body } else { error_code::cbor_body };
                let body = encode(error.code, member, &error.message);
                let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = response(status, Some(format.content_type()), body);
                response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(error.code));
                response
            }
            Self::Xml { status, code, message } => {
                let body = match message {
                    Some(message) => format!("<{code}>\n  <Message>{message}</Message>\n</{code}>\n"),
                    None => format!("<{code}/>\n"),
                };
                let mut response = response(status, None, body.into_bytes());
                response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(code));
                response
            }
            Self::TooLarge => response(StatusCode::PAYLOAD_TOO_LARGE, None, Vec::new()),
            Self::Preflight => response(StatusCode::OK, None, Vec::new()),
        }
    }
}

fn response(status: StatusCode, content_type: Option<HeaderValue>, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
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
