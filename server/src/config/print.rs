//! The effective configuration as TOML, each value with its origin, secrets redacted: what `--check-config` prints.

use super::{Buckets, Config, Origin, S3Bucket, TlsChoice};

const REDACTED: &str = "(redacted)";

/// The whole configuration; but for redacted secrets it can be used as a file again.
pub(crate) fn to_toml(config: &Config) -> String {
    let mut out = String::new();
    line(&mut out, "listen", config.listen.value.to_string(), config.listen.origin);
    if let Some(address) = config.metrics_listen.value {
        line(&mut out, "metrics_listen", address.to_string(), config.metrics_listen.origin);
    }
    line(&mut out, "data_dir", config.data_dir.value.to_string_lossy().into_owned(), config.data_dir.origin);
    line(&mut out, "dev", config.dev.value, config.dev.origin);
    line(&mut out, "allow_plaintext", config.allow_plaintext.value, config.allow_plaintext.origin);
    line(&mut out, "account", config.account.value.as_str(), config.account.origin);
    line(&mut out, "region", config.region.value.as_str(), config.region.origin);
    line(&mut out, "limits", config.limits.value.as_str(), config.limits.origin);
    let transition = i64::try_from(config.transition_ms.value).unwrap_or(i64::MAX);
    line(&mut out, "transition_ms", transition, config.transition_ms.origin);
    if let Some(path) = &config.master_keys.value {
        line(&mut out, "master_keys", path.to_string_lossy().into_owned(), config.master_keys.origin);
    }
    line(&mut out, "log_level", config.log_level.value.as_str(), config.log_level.origin);
    line(&mut out, "log_format", config.log_format.value.as_str(), config.log_format.origin);
    tls_lines(&mut out, config);
    out.push_str("\n[buckets]\n");
    let origin = config.buckets.origin;
    match &config.buckets.value {
        Buckets::Local { root } => {
            line(&mut out, "kind", "local", origin);
            line(&mut out, "root", root.to_string_lossy().into_owned(), origin);
        }
        Buckets::S3(bucket) => s3_lines(&mut out, bucket, origin),
    }
    out
}

fn tls_lines(out: &mut String, config: &Config) {
    let origin = config.tls.origin;
    match &config.tls.value {
        TlsChoice::Off => line(out, "tls_self_signed", false, origin),
        TlsChoice::SelfSigned => line(out, "tls_self_signed", true, origin),
        TlsChoice::Files { cert, key } => {
            line(out, "tls_cert", cert.to_string_lossy().into_owned(), origin);
            line(out, "tls_key", key.to_string_lossy().into_owned(), origin);
        }
    }
}

fn s3_lines(out: &mut String, bucket: &S3Bucket, origin: Origin) {
    line(out, "kind", "s3", origin);
    if let Some(endpoint) = &bucket.endpoint {
        line(out, "endpoint", endpoint.as_str(), origin);
    }
    if let Some(region) = &bucket.region {
        line(out, "region", region.as_str(), origin);
    }
    if let Some((key_id, _)) = &bucket.key_pair {
        line(out, "access_key_id", key_id.as_str(), origin);
        line(out, "secret_access_key", REDACTED, origin);
    }
    line(out, "allow_http", bucket.allow_http, origin);
    line(out, "virtual_hosted_style", bucket.virtual_hosted_style, origin);
}

fn line(out: &mut String, key: &str, value: impl Into<toml::Value>, origin: Origin) {
    let origin = match origin {
        Origin::Flag => "flag",
        Origin::Environment => "environment",
        Origin::File => "file",
        Origin::Default => "default",
    };
    let pair = format!("{key} = {}", value.into());
    out.push_str(&format!("{pair:<48} # {origin}\n"));
}
