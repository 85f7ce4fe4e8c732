//! HTTP/1.1 and HTTP/2 on a socket.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::connection::HEAD_BYTES_MAX;
use super::*;

/// A server on a free port, its address, and the handle that stops it.
pub(super) async fn serving(
    bench: &Bench,
    keys: Keys,
    tls: Option<Arc<Tls>>,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = serve(listener, bench.app.clone(), Arc::new(keys), tls, async { _ = stopped.await });
    (address, stop, tokio::spawn(served))
}

async fn serving_plain(bench: &Bench) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    serving(bench, Keys::any([]), None).await
}

/// Waits for the end of a server that was told to stop.
pub(super) async fn ends_soon(bench: &Bench, served: JoinHandle<()>) {
    tokio::select! {
        ended = served => ended.unwrap(),
        () = bench.app.clock.sleep(Duration::from_secs(5)) => panic!("the stop takes long"),
    }
}

/// A client of HTTP/2 that knows that the server speaks it.
pub(super) async fn http2_on(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> http2::SendRequest<Full<Bytes>> {
    let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    client
}

const HEAD: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-amz-json-1.1\r\nx-amz-target: Kinesis_20131202.ListStreams\r\n";

async fn exchange(address: SocketAddr, sent: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(sent).await.unwrap();
    let mut received = Vec::new();
    _ = socket.read_to_end(&mut received).await;
    String::from_utf8_lossy(&received).into_owned()
}

#[tokio::test]
async fn a_socket_is_kept_and_closed_when_asked() {
    let bench = Bench::dev().await;
    let (address, _stop, _served) = serving_plain(&bench).await;
    let two = format!("{HEAD}content-length: 2\r\n\r\n{{}}{HEAD}content-length: 2\r\nconnection: close\r\n\r\n{{}}");
    let received = exchange(address, two.as_bytes()).await;
    assert_eq!(received.matches("HTTP/1.1 200 OK").count(), 2, "{received}");
    assert!(received.contains("content-length: ") && received.contains("date: "));
    let chunked =
        format!("{HEAD}transfer-encoding: chunked\r\nconnection: close\r\n\r\n1\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n");
    assert!(exchange(address, chunked.as_bytes()).await.starts_with("HTTP/1.1 200"));
    assert!(exchange(address, b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n").await.starts_with("HTTP/1.1 403"));
    let void = format!("{HEAD}connection: close\r\n\r\n");
    assert!(exchange(address, void.as_bytes()).await.contains("SerializationException"));
}

#[tokio::test]
async fn smuggled_lengths_are_refused() {
    let bench = Bench::dev().await;
    let (address, _stop, _served) = serving_plain(&bench).await;
    for extra in
        ["content-length: 2\r\ncontent-length: 3\r\n\r\n{} ", "transfer-encoding: gzip\r\n\r\n{}", "a b: c\r\n\r\n"]
    {
        let received = exchange(address, format!("{HEAD}{extra}").as_bytes()).await;
        assert!(received.starts_with("HTTP/1.1 400"), "{extra:?}: {received}");
    }
    let long = format!("{HEAD}x: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX));
    assert!(exchange(address, long.as_bytes()).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_continue() {
    let bench = Bench::dev().await;
    let (address, _stop, _served) = serving_plain(&bench).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!("{HEAD}content-length: 2\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut consent = [0; 25];
    socket.read_exact(&mut consent).await.unwrap();
    assert_eq!(&consent, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"{}").await.unwrap();
    let mut received = String::new();
    socket.read_to_string(&mut received).await.unwrap();
    assert!(received.starts_with("HTTP/1.1 200"), "{received}");
}

#[tokio::test]
async fn an_oversize_body_gets_its_answer_before_the_socket_closes() {
    let bench = Bench::dev().await;
    let (address, _stop, _served) = serving_plain(&bench).await;
    let length = types::limits::REQUEST_BODY_BYTES_MAX + 1;
    let mut sent = format!("{HEAD}content-length: {length}\r\nconnection: close\r\n\r\n").into_bytes();
    sent.resize(sent.len() + length, b' ');
    assert!(exchange(address, &sent).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_stop_closes_idle_sockets_and_finishes_the_others() {
    let bench = Bench::dev().await;
    let (address, stop, served) = serving_plain(&bench).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    let request = format!("{HEAD}content-length: 2\r\n\r\n");
    idle.write_all(format!("{request}{{}}").as_bytes()).await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    // The head is in, the body is not: in flight.
    busy.write_all(request.as_bytes()).await.unwrap();
    bench.app.clock.sleep(Duration::from_millis(100)).await;
    stop.send(()).unwrap();
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap(), 0);
    assert!(!served.is_finished());
    busy.write_all(b"{}").await.unwrap();
    let mut received = String::new();
    busy.read_to_string(&mut received).await.unwrap();
    assert!(received.starts_with("HTTP/1.1 200"), "{received}");
    served.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// A signed call as HTTP/2 carries it: the host in `:authority` instead of a header.
pub(super) fn with_authority(call: Call, bench: &Bench) -> Request<Full<Bytes>> {
    let mut request = call.request(bench.app.clock.now().0 as i64);
    let host = request.headers_mut().remove("host").unwrap();
    *request.uri_mut() = format!("http://{}/", host.to_str().unwrap()).parse().unwrap();
    *request.version_mut() = hyper::Version::HTTP_2;
    request
}

#[tokio::test]
async fn http2_is_spoken_to_who_knows_it() {
    let bench = Bench::dev().await;
    let strict = Keys::new([identity()]);
    let (address, _stop, _served) = serving(&bench, strict, None).await;
    let mut client = http2_on(TcpStream::connect(address).await.unwrap()).await;
    let calls = (0..300).map(|_| client.send_request(with_authority(Call::list_streams(), &bench)));
    for response in futures_util::future::join_all(calls.collect::<Vec<_>>()).await {
        let response = response.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, hyper::Version::HTTP_2));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(b"{\"HasMoreStreams\""));
    }
    // The authority is signed, so another one is another request.
    let mut other = with_authority(Call::list_streams(), &bench);
    *other.uri_mut() = "http://elsewhere:4567/".parse().unwrap();
    let response = client.send_request(other).await.unwrap();
    assert_eq!(response.headers()["x-amzn-errortype"], "InvalidSignatureException");
    // An answer that closes a connection of HTTP/1.1 leaves this one open.
    let get = Call { method: "GET", ..Call::list_streams().unsigned().body("") };
    assert_eq!(client.send_request(with_authority(get, &bench)).await.unwrap().status(), 403);
    let response = client.send_request(with_authority(Call::list_streams(), &bench)).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_stop_ends_connections_of_http2() {
    let bench = Bench::dev().await;
    let (address, stop, served) = serving_plain(&bench).await;
    let mut client = http2_on(TcpStream::connect(address).await.unwrap()).await;
    let silent = TcpStream::connect(address).await.unwrap();
    let response = client.send_request(with_authority(Call::list_streams(), &bench)).await.unwrap();
    assert_eq!(response.status(), 200);
    stop.send(()).unwrap();
    ends_soon(&bench, served).await;
    drop(silent);
}

#[tokio::test]
async fn idle_connections_do_no_harm() {
    let bench = Bench::dev().await;
    let (address, _stop, _served) = serving_plain(&bench).await;
    let mut idle = Vec::new();
    // Both ends are ours, and the usual limit is 1024 files.
    for _ in 0..300 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let request = format!("{HEAD}content-length: 2\r\nconnection: close\r\n\r\n{{}}");
    assert!(exchange(address, request.as_bytes()).await.starts_with("HTTP/1.1 200"));
}
