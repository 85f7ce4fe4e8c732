//! Which certificate to serve with.

use std::path::PathBuf;

use super::{ConfigError, Origin, Setting, Sources};

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsChoice {
    /// No TLS.
    Off,
    /// Files of the operator.
    Files { cert: PathBuf, key: PathBuf },
    /// Made by the server and kept in the data directory.
    SelfSigned,
}

/// The strongest source that says anything of TLS says all of it: a flag for one certificate and a file's key of another
/// would never fit.
pub(super) fn resolve(sources: &mut Sources) -> Result<Setting<TlsChoice>, ConfigError> {
    let Sources { flags, environment, file, .. } = sources;
    let layers = [(flags, Origin::Flag), (environment, Origin::Environment), (file, Origin::File)];
    for (layer, origin) in layers {
        let value = match (layer.tls_cert.take(), layer.tls_key.take(), layer.tls_self_signed) {
            (None, None, None) => continue,
            (None, None, Some(false)) => TlsChoice::Off,
            (None, None, Some(true)) => TlsChoice::SelfSigned,
            (Some(cert), Some(key), None | Some(false)) => TlsChoice::Files { cert, key },
            (Some(_), Some(_), Some(true)) => return Err(ConfigError::TwoCertificates),
            (Some(_), None, _) => return Err(ConfigError::HalfCertificate { missing: "--tls-key" }),
            (None, Some(_), _) => return Err(ConfigError::HalfCertificate { missing: "--tls-cert" }),
        };
        return Ok(Setting { value, origin });
    }
    Ok(Setting { value: TlsChoice::Off, origin: Origin::Default })
}
