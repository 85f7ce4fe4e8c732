//! What a request claims about who signed it, when and for what; nothing here needs a key or the body.

use super::canonical::{Request, percent_decode};
use super::{ALGORITHM, SignatureError, TERMINATOR};
use crate::time::{format_basic, parse_basic, parse_http};

/// The claim in the headers of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented<'a> {
    /// The whole credential: key, scope.
    pub(super) credential: &'a str,
    /// The access key id.
    pub access_key_id: &'a str,
    /// The scope: everything after the key id.
    pub(super) scope: &'a str,
    /// The scope's day, `20150830`.
    pub(super) day: &'a str,
    /// The scope's region, not checked here: the server decides which regions there are.
    pub region: &'a str,
    /// The scope's service.
    pub service: &'a str,
    pub(super) terminator: &'a str,
    /// The names of the covered headers, joined by `;`.
    pub(super) signed_headers: &'a str,
    pub(super) signature: [u8; 32],
    /// The time as `20150830T123600Z`, whichever header it came in.
    pub(super) date: String,
    pub(super) time_seconds: i64,
    /// The header that the time came in.
    date_header: &'static str,
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
        let Some(authorization) = no_query_signature(request, authorization)? else {
            return Err(SignatureError::Missing);
        };
        let authorization = text(authorization, "authorization")?;
        let (algorithm, parameters) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if algorithm != ALGORITHM {
            return Err(incomplete(format!(
                "Unsupported AWS 'algorithm': '{algorithm:.64}', only {ALGORITHM} is served."
            )));
        }
        let dated = dated(request)?;
        let [credential, signed_headers, signature] = parameters_of(parameters, dated.is_some())?;
        let (date_header, time_seconds) = dated.ok_or_else(|| incomplete(DATE_NEEDED))?;
        let malformed = || {
            incomplete("Credential must have exactly 5 slash-delimited elements: key/date/region/service/aws4_request.")
        };
        let mut parts = credential.split('/');
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or_else(malformed);
        let (access_key_id, day, region, service, terminator) = (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(malformed());
        }
        Ok(Self {
            credential,
            access_key_id,
            scope: credential.get(access_key_id.len() + 1..).unwrap_or_default(),
            day,
            region,
            service,
            terminator,
            signed_headers,
            signature: signature_bytes(signature).ok_or_else(SignatureError::mismatch)?,
            date: format_basic(time_seconds),
            time_seconds,
            date_header,
            content_sha256: content_sha256(request)?,
            has_session_token: request.header("x-amz-security-token").next().is_some(),
        })
    }

    /// Refuses a claim for another service or time, or one that leaves out a header that it has to cover.
    pub fn check(&self, request: &Request<'_>, expected: &Expected<'_>) -> Result<(), SignatureError> {
        if self.terminator != TERMINATOR {
            let given = self.terminator;
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
        let (earliest, latest) =
            (expected.now_millis - expected.skew_millis, expected.now_millis + expected.skew_millis);
        let shown = |millis: i64| format_basic(millis.div_euclid(1000));
        let (date, now, minutes) = (&self.date, shown(expected.now_millis), expected.skew_millis / 60_000);
        if time_millis < earliest {
            let bound = shown(earliest);
            Err(invalid(format!("Signature expired: {date} is now earlier than {bound} ({now} - {minutes} min.)")))
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
        let needed = ["host", self.date_header].into_iter();
        let present = request.headers.iter().map(|(name, _)| *name).filter(|name| name.starts_with("x-amz-"));
        let uncovered = needed.chain(present).find(|name| names.binary_search(name).is_err());
        uncovered.map_or(Ok(()), |name| {
            Err(invalid(format!("'{name:.64}' must be a 'SignedHeader' in the AWS Authorization.")))
        })
    }
}

const DATE_NEEDED: &str = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";

fn invalid(message: impl Into<String>) -> SignatureError {
    SignatureError::Invalid(message.into())
}

fn incomplete(message: impl Into<String>) -> SignatureError {
    SignatureError::Incomplete(message.into())
}

fn text<'a>(value: &'a [u8], name: &str) -> Result<&'a str, SignatureError> {
    std::str::from_utf8(value).map_err(|_| incomplete(format!("the header {name} is not text")))
}

/// Refuses signatures in the query string, most of all beside one in the header, where a server could check the one
/// and believe the other. Gives the header back.
fn no_query_signature<'a>(
    request: &Request<'a>,
    authorization: Option<&'a [u8]>,
) -> Result<Option<&'a [u8]>, SignatureError> {
    let names = request.query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let in_query = names.into_iter().any(|name| {
        let name = percent_decode(name.as_bytes()).to_ascii_lowercase();
        matches!(&name[..], b"x-amz-algorithm" | b"x-amz-credential" | b"x-amz-signature")
    });
    match (in_query, authorization) {
        (true, Some(_)) => Err(invalid("a signature in the Authorization header and one in the query string")),
        (true, None) => Err(incomplete("signatures in the query string are not served, use the Authorization header")),
        (false, authorization) => Ok(authorization),
    }
}

/// The credential, the signed headers and the signature; the error lists all that is missing, as AWS does.
fn parameters_of(parameters: &str, dated: bool) -> Result<[&str; 3], SignatureError> {
    const NAMES: [&str; 3] = ["Credential", "SignedHeaders", "Signature"];
    let mut found = [""; 3];
    for parameter in parameters.split(',') {
        let (name, value) = parameter.trim_matches(' ').split_once('=').unwrap_or((parameter, ""));
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
    if missing.is_empty() { Ok(found) } else { Err(incomplete(missing.join(" "))) }
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
