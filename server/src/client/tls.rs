//! The connector: plain or TLS by the URL; trusted are the system's certificates, or those that AWS_CA_BUNDLE names, as for
//! every AWS client.

use std::path::PathBuf;

use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::ConnectError;

/// For an `https` target the certificates are read; for a plain one nothing is trusted and nothing read.
pub(super) fn connector(is_tls: bool, bundle: Option<PathBuf>) -> Result<HttpsConnector<HttpConnector>, ConnectError> {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("the provider has the default versions of TLS");
    let config = match bundle {
        _ if !is_tls => builder.with_root_certificates(RootCertStore::empty()),
        Some(path) => builder.with_root_certificates(read_bundle(path)?),
        None => builder.with_native_roots().map_err(ConnectError::Roots)?,
    };
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    // Requests are small and answered one by one: waiting to fill a packet only costs time.
    connector.set_nodelay(true);
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config.with_no_client_auth())
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector))
}

fn read_bundle(path: PathBuf) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    let bad = |reason: String| ConnectError::CaBundle { path: path.clone(), reason };
    for certificate in CertificateDer::pem_file_iter(&path).map_err(|error| bad(error.to_string()))? {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() { Err(bad("it holds no certificate".into())) } else { Ok(roots) }
}
