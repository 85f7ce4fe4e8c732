//! The `[buckets]` section: where the buckets that Firehose delivers to are. A plain value of our own; `app.rs` turns
//! it into `delivery`'s in one place.

use std::path::{Path, PathBuf};

use super::layer::{BucketsKind, Layer};
use super::{ConfigError, Origin, Setting, Sources};

/// Where buckets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Buckets {
    /// One folder per bucket under `root`.
    Local { root: PathBuf },
    /// Amazon S3 or a service that speaks its API.
    S3(S3Bucket),
}

/// How to reach S3.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct S3Bucket {
    pub(crate) endpoint: Option<String>,
    /// `None` lets the client look where AWS SDKs look.
    pub(crate) region: Option<String>,
    /// Access key id and secret; `None` lets the client look where AWS SDKs look.
    pub(crate) key_pair: Option<(String, String)>,
    pub(crate) allow_http: bool,
    pub(crate) virtual_hosted_style: bool,
}

impl std::fmt::Debug for S3Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Bucket")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// The section's values; the origin is that of `kind`, or of `root` where only that is named.
pub(super) fn resolve(sources: &mut Sources, data_dir: &Path) -> Result<Setting<Buckets>, ConfigError> {
    let kind = sources.find(|layer| layer.buckets.kind);
    let root = sources.find(|layer| layer.buckets.root.take());
    let origin = kind.as_ref().map(|k| k.origin).or(root.as_ref().map(|r| r.origin)).unwrap_or(Origin::Default);
    let value = match kind.map_or(BucketsKind::Local, |k| k.value) {
        BucketsKind::Local => {
            refuse_s3_keys(sources)?;
            Buckets::Local { root: root.map_or_else(|| data_dir.join("buckets"), |r| r.value) }
        }
        BucketsKind::S3 if root.is_some() => return Err(ConfigError::BucketsKey { key: "root", kind: "s3" }),
        BucketsKind::S3 => Buckets::S3(resolve_s3(sources)?),
    };
    Ok(Setting { value, origin })
}

fn refuse_s3_keys(sources: &mut Sources) -> Result<(), ConfigError> {
    type Named = fn(&Layer) -> bool;
    let keys: [(&'static str, Named); 6] = [
        ("endpoint", |layer| layer.buckets.endpoint.is_some()),
        ("region", |layer| layer.buckets.region.is_some()),
        ("access_key_id", |layer| layer.buckets.access_key_id.is_some()),
        ("secret_access_key", |layer| layer.buckets.secret_access_key.is_some()),
        ("allow_http", |layer| layer.buckets.allow_http.is_some()),
        ("virtual_hosted_style", |layer| layer.buckets.virtual_hosted_style.is_some()),
    ];
    match keys.into_iter().find(|(_, named)| sources.find(|layer| named(layer).then_some(())).is_some()) {
        Some((key, _)) => Err(ConfigError::BucketsKey { key, kind: "local" }),
        None => Ok(()),
    }
}

fn resolve_s3(sources: &mut Sources) -> Result<S3Bucket, ConfigError> {
    let key_id = sources.find(|layer| layer.buckets.access_key_id.take()).map(|s| s.value);
    let secret = sources.find(|layer| layer.buckets.secret_access_key.take()).map(|s| s.value);
    let key_pair = match (key_id, secret) {
        (Some(key_id), Some(secret)) => Some((key_id, secret)),
        (None, None) => None,
        _ => return Err(ConfigError::BucketsHalfPair),
    };
    let bucket = S3Bucket {
        endpoint: sources.find(|layer| layer.buckets.endpoint.take()).map(|s| s.value),
        region: sources.find(|layer| layer.buckets.region.take()).map(|s| s.value),
        key_pair,
        allow_http: sources.pick(|layer| layer.buckets.allow_http, || false).value,
        virtual_hosted_style: sources.pick(|layer| layer.buckets.virtual_hosted_style, || false).value,
    };
    check_endpoint(&bucket)?;
    Ok(bucket)
}

fn check_endpoint(bucket: &S3Bucket) -> Result<(), ConfigError> {
    let Some(endpoint) = bucket.endpoint.clone() else { return Ok(()) };
    if endpoint.starts_with("https://") || (endpoint.starts_with("http://") && bucket.allow_http) {
        Ok(())
    } else if endpoint.starts_with("http://") {
        Err(ConfigError::BucketsHttp { endpoint })
    } else {
        Err(ConfigError::BucketsEndpoint { endpoint })
    }
}
