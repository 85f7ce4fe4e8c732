//! What a request claims about who signed it, when and for what; nothing here needs a key or the body.

use std::borrow::Cow;

use super::canonical::Request;
use super::{ALGORITHM, SignatureError, TERMINATOR, query};
use crate::time::{format_basic, parse_basic, parse_http};

/// The claim in the headers of one request, or in its query string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented<'a> {
    /// The whole credential: key, scope.
    pub(super) credential: Cow<'a, str>,
    /// The access key id.
    pub access_key_id: Cow<'a, str>,
    /// The scope: everything after the key id.
    pub(super) scope: Cow<'a, str>,
    /// The scope's day, `20150830`.
    pub(super) day: Cow<'a, str>,
    /// The scope's region, not checked here: the server decides which regions there are.
    pub region: Cow<'a, str>,
    /// The scope's service.
    pub service: Cow<'a, str>,
    pub(super) terminator: Cow<'a, str>,
    /// The names of the covered headers, joined by `;`.
    pub(super) signed_headers: Cow<'a, str>,
    pub(super) signature: [u8; 32],
    /// The time as `20150830T123600Z`, whichever header it came in.
    pub(super) date: String,
    pub(super) time_seconds: i64,
    /// The header that the time came in; none when it stands in the query string.
    date_header: Option<&'static str>,
    /// How long a presigned request is good for; a header is good for the skew.
    lifetime_seconds: Option<i64>,
    /// `x-amz-content-sha256`, when it came along.
    pub(super) content_sha256: Option<&'a str>,
    /// Whether there is a session token.
    pub has_session_token: bool,
}

/// What the server asks of a claim.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Milliseconds since 1970.
    pub now_millis: i64,
    /// How far the request's time may be away, in milliseconds.
    pub skew_millis: i64,
    /// The service that the request is for, from its `X-Amz-Target`.
    pub service: &'a str,
}

impl<'a> Presented<'a> {
    /// Reads the claim of a request.
    pub fn read(request: &Request<'a>) -> Result<Self, SignatureError> {
        let authorization = request.single("authorization").map_err(|()| invalid("several Authorization headers"))?;
        let parts = match (query::parts(request, authorization.is_some())?, authorization) {
            (Some(parts), _) => parts,
            (None, Some(authorization)) => header_parts(request, text(authorization, "authorization")?)?,
            (None, None) => return Err(SignatureError::Missing),
        };
        Self::assemble(request, parts)
    }

    /// Takes the credential apart and reads what stands in the headers either way.
    fn assemble(request: &Request<'a>, parts: Parts<'a>) -> Result<Self, SignatureError> {
        let pieces: Option<[Cow<'a, str>; 6]> = match &parts.credential {
            Cow::Borrowed(credential) => pieces(credential).map(|pieces| pieces.map(Cow::Borrowed)),
            Cow::Owned(credential) => pieces(credential).map(|pieces| pieces.map(|piece| Cow::Owned(piece.to_owned()))),
        };
        let [access_key_id, scope, day, region, service, terminator] = pieces.ok_or_else(|| {
            incomplete("Credential must have exactly 5 slash-delimited elements: key/date/region/service/aws4_request.")
        })?;
        Ok(Self {
            credential: parts.credential,
            access_key_id,
            scope,
            day,
            region,
            service,
            terminator,
            signed_headers: parts.signed_headers,
            signature: signature_bytes(&parts.signature).ok_or_else(SignatureError::mismatch)?,
            date: format_basic(parts.time_seconds),
            time_seconds: parts.time_seconds,
            date_header: parts.date_header,
            lifetime_seconds: parts.lifetime_seconds,
            content_sha256: content_sha256(request)?,
            has_session_token: parts.has_session_token,
        })
    }

    /// Refuses a claim for another service or time, or one that leaves out a header that it has to cover.
    pub fn check(&self, request: &Request<'_>, expected: &Expected<'_>) -> Result<(), SignatureError> {
        if self.terminator != TERMINATOR {
            let given = &self.terminator;
            return Err(invalid(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{given:.64}'."
            )));
        }
        if self.service != expected.service {
            return Err(invalid(format!("Credential should be scoped to correct service: '{}'.", expected.service)));
        }
        let day = self.date.get(..8).unwrap_or_default();
        if self.day != day {
            return Err(invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{:.64}' != '{day}', from '{}'.",
                self.day, self.date
            )));
        }
        self.check_time(expected)?;
        self.check_signed_headers(request)
    }

    fn check_time(&self, expected: &Expected<'_>) -> Result<(), SignatureError> {
        let time_millis = self.time_seconds.saturating_mul(1000);
        let lifetime_millis = self.lifetime_seconds.map_or(expected.skew_millis, |seconds| seconds * 1000);
        let (earliest, latest) = (expected.now_millis - lifetime_millis, expected.now_millis + expected.skew_millis);
        let shown = |millis: i64| format_basic(millis.div_euclid(1000));
        let (date, now, minutes) = (&self.date, shown(expected.now_millis), expected.skew_millis / 60_000);
        if time_millis < earliest {
            let (bound, lifetime) = (
                shown(earliest),
                match self.lifetime_seconds {
                    Some(seconds) => format!("{seconds} s"),
                    None => format!("{minutes} min"),
                },
            );
            Err(invalid(format!("Signature expired: {date} is now earlier than {bound} ({now} - {lifetime}.)")))
        } else if time_millis > latest {
            let bound = shown(latest);
            Err(invalid(format!(
                "Signature not yet current: {date} is still later than {bound} ({now} + {minutes} min.)"
            )))
        } else {
            Ok(())
        }
    }

    /// Whatever the service acts on must be covered; a header that is not could have been added on the way.
    fn check_signed_headers(&self, request: &Request<'_>) -> Result<(), SignatureError> {
        let names: Vec<&str> = self.signed_headers.split(';').collect();
        // Strictly ascending: sorted, and none twice. One form only, or two parties could read it differently.
        if !names.windows(2).all(|pair| pair[0] < pair[1])
            || names.iter().any(|name| name.to_ascii_lowercase() != **name)
        {
            return Err(invalid("SignedHeaders must be in lower case, sorted, each once."));
        }
        if let Some(absent) = names.iter().find(|name| request.header(name).next().is_none()) {
            return Err(invalid(format!("the signed header '{absent:.64}' is not in the request.")));
        }
        // The JavaScript SDK signs HTTP/2's own name of the host and sends no other.
        let host = if names.contains(&":authority") { ":authority" } else { "host" };
        let needed = [host].into_iter().chain(self.date_header);
        let present = request.headers.iter().map(|(name, _)| *name).filter(|name| name.starts_with("x-amz-"));
        let uncovered = needed.chain(present).find(|name| names.binary_search(name).is_err());
        uncovered.map_or(Ok(()), |name| {
            Err(invalid(format!("'{name:.64}' must be a 'SignedHeader' in the AWS Authorization.")))
        })
    }
}

const DATE_NEEDED: &str = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";

/// What a signature consists of, wherever it was found.
pub(super) struct Parts<'a> {
    pub(super) credential: Cow<'a, str>,
    pub(super) signed_headers: Cow<'a, str>,
    pub(super) signature: Cow<'a, str>,
    pub(super) time_seconds: i64,
    pub(super) date_header: Option<&'static str>,
    pub(super) lifetime_seconds: Option<i64>,
    pub(super) has_session_token: bool,
}

pub(super) fn invalid(message: impl Into<String>) -> SignatureError {
    SignatureError::Invalid(message.into())
}

pub(super) fn incomplete(message: impl Into<String>) -> SignatureError {
    SignatureError::Incomplete(message.into())
}

fn text<'a>(value: &'a [u8], name: &str) -> Result<&'a str, SignatureError> {
    std::str::from_utf8(value).map_err(|_| incomplete(format!("the header {name} is not text")))
}

/// The key id, the scope as a whole, and the scope's four elements.
fn pieces(credential: &str) -> Option<[&str; 6]> {
    let elements: Vec<&str> = credential.split('/').collect();
    let [key, day, region, service, terminator] = <[&str; 5]>::try_from(elements).ok()?;
    let pieces = [key, credential.get(key.len() + 1..)?, day, region, service, terminator];
    (!pieces.contains(&"")).then_some(pieces)
}

fn header_parts<'a>(request: &Request<'a>, authorization: &'a str) -> Result<Parts<'a>, SignatureError> {
    let (algorithm, parameters) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let has_date = ["x-amz-date", "date"].iter().any(|name| request.header(name).next().is_some());
    let [credential, signature, signed_headers] = parameters_of(authorization, parameters, has_date)?;
    check_algorithm(algorithm)?;
    let (date_header, time_seconds) = dated(request)?.ok_or_else(|| incomplete(DATE_NEEDED))?;
    Ok(Parts {
        credential: Cow::Borrowed(credential),
        signed_headers: Cow::Borrowed(signed_headers),
        signature: Cow::Borrowed(signature),
        time_seconds,
        date_header: Some(date_header),
        lifetime_seconds: None,
        has_session_token: has_session_token(request),
    })
}

pub(super) fn check_algorithm(algorithm: &str) -> Result<(), SignatureError> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm:.64}', only {ALGORITHM} is served.")))
}

pub(super) fn has_session_token(request: &Request<'_>) -> bool {
    request.header("x-amz-security-token").next().is_some()
}

/// The credential, the signature and the signed headers; the error lists all that is missing, as AWS does.
fn parameters_of<'a>(authorization: &str, parameters: &'a str, dated: bool) -> Result<[&'a str; 3], SignatureError> {
    const NAMES: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];
    let mut found = [""; 3];
    for parameter in parameters.split([',', ' ']) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if let Some(index) = NAMES.iter().position(|known| *known == name) {
            if !found[index].is_empty() {
                return Err(incomplete(format!("Authorization header has more than one '{name}' parameter.")));
            }
            found[index] = value;
        }
    }
    let absent = NAMES.iter().zip(found).filter(|(_, value)| value.is_empty());
    let mut missing: Vec<String> =
        absent.map(|(name, _)| format!("Authorization header requires '{name}' parameter.")).collect();
    if !dated {
        missing.push(DATE_NEEDED.into());
    }
    if missing.is_empty() {
        return Ok(found);
    }
    Err(incomplete(format!("{} Authorization={authorization:.256}", missing.join(" "))))
}

/// The header that dates the request, and its seconds since 1970.
fn dated(request: &Request<'_>) -> Result<Option<(&'static str, i64)>, SignatureError> {
    for name in ["x-amz-date", "date"] {
        let single = request.single(name).map_err(|()| invalid(format!("several {name} headers")))?;
        if let Some(value) = single {
            let value = text(value, name)?.trim();
            let seconds = parse_basic(value).or_else(|| parse_http(value).filter(|_| name == "date"));
            return seconds.map(|seconds| Some((name, seconds))).ok_or_else(|| {
                incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{value:.64}'. See http://en.wikipedia.org/wiki/ISO_8601"))
            });
        }
    }
    Ok(None)
}

fn content_sha256<'a>(request: &Request<'a>) -> Result<Option<&'a str>, SignatureError> {
    let Some(value) =
        request.single("x-amz-content-sha256").map_err(|()| invalid("several x-amz-content-sha256 headers"))?
    else {
        return Ok(None);
    };
    let value = text(value, "x-amz-content-sha256")?.trim();
    if signature_bytes(value).is_none() {
        let message =
            "x-amz-content-sha256 must be the SHA-256 of the body; unsigned and streaming payloads are not served";
        return Err(invalid(message));
    }
    Ok(Some(value))
}

/// 64 small hexadecimal digits as 32 bytes.
fn signature_bytes(hex: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
