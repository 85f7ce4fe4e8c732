//! Where a request wants to go and what it speaks, from its head alone.

use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use wire::{Codec, error_code, query};

use super::response::{Answer, PLAIN_JSON};
use crate::dispatch::{Service, Target};
use crate::error::ApiError;

const TARGET: &str = "x-amz-target";

/// The address of a request.
pub(super) struct Address {
    /// The protocol; `None` when it is none that the service speaks.
    pub(super) codec: Option<Codec>,
    /// The operation asked for, when there is one such and the head names it.
    pub(super) target: Option<Target>,
    /// Whether the head names an operation at all, served or not.
    pub(super) has_target: bool,
    /// Whether it is JSON of before the protocols had versions.
    pub(super) is_plain_json: bool,
    /// The service that the signature is for; query requests name theirs nowhere else in the head.
    scope: Option<Service>,
}

impl Address {
    pub(super) fn of(head: &Parts) -> Self {
        let content_type = text(&head.headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let codec = Codec::of_content_type(content_type);
        let is_plain_json = content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(PLAIN_JSON);
        let (target, has_target, scope) = match codec {
            Some(Codec::RpcCbor) => (Target::of_path(head.uri.path()), head.uri.path().contains("/service/"), None),
            Some(Codec::Query) => (None, head.headers.contains_key(TARGET), scope(&head.headers)),
            _ => (target_of(&head.headers), head.headers.contains_key(TARGET), None),
        };
        // Some clients name that content type for want of a better one; what is signed for another service is no query.
        let no_query = scope.is_none() && head.headers.contains_key(header::AUTHORIZATION);
        let codec = codec.filter(|codec| *codec != Codec::Query || !no_query);
        let codec = codec.filter(|codec| target.is_none_or(|target| target.service.speaks(*codec)));
        Self { codec, target, has_target, scope, is_plain_json }
    }

    /// The service that is asked, as far as it is known; the one whose errors look like those of most.
    pub(super) fn service(&self) -> Service {
        let default = if self.codec == Some(Codec::Query) { Service::Sts } else { Service::Kinesis };
        self.target.map(|target| target.service).or(self.scope).unwrap_or(default)
    }

    /// The operation, which query requests name in their bodies.
    pub(super) fn target_with(&self, body: &[u8]) -> Result<Target, ApiError> {
        if let Some(target) = self.target {
            return Ok(target);
        }
        let text = |name| query::find(body, name).unwrap_or_default();
        let (action, version) = (text("Action"), text("Version"));
        let target = Target::of_action(&action, &version);
        // The signature was checked to be for the service of the scope, so the body may not name another one.
        let target = target.filter(|target| self.scope.is_none_or(|scope| scope == target.service));
        target.ok_or_else(|| {
            // Both are the caller's texts, so only their beginnings are shown.
            let message = format!("Could not find operation {action:.128} for version {version:.32}.");
            ApiError::new(error_code::UNKNOWN_OPERATION, message)
        })
    }

    /// As [`Self::refusal`], of a request without a body or an operation: AWS knows it for JSON of 1.1 alone.
    pub(super) fn refusal_of_nothing(&self, error: ApiError) -> Answer {
        let codec = self.codec.filter(|codec| *codec != Codec::Json10).unwrap_or(Codec::LegacyCbor);
        Answer::Error { error, codec, service: self.service() }
    }

    /// An error in the format of the request and the spelling of the service. A client whose format is not known gets
    /// CBOR, as from AWS.
    pub(super) fn refusal(&self, error: ApiError) -> Answer {
        Answer::Error { error, codec: self.codec.unwrap_or(Codec::LegacyCbor), service: self.service() }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// None when there are several targets, which two readers could take differently.
fn target_of(headers: &HeaderMap) -> Option<Target> {
    let mut values = headers.get_all(TARGET).iter();
    let (first, second) = (values.next()?, values.next());
    if second.is_some() { None } else { Target::parse(first.to_str().ok()?) }
}

/// The service in the scope of the credential, if it is one that speaks query.
fn scope(headers: &HeaderMap) -> Option<Service> {
    let credential = text(headers, header::AUTHORIZATION.as_str())?.split_once("Credential=")?.1;
    let credential = credential.split([',', ' ']).next()?;
    Service::of_query_scope(credential.rsplit('/').nth(1)?)
}
