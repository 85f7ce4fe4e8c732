//! Which store the buckets are in; chosen once for the server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;

/// Where buckets are.
#[derive(Debug, Clone)]
pub enum BucketsConfig {
    /// One folder for each bucket under this one, made when its first object comes.
    Local(PathBuf),
    /// Buckets of an S3 endpoint; they must exist.
    S3(S3Config),
    /// The first segment of a path is the bucket. For tests and embedders.
    Store(Arc<dyn ObjectStore>),
}

impl BucketsConfig {
    /// The default: `buckets` in the data directory.
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self::Local(data_dir.join("buckets"))
    }

    /// Buckets that are gone with the process.
    pub fn memory() -> Self {
        Self::Store(Arc::new(InMemory::new()))
    }
}

/// An S3 endpoint. What is `None` comes from the environment (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, …, or the role of
/// the machine), except the endpoint: `AWS_ENDPOINT_URL` usually names this server itself.
#[derive(Clone, Default)]
pub struct S3Config {
    /// `https://host:port`; `None` is AWS's own, or `AWS_ENDPOINT_URL_S3`.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// The key's id.
    pub access_key_id: Option<String>,
    /// The key.
    pub secret_access_key: Option<String>,
    /// Whether an endpoint may be `http://`.
    pub allow_http: bool,
    /// Whether the bucket is the first part of the host name instead of the path, which every endpoint understands.
    pub virtual_hosted_style: bool,
}

impl std::fmt::Debug for S3Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // No key may get into a log.
        f.debug_struct("S3Config")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("allow_http", &self.allow_http)
            .field("virtual_hosted_style", &self.virtual_hosted_style)
            .finish_non_exhaustive()
    }
}
