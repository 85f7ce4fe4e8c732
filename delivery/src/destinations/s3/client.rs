//! Storing one object so that a crash right after the answer cannot take it back.
//!
//! S3 does that by itself. `object_store`'s local store makes objects appear whole (it writes beside the name and
//! renames) but never flushes them to the disk; so a local object is put under a staging name, flushed, renamed, and
//! then the folders whose entries changed are flushed too.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};

use super::config::{BucketsConfig, S3Config};

/// One request, upload included: 128 MiB take 43 s at 3 MB/s.
const REQUEST_MAX: Duration = Duration::from_secs(120);
/// The client tries again this often by itself, for broken connections; the worker's own retry does the rest.
const CLIENT_RETRIES_MAX: usize = 2;
/// The folder for objects that are not whole yet. No bucket's name starts with a dot.
const STAGING: &str = ".staging";

/// Why a bucket did not take an object, or could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BucketsError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] object_store::Error),
    /// The key is not a path that the store can hold.
    #[error(transparent)]
    Key(#[from] object_store::path::Error),
    /// The operating system refused.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The thread that flushes files was stopped with the server.
    #[error("the server stops")]
    Stopping,
}

/// All buckets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Buckets {
    backend: Arc<Backend>,
}

#[derive(Debug)]
enum Backend {
    Local { root: PathBuf, store: LocalFileSystem },
    S3 { config: S3Config, clients: Mutex<HashMap<String, AmazonS3>> },
    Store(Arc<dyn ObjectStore>),
}

impl Buckets {
    /// Opens the store: makes the local folder and clears what a crash left half written in it. An S3 endpoint is not
    /// called before the first object.
    pub fn open(config: BucketsConfig) -> Result<Self, BucketsError> {
        let backend = match config {
            BucketsConfig::Local(root) => {
                let staging = root.join(STAGING);
                match std::fs::remove_dir_all(&staging) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(io("clear", &staging)(error));
                    }
                    _ => std::fs::create_dir_all(&staging).map_err(io("create", &staging))?,
                }
                let store = LocalFileSystem::new_with_prefix(&root)?;
                let root = root.canonicalize().map_err(io("open", &root))?;
                sync_folders(&root, &root.join(STAGING))?;
                Backend::Local { root, store }
            }
            BucketsConfig::S3(config) => Backend::S3 { config, clients: Mutex::default() },
            BucketsConfig::Store(store) => Backend::Store(store),
        };
        Ok(Self { backend: Arc::new(backend) })
    }

    /// Stores an object; it is durable and whole when this answers.
    pub(crate) async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<(), BucketsError> {
        match &*self.backend {
            Backend::Local { root, store } => put_local(root, store, bucket, key, body).await?,
            Backend::S3 { config, clients } => {
                let client = s3_client(config, clients, bucket)?;
                client.put(&Path::parse(key)?, body.into()).await?;
            }
            Backend::Store(store) => {
                store.put(&Path::parse(format!("{bucket}/{key}"))?, body.into()).await?;
            }
        }
        Ok(())
    }
}

async fn put_local(
    root: &FilePath,
    store: &LocalFileSystem,
    bucket: &str,
    key: &str,
    body: Bytes,
) -> Result<(), BucketsError> {
    let target = Path::parse(format!("{bucket}/{key}"))?;
    // The last segment holds a UUID, so no other object is staged under it.
    let name = target.filename().unwrap_or_default();
    let staged = Path::parse(format!("{STAGING}/{name}"))?;
    store.put(&staged, body.into()).await?;
    let staged_file = store.path_to_filesystem(&staged)?;
    blocking(move || sync("flush", &staged_file)).await?;
    store.rename(&staged, &target).await?;
    let (root, file) = (root.to_path_buf(), store.path_to_filesystem(&target)?);
    blocking(move || sync_folders(&root, &file)).await
}

/// Flushes every folder from the file's own up to the root: any of them may be new.
fn sync_folders(root: &FilePath, file: &FilePath) -> Result<(), BucketsError> {
    for folder in file.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
        sync("flush folder", folder)?;
    }
    Ok(())
}

fn sync(action: &'static str, path: &FilePath) -> Result<(), BucketsError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io(action, path))
}

fn io(action: &'static str, path: &FilePath) -> impl FnOnce(std::io::Error) -> BucketsError {
    let path = path.to_path_buf();
    move |source| BucketsError::Io { action, path, source }
}

async fn blocking(work: impl FnOnce() -> Result<(), BucketsError> + Send + 'static) -> Result<(), BucketsError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BucketsError::Stopping))
}

/// The client of one bucket; there are no more of them than delivery streams.
fn s3_client(
    config: &S3Config,
    clients: &Mutex<HashMap<String, AmazonS3>>,
    bucket: &str,
) -> Result<AmazonS3, BucketsError> {
    let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = clients.get(bucket) {
        return Ok(client.clone());
    }
    let client = build_s3(config, bucket)?;
    clients.insert(bucket.into(), client.clone());
    Ok(client)
}

fn build_s3(config: &S3Config, bucket: &str) -> Result<AmazonS3, BucketsError> {
    let retry = RetryConfig { max_retries: CLIENT_RETRIES_MAX, retry_timeout: REQUEST_MAX, ..RetryConfig::default() };
    let options = ClientOptions::new().with_timeout(REQUEST_MAX).with_allow_http(config.allow_http);
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(options)
        .with_retry(retry)
        .with_virtual_hosted_style_request(config.virtual_hosted_style);
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let (Some(id), Some(secret)) = (&config.access_key_id, &config.secret_access_key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
    }
    let endpoint = config.endpoint.clone().or_else(|| std::env::var("AWS_ENDPOINT_URL_S3").ok());
    let region = builder.get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".into());
    let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let endpoint = address(&endpoint, bucket, config.virtual_hosted_style);
    // This key beats every other source of an endpoint, `AWS_ENDPOINT_URL` among them.
    Ok(builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint).build()?)
}

/// With the bucket in the host name, the client takes the endpoint as it is; otherwise it appends the bucket.
fn address(endpoint: &str, bucket: &str, virtual_hosted_style: bool) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) if virtual_hosted_style => format!("{scheme}://{bucket}.{host}"),
        _ => endpoint.into(),
    }
}
