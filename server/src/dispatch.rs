//! From the address of a request to its handler.
//!
//! Owns: which address belongs to which service, and what each service speaks. Refuses: what an operation does
//! (`api/<service>/`, read it next) and how formats look (`wire::Codec`).

use bytes::Bytes;
use tracing::Instrument;
use wire::Codec;
use wire::error_code::Spelling;

use crate::api::{self, Reply};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::metrics::Stopwatch;

/// The target of the span that each request is in; `metrics/traces.rs` exports those.
pub(crate) const SPAN_TARGET: &str = "thalweg::request";

/// The services behind this endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Kinesis,
    Firehose,
    Analytics,
    DynamoDb,
    CloudWatch,
    Sts,
}

/// What is known of a service before any of its operations is called.
struct Facts {
    /// What stands before the dot in `X-Amz-Target`, and after `/service/` in the path of RPC v2; empty for a service
    /// that is addressed by `Action` alone.
    target_prefix: &'static str,
    /// The service's name in the scope of a signature.
    signing_name: &'static str,
    /// Every operation of the model.
    known: &'static [&'static str],
    /// The operations that are served.
    built: &'static [&'static str],
    /// The protocols that it speaks.
    codecs: &'static [Codec],
    /// How it writes errors.
    spelling: Spelling,
    /// `Version` of query requests and the namespace of their answers.
    query: Option<(&'static str, &'static str)>,
}

/// Facts whose names are those of the generated module.
macro_rules! facts {
    ($module:ident, $codecs:expr, $spelling:expr, $query:expr) => {
        Facts {
            target_prefix: wire::$module::TARGET_PREFIX,
            signing_name: wire::$module::SIGNING_NAME,
            known: wire::$module::OPERATIONS,
            built: wire::$module::BUILT,
            codecs: $codecs,
            spelling: $spelling,
            query: $query,
        }
    };
}

const KINESIS: Facts = facts!(kinesis, &[Codec::Json11, Codec::LegacyCbor], Spelling::LOWER, None);
const FIREHOSE: Facts = facts!(firehose, &[Codec::Json11, Codec::LegacyCbor], Spelling::LOWER, None);
const ANALYTICS: Facts = facts!(analytics, &[Codec::Json11, Codec::LegacyCbor], Spelling::UPPER, None);
const DYNAMODB: Facts = facts!(dynamodb, &[Codec::Json10], Spelling::DYNAMODB, None);
const CLOUDWATCH: Facts = facts!(
    cloudwatch,
    &[Codec::RpcCbor, Codec::Json10, Codec::Query],
    Spelling::CLOUDWATCH,
    Some(("2010-08-01", "http://monitoring.amazonaws.com/doc/2010-08-01/"))
);
const STS: Facts =
    facts!(sts, &[Codec::Query], Spelling::LOWER, Some(("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")));

impl Service {
    const ALL: [Self; 6] =
        [Self::Kinesis, Self::Firehose, Self::Analytics, Self::DynamoDb, Self::CloudWatch, Self::Sts];

    fn facts(self) -> &'static Facts {
        match self {
            Self::Kinesis => &KINESIS,
            Self::Firehose => &FIREHOSE,
            Self::Analytics => &ANALYTICS,
            Self::DynamoDb => &DYNAMODB,
            Self::CloudWatch => &CLOUDWATCH,
            Self::Sts => &STS,
        }
    }

    fn by(belongs: impl Fn(&Facts) -> bool) -> Option<Self> {
        Self::ALL.into_iter().find(|service| belongs(service.facts()))
    }

    /// The service that signatures name so, if it speaks query.
    pub(crate) fn of_query_scope(signing_name: &str) -> Option<Self> {
        Self::by(|facts| facts.query.is_some() && facts.signing_name == signing_name)
    }

    /// The service's name, as in the names of metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Kinesis => "kinesis",
            Self::Firehose => "firehose",
            Self::Analytics => "kinesisanalytics",
            Self::DynamoDb => "dynamodb",
            Self::CloudWatch => "cloudwatch",
            Self::Sts => "sts",
        }
    }

    /// The service's name in the scope of a signature.
    pub(crate) fn signing_name(self) -> &'static str {
        self.facts().signing_name
    }

    /// Whether the service speaks this protocol.
    pub(crate) fn speaks(self, codec: Codec) -> bool {
        self.facts().codecs.contains(&codec)
    }

    /// How the service writes errors.
    pub(crate) fn spelling(self) -> Spelling {
        self.facts().spelling
    }

    /// The XML namespace of query answers.
    pub(crate) fn xml_namespace(self) -> &'static str {
        self.facts().query.map_or("", |(_, namespace)| namespace)
    }

    fn operation(self, name: &str) -> Option<Target> {
        let facts = self.facts();
        if let Some(operation) = facts.built.iter().find(|operation| **operation == name) {
            return Some(Target { service: self, operation });
        }
        // Both get the same answer; the log tells a client that is ahead of us from one that is wrong.
        match facts.known.iter().find(|operation| **operation == name) {
            Some(operation) => tracing::warn!(service = ?self, operation, "operation is not built yet"),
            None => tracing::debug!(service = ?self, "operation is unknown"),
        }
        None
    }
}

/// An operation that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) service: Service,
    pub(crate) operation: &'static str,
}

impl Target {
    /// Reads `X-Amz-Target`, `Kinesis_20131202.PutRecord`; `None` for what is not served.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (prefix, name) = text.split_once('.')?;
        if prefix.is_empty() {
            return None;
        }
        Service::by(|facts| facts.target_prefix == prefix)?.operation(name)
    }

    /// Reads the path of RPC v2, `/service/GraniteServiceVersion20100801/operation/PutMetricData`. Whatever stands
    /// before `/service/` belongs to a proxy.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let (prefix, name) = path.rsplit_once("/service/")?.1.split_once("/operation/")?;
        if prefix.is_empty() {
            return None;
        }
        Service::by(|facts| facts.target_prefix == prefix)?.operation(name)
    }

    /// Reads `Action` and `Version` of a query request.
    pub(crate) fn of_action(action: &str, version: &str) -> Option<Self> {
        Service::by(|facts| facts.query.is_some_and(|(served, _)| served == version))?.operation(action)
    }

    /// Decodes, validates, handles and encodes.
    pub(crate) async fn call(self, app: &App, caller: &Caller, codec: Codec, body: &Bytes) -> Result<Reply, ApiError> {
        let Caller { access_key_id, scope, .. } = caller;
        tracing::debug!(service = ?self.service, operation = self.operation, access_key_id, region = %scope.region, "request accepted");
        let watch = Stopwatch::start();
        let span = tracing::debug_span!(
            target: SPAN_TARGET,
            "request",
            otel.name = self.operation,
            otel.kind = "server",
            rpc.system = "aws-api",
            rpc.service = self.service.as_str(),
            rpc.method = self.operation,
            cloud.region = %scope.region,
            error.type = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
        );
        let result = self.handled(app, caller, codec, body).instrument(span.clone()).await;
        if let Err(error) = &result {
            span.record("error.type", error.code);
            span.record("otel.status_code", if error.status >= 500 { "ERROR" } else { "UNSET" });
        }
        app.metrics.requests.record(self, &result, watch.elapsed());
        result
    }

    async fn handled(self, app: &App, caller: &Caller, codec: Codec, body: &Bytes) -> Result<Reply, ApiError> {
        let operation = self.operation;
        match self.service {
            Service::Kinesis => {
                app.streams.admit_account(&caller.scope, operation)?;
                api::kinesis::call(app, caller, operation, codec, body).await
            }
            Service::Firehose => Box::pin(api::firehose::call(app, caller, operation, codec, body)).await,
            Service::Analytics => Box::pin(api::analytics::call(app, caller, operation, codec, body)).await,
            Service::DynamoDb => Box::pin(api::dynamodb::call(app, caller, operation, codec, body)).await,
            Service::CloudWatch => Box::pin(api::cloudwatch::call(app, caller, operation, codec, body)).await,
            Service::Sts => Box::pin(api::sts::call(app, caller, operation, codec, body)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Region;

    use super::*;
    use crate::app::AppConfig;

    /// It is moved into a task: when it was as large as the largest handler, a tenth of a PutRecord was that move.
    #[tokio::test]
    async fn a_call_is_small() {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(AppConfig::for_test(folder.path())).await.unwrap();
        let region = Region::parse("us-east-1").unwrap();
        let caller = Caller::for_test(types::Scope { account: app.account.clone(), region });
        let target = Target { service: Service::Kinesis, operation: "PutRecord" };
        let size = size_of_val(&target.call(&app, &caller, Codec::Json11, &Bytes::new()));
        assert!(size < 4096, "{size} bytes");
    }

    #[test]
    fn only_built_operations_have_a_target() {
        let target = Target::parse("Firehose_20150804.PutRecord").unwrap();
        assert_eq!((target.service, target.operation), (Service::Firehose, "PutRecord"));
        let target = Target::parse("DynamoDB_20120810.GetItem").unwrap();
        assert_eq!((target.service, target.operation), (Service::DynamoDb, "GetItem"));
        for text in [
            "",
            ".GetCallerIdentity",
            "Kinesis_20131202",
            "Kinesis_20131202.",
            "Firehose_20150804.UpdateDestination",
            "Kinesis_20131202.Nope",
            "X.PutRecord",
        ] {
            assert_eq!(Target::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn paths_and_actions_name_operations_too() {
        let put = Target { service: Service::CloudWatch, operation: "PutMetricData" };
        let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
        assert_eq!(Target::of_path(path), Some(put));
        assert_eq!(Target::of_path(&format!("/proxied{path}")), Some(put));
        for path in
            ["/", "/service//operation/GetCallerIdentity", "/service/GraniteServiceVersion20100801/PutMetricData"]
        {
            assert_eq!(Target::of_path(path), None, "{path:?}");
        }
        assert_eq!(Target::of_action("PutMetricData", "2010-08-01"), Some(put));
        let whoami = Target { service: Service::Sts, operation: "GetCallerIdentity" };
        assert_eq!(Target::of_action("GetCallerIdentity", "2011-06-15"), Some(whoami));
        assert_eq!(Target::of_action("GetCallerIdentity", "2010-08-01"), None);
    }
}
