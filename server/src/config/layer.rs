//! What one source may say: every setting, all optional. The serde names are the keys of the TOML file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The settings that one source names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Layer {
    /// `ADDRESS:PORT`; port 0 picks a free one.
    pub(crate) listen: Option<String>,
    /// `ADDRESS:PORT` of metrics and health; they are not told anywhere without.
    pub(crate) metrics_listen: Option<String>,
    /// Where everything durable lives.
    pub(crate) data_dir: Option<PathBuf>,
    /// Accept any credentials; loopback only.
    pub(crate) dev: Option<bool>,
    /// Listen beyond loopback without TLS.
    pub(crate) allow_plaintext: Option<bool>,
    /// Move damaged log data aside and start. A decision for one start, so the file cannot hold it.
    #[serde(skip)]
    pub(crate) repair: Option<bool>,
    /// The account that owns every resource, 12 digits.
    pub(crate) account: Option<String>,
    /// The region that `thalweg env` prints; requests bring their own.
    pub(crate) region: Option<String>,
    /// `aws`, `none` or a file of limits.
    pub(crate) limits: Option<String>,
    /// How long streams are CREATING, UPDATING and DELETING.
    pub(crate) transition_ms: Option<u64>,
    /// The file of master keys.
    pub(crate) master_keys: Option<PathBuf>,
    /// Level or filter directives, `info` or `streams=debug,info`.
    pub(crate) log_level: Option<String>,
    /// How log lines look.
    pub(crate) log_format: Option<LogFormat>,
    /// The certificate chain to serve with, PEM.
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its key, PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// Make and keep a certificate.
    pub(crate) tls_self_signed: Option<bool>,
    /// Where Firehose buckets are.
    pub(crate) buckets: BucketsLayer,
}

/// The `[buckets]` section.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BucketsLayer {
    /// `local` or `s3`.
    pub(crate) kind: Option<BucketsKind>,
    /// `local`: the folder that holds one folder per bucket.
    pub(crate) root: Option<PathBuf>,
    /// `s3`: the URL of the service; AWS itself when absent.
    pub(crate) endpoint: Option<String>,
    /// `s3`: the region to sign for.
    pub(crate) region: Option<String>,
    /// `s3`: the key pair; found as AWS SDKs find it when absent.
    pub(crate) access_key_id: Option<String>,
    /// `s3`: the secret half of the pair.
    pub(crate) secret_access_key: Option<String>,
    /// `s3`: allow an `http://` endpoint.
    pub(crate) allow_http: Option<bool>,
    /// `s3`: `BUCKET.host/key` rather than `host/BUCKET/key`.
    pub(crate) virtual_hosted_style: Option<bool>,
}

impl std::fmt::Debug for BucketsLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BucketsLayer").field("kind", &self.kind).field("root", &self.root).finish_non_exhaustive()
    }
}

/// Which kind of object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BucketsKind {
    Local,
    S3,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One readable line per event.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl Layer {
    /// Makes relative paths relative to `folder`: a file names its neighbours, wherever the server is started from.
    pub(crate) fn anchored(mut self, folder: &Path) -> Self {
        let Self { data_dir, tls_cert, tls_key, master_keys, buckets, .. } = &mut self;
        for path in [data_dir, tls_cert, tls_key, master_keys, &mut buckets.root].into_iter().flatten() {
            *path = folder.join(&path);
        }
        self
    }
}
