//! TLS: a certificate and its key, and what becomes of them when their files change.
//!
//! Owns: reading the files, the protocols that are offered, and the reload without a restart. Refuses: making
//! certificates (`self_signed.rs`, read it next). TLS is rustls with aws-lc-rs, versions 1.2 and 1.3.

pub(crate) mod self_signed;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use types::Clock;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// In the order of preference: the SDKs for Java want HTTP/2, all others ask for HTTP/1.1 alone.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where a certificate is: the chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The server's certificate, then those that lead to the authority that clients trust.
    pub(crate) cert: PathBuf,
    /// The key of the first certificate.
    pub(crate) key: PathBuf,
}

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} holds no {what} in PEM: {source}", path.display())]
    Pem { path: PathBuf, what: &'static str, source: pem::Error },
    #[error("the certificate in {} and the key in {} cannot be used: {source}", cert.display(), key.display())]
    Unusable { cert: PathBuf, key: PathBuf, source: rustls::Error },
    #[error("a certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// What connections are encrypted with; replaced while the server runs.
pub(crate) struct Tls {
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
}

/// Enough of a file's state to see that it was written.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Tls {
    /// Reads the files.
    pub(crate) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let current = ArcSwap::from(read(&files)?);
        Ok(Self { files, current })
    }

    /// What a new connection is to use.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Takes new files whenever they are written, and at every SIGHUP; runs until it is dropped. Files that cannot be
    /// used are logged, and the old certificate stays.
    pub(crate) async fn keep_fresh(&self, clock: &dyn Clock) {
        let mut hangups = Hangups::new();
        let mut seen = self.stamp().await;
        loop {
            let asked = tokio::select! {
                () = clock.sleep(LOOK_EVERY) => false,
                () = hangups.next() => true,
            };
            let stamp = self.stamp().await;
            if asked || stamp != seen {
                seen = stamp;
                self.reload().await;
            }
        }
    }

    /// Reads the files again.
    pub(super) async fn reload(&self) {
        let files = self.files.clone();
        match tokio::task::spawn_blocking(move || read(&files)).await {
            Ok(Ok(fresh)) => {
                self.current.store(fresh);
                tracing::info!(cert = %self.files.cert.display(), "certificate reloaded");
            }
            Ok(Err(error)) => tracing::error!(%error, "the old certificate stays in use"),
            Err(error) => tracing::error!(%error, "the certificate could not be read"),
        }
    }

    async fn stamp(&self) -> Stamp {
        let TlsFiles { cert, key } = self.files.clone();
        let stamp = |path: &Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        tokio::task::spawn_blocking(move || [stamp(&cert), stamp(&key)]).await.unwrap_or_default()
    }
}

/// A certificate that does not belong to its key, or an unreadable one, is an error here and not in a handshake.
fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let TlsFiles { cert, key } = files;
    let text = |path: &Path| std::fs::read(path).map_err(|source| TlsError::Read { path: path.into(), source });
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text(cert)?).collect();
    let chain = chain.map_err(|source| TlsError::Pem { path: cert.clone(), what: "certificate", source })?;
    let secret = PrivateKeyDer::from_pem_slice(&text(key)?);
    let secret = secret.map_err(|source| TlsError::Pem { path: key.clone(), what: "private key", source })?;
    let unusable = |source| TlsError::Unusable { cert: cert.clone(), key: key.clone(), source };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(unusable)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    // Clients of one connection per request resume instead of shaking hands again.
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(unusable)?;
    Ok(Arc::new(config))
}

/// SIGHUP, where there is such a thing.
struct Hangups {
    #[cfg(unix)]
    signals: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = signal(SignalKind::hangup());
        Self { signals: signals.inspect_err(|error| tracing::warn!(%error, "no SIGHUP")).ok() }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.signals
            && signals.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
