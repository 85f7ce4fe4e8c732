//! Certificates: made, served, replaced.

use std::net::Ipv4Addr;
use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use types::{Clock, SystemClock};

use super::sockets::{ends_soon, http2_on, serving, with_authority};
use super::*;

fn made(folder: &Path) -> TlsFiles {
    self_signed::make(folder, Ipv4Addr::LOCALHOST.into(), Some("box.example".into()), SystemClock.now()).unwrap()
}

/// A connection that trusts the authority in `folder` and wants to speak `protocols`.
async fn connect(
    address: std::net::SocketAddr,
    folder: &Path,
    name: &'static str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(self_signed::authority_file(folder)).unwrap();
    roots.add(authority).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await
}

#[tokio::test]
async fn both_versions_are_spoken_over_tls() {
    let bench = Bench::strict().await;
    let folder = tempfile::tempdir().unwrap();
    let tls = Arc::new(Tls::open(made(folder.path())).unwrap());
    let strict = Keys::new([identity()]);
    let (address, stop, served) = serving(&bench, strict, Some(tls)).await;

    for (name, protocols, chosen) in [
        ("localhost", &["h2", "http/1.1"][..], Some("h2")),
        ("127.0.0.1", &["h2"], Some("h2")),
        // Without ALPN, the preface says it.
        ("box.example", &[], None),
    ] {
        let stream = connect(address, folder.path(), name, protocols).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen.map(str::as_bytes));
        let mut client = http2_on(stream).await;
        let response = client.send_request(with_authority(Call::list_streams(), &bench)).await.unwrap();
        assert_eq!(response.status(), 200, "{name}");
    }
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut stream = connect(address, folder.path(), "localhost", &["http/1.1"]).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).await.unwrap();
    assert!(received.starts_with("HTTP/1.1 403"), "{received}");
    // Loopback may do without.
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(request).await.unwrap();
    let mut received = String::new();
    plain.read_to_string(&mut received).await.unwrap();
    assert!(received.starts_with("HTTP/1.1 403"), "{received}");

    assert!(connect(address, folder.path(), "other.example", &[]).await.is_err());
    // Neither a silent connection nor half a handshake holds the stop up.
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(&[0x16, 3, 1]).await.unwrap();
    stop.send(()).unwrap();
    ends_soon(&bench, served).await;
}

#[tokio::test]
async fn the_authority_is_kept_and_the_certificate_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join("tls").join(name)).unwrap();
    made(folder.path());
    let before = (read("ca.pem"), read("cert.pem"));
    made(folder.path());
    let after = (read("ca.pem"), read("cert.pem"));
    assert!(before.0 == after.0 && before.1 != after.1);
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let files = made(folder.path());
    for key in [files.key, folder.path().join("tls/ca-key.pem")] {
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = made(old.path());
    let tls = Arc::new(Tls::open(files.clone()).unwrap());
    let fresh = made(new.path());

    let before = tls.config();
    std::fs::write(&files.cert, "nothing").unwrap();
    tls.reload().await;
    assert!(Arc::ptr_eq(&before, &tls.config()));
    // The certificate without its key, as between two copies, is broken as well.
    std::fs::copy(&fresh.cert, &files.cert).unwrap();
    tls.reload().await;
    assert!(Arc::ptr_eq(&before, &tls.config()));
    std::fs::copy(&fresh.key, &files.key).unwrap();
    tls.reload().await;
    assert!(!Arc::ptr_eq(&before, &tls.config()));

    let bench = Bench::dev().await;
    let (address, _stop, _served) = serving(&bench, Keys::any([]), Some(tls)).await;
    assert!(connect(address, new.path(), "localhost", &[]).await.is_ok());
    assert!(connect(address, old.path(), "localhost", &[]).await.is_err());
}

#[test]
fn errors_say_which_file_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let files = made(folder.path());
    let none = TlsFiles { cert: folder.path().join("none.pem"), ..files.clone() };
    assert!(Tls::open(none).err().unwrap().to_string().contains("none.pem"));
    let swapped = TlsFiles { cert: files.key.clone(), key: files.cert.clone() };
    assert!(Tls::open(swapped).is_err());
}
