//! The `THALWEG_*` variables. Only the names below are read: orchestrators invent others (a Kubernetes service called
//! `thalweg` makes `THALWEG_PORT`), so an unknown one is not an error.

use super::ConfigError;
use super::layer::{BucketsKind, BucketsLayer, Layer, LogFormat};

/// What the environment says; `lookup` is `std::env::var` outside tests. An empty variable counts as absent.
pub(crate) fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Layer, ConfigError> {
    let text = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
    let flag = |name: &'static str| text(name).map(|value| parse_flag(name, value)).transpose();
    Ok(Layer {
        listen: text("THALWEG_LISTEN"),
        metrics_listen: text("THALWEG_METRICS_LISTEN"),
        data_dir: text("THALWEG_DATA_DIR").map(Into::into),
        dev: flag("THALWEG_DEV")?,
        allow_plaintext: flag("THALWEG_ALLOW_PLAINTEXT")?,
        repair: None,
        account: text("THALWEG_ACCOUNT"),
        region: text("THALWEG_REGION"),
        limits: text("THALWEG_LIMITS"),
        transition_ms: text("THALWEG_TRANSITION_MS").map(parse_millis).transpose()?,
        master_keys: text("THALWEG_MASTER_KEYS").map(Into::into),
        log_level: text("THALWEG_LOG_LEVEL"),
        log_format: text("THALWEG_LOG_FORMAT").map(parse_log_format).transpose()?,
        tls_cert: text("THALWEG_TLS_CERT").map(Into::into),
        tls_key: text("THALWEG_TLS_KEY").map(Into::into),
        tls_self_signed: flag("THALWEG_TLS_SELF_SIGNED")?,
        buckets: BucketsLayer {
            kind: text("THALWEG_BUCKETS_KIND").map(parse_kind).transpose()?,
            root: text("THALWEG_BUCKETS_ROOT").map(Into::into),
            endpoint: text("THALWEG_BUCKETS_ENDPOINT"),
            region: text("THALWEG_BUCKETS_REGION"),
            access_key_id: text("THALWEG_BUCKETS_ACCESS_KEY_ID"),
            secret_access_key: text("THALWEG_BUCKETS_SECRET_ACCESS_KEY"),
            allow_http: flag("THALWEG_BUCKETS_ALLOW_HTTP")?,
            virtual_hosted_style: flag("THALWEG_BUCKETS_VIRTUAL_HOSTED_STYLE")?,
        },
    })
}

fn parse_flag(variable: &'static str, value: String) -> Result<bool, ConfigError> {
    match value.as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(ConfigError::Variable { variable, value, expected: "1, 0, true or false" }),
    }
}

fn parse_millis(value: String) -> Result<u64, ConfigError> {
    let expected = "a number of milliseconds";
    value.parse().map_err(|_| ConfigError::Variable { variable: "THALWEG_TRANSITION_MS", value, expected })
}

fn parse_log_format(value: String) -> Result<LogFormat, ConfigError> {
    match value.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(ConfigError::Variable { variable: "THALWEG_LOG_FORMAT", value, expected: "text or json" }),
    }
}

fn parse_kind(value: String) -> Result<BucketsKind, ConfigError> {
    match value.as_str() {
        "local" => Ok(BucketsKind::Local),
        "s3" => Ok(BucketsKind::S3),
        _ => Err(ConfigError::Variable { variable: "THALWEG_BUCKETS_KIND", value, expected: "local or s3" }),
    }
}
