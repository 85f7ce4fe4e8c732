//! Certificates of our own, for a network without an authority: an authority that is made once and kept, so that clients
//! trust it once, and a certificate of it that is made afresh at every start.
//!
//! The two are not one: libraries differ in whether a certificate may stand for itself.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use types::Timestamp;

use super::{TlsError, TlsFiles};

/// The longest that clients of all systems accept of an authority that they do not know, less than two years and three
/// months. A server that runs longer needs a restart by then.
const DAYS_VALID: i64 = 820;
/// The names of this machine for itself.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The authority's certificate under `data_dir`, whether it exists or not: what clients have to trust.
pub(crate) fn authority_file(data_dir: &Path) -> PathBuf {
    data_dir.join("tls").join("ca.pem")
}

/// Makes what is missing: the authority at the first start, its certificate for `listen` and `host` each time.
pub(crate) fn make(
    data_dir: &Path,
    listen: IpAddr,
    host: Option<String>,
    now: Timestamp,
) -> Result<TlsFiles, TlsError> {
    let authority = authority_file(data_dir);
    let folder = data_dir.join("tls");
    std::fs::create_dir_all(&folder).map_err(|source| TlsError::Write { path: folder.clone(), source })?;
    let issuer = issuer(&authority, &folder.join("ca-key.pem"))?;

    let mut names: Vec<String> = LOCAL_NAMES.map(str::to_owned).to_vec();
    if !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    names.extend(host.filter(|host| !host.is_empty()));
    names.dedup();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "thalweg");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A day before now, for clients whose clocks are behind.
    let (year, month, day) = self::day(now, -1);
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = self::day(now, DAYS_VALID);
    params.not_after = date_time_ymd(year, month, day);
    let key = KeyPair::generate()?;
    let cert = params.signed_by(&key, &issuer)?;
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    write(&files.key, &key.serialize_pem(), true)?;
    write(&files.cert, &cert.pem(), false)?;
    Ok(files)
}

/// The authority that is kept in these two files.
fn issuer(cert: &Path, key: &Path) -> Result<Issuer<'static, KeyPair>, TlsError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "thalweg's own authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    // The certificate says nothing that is not here, so the key is all that has to be read.
    let kept = cert.exists().then(|| std::fs::read_to_string(key));
    if let Some(kept) = kept {
        let kept = kept.map_err(|source| TlsError::Read { path: key.into(), source })?;
        return Ok(Issuer::new(params, KeyPair::from_pem(&kept)?));
    }
    let pair = KeyPair::generate()?;
    write(key, &pair.serialize_pem(), true)?;
    write(cert, &params.self_signed(&pair)?.pem(), false)?;
    Ok(Issuer::new(params, pair))
}

/// The day that is `days` after now's.
fn day(now: Timestamp, days: i64) -> (i32, u8, u8) {
    let seconds = i64::try_from(now.seconds()).unwrap_or(0).saturating_add(days * 86_400);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let date = TimeZone::UTC.to_datetime(time).date();
    // Months and days are small and positive.
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

/// Written aside and renamed, so that no reader sees half a file; secrets are readable by their owner alone.
fn write(path: &Path, text: &str, is_secret: bool) -> Result<(), TlsError> {
    let attempt = || {
        let aside = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_secret { 0o600 } else { 0o644 });
        let mut file = options.open(&aside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(aside, path)
    };
    _ = is_secret;
    attempt().map_err(|source| TlsError::Write { path: path.into(), source })
}
