//! From a put to the push: one writer at a gentle rate, one subscriber over HTTP/2, and the time between.
//!
//! Owns the subscription. A record's partition key says when its put was due, so the reader knows the delay without
//! decoding payload. Read next: `paced.rs`.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::answer::{Expect, check};
use crate::connection::{Connection, find};
use crate::drive::Outcome;
use crate::noise::Noise;
use crate::paced::{alone, sleep_until};
use crate::request::{JSON, Target};
use crate::time::now;

/// Puts `rate` records per second into the one shard of `stream` and measures until each is pushed.
pub(crate) async fn drive(target: &Target, stream: &str, rate: f64, duration: Duration) -> Result<Outcome, String> {
    let arn = register(target, stream).await?;
    let (records, origin) = ((rate * duration.as_secs_f64()) as u32, now());
    let (ready, waits) = std::sync::mpsc::channel();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || alone(subscribe(target, &arn, records, origin, ready)));
            if waits.recv_timeout(Duration::from_secs(10)).is_ok() {
                alone(write(target, stream, records, rate, origin))?;
            }
            reader.join().map_err(|_| "the subscriber's thread panicked".to_owned())?
        })
    })
}

/// A consumer of the stream; its ARN.
async fn register(target: &Target, stream: &str) -> Result<String, String> {
    let text = |body: &[u8], path: &[&str]| {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        path.iter().fold(&value, |value, member| &value[*member]).as_str().unwrap_or_default().to_owned()
    };
    let summary = target.call("DescribeStreamSummary", &format!("{{\"StreamName\":\"{stream}\"}}")).await?;
    let stream_arn = text(&summary, &["StreamDescriptionSummary", "StreamARN"]);
    let body = format!("{{\"StreamARN\":\"{stream_arn}\",\"ConsumerName\":\"load\"}}");
    let consumer = target.call("RegisterStreamConsumer", &body).await?;
    let arn = text(&consumer, &["Consumer", "ConsumerARN"]);
    for _ in 0..600 {
        let body = target.call("DescribeStreamConsumer", &format!("{{\"ConsumerARN\":\"{arn}\"}}")).await?;
        if text(&body, &["ConsumerDescription", "ConsumerStatus"]) == "ACTIVE" {
            return Ok(arn);
        }
        crate::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the consumer is not active after 30 s".to_owned())
}

/// The writer: one PutRecord each time that one is due.
async fn write(target: &Target, stream: &str, records: u32, rate: f64, origin: Instant) -> Result<(), String> {
    let mut connection = Connection::open(&target.authority).await?;
    let (mut noise, gap, start) = (Noise::new(), Duration::from_secs_f64(1.0 / rate), now());
    for turn in 0..records {
        let mut body = format!("{{\"StreamName\":\"{stream}\",");
        noise.record(crate::request::RECORD_BYTES, &mut body);
        let due = start + gap * turn;
        // The random key, the last member, makes room for the time.
        let key = body.rfind(":\"").map_or(body.len(), |colon| colon + 2);
        body.truncate(key);
        body.push_str(&format!("{}\"}}", due.saturating_duration_since(origin).as_nanos()));
        let request = target.request("PutRecord", &body);
        sleep_until(due);
        check(&connection.call(&request).await?, Expect::Stored)?;
    }
    Ok(())
}

/// The subscriber: tells `ready` when it is there, and measures until all `records` have come.
async fn subscribe(
    target: &Target,
    arn: &str,
    records: u32,
    origin: Instant,
    ready: Sender<()>,
) -> Result<Outcome, String> {
    let fault = |what: &str, error: &dyn std::fmt::Display| format!("subscriber: {what}: {error}");
    let stream = TcpStream::connect(&target.authority).await.map_err(|error| fault("connecting", &error))?;
    stream.set_nodelay(true).map_err(|error| fault("connecting", &error))?;
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| fault("handshake", &error))?;
    tokio::spawn(connection);
    let body = format!(
        "{{\"ConsumerARN\":\"{arn}\",\"ShardId\":\"shardId-000000000000\",\"StartingPosition\":{{\"Type\":\"LATEST\"}}}}"
    );
    let mut request = hyper::Request::post(format!("http://{}/", target.authority));
    for (name, value) in target.headers("SubscribeToShard", JSON, body.as_bytes()) {
        // The host is the URI's in HTTP/2.
        if name != "host" {
            request = request.header(name, value);
        }
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| fault("request", &error))?;
    let mut response = sender.send_request(request).await.map_err(|error| fault("request", &error))?;
    if response.status() != 200 {
        return Err(format!("SubscribeToShard: status {}", response.status()));
    }
    let (mut outcome, start, mut frames) = (Outcome::empty(), now(), Vec::new());
    let mut waiting = Some(ready);
    while outcome.requests < u64::from(records) {
        let frame = response.frame().await.ok_or("the subscription ended before all records came")?;
        let Ok(data) = frame.map_err(|error| fault("event", &error))?.into_data() else { continue };
        let arrived = origin.elapsed();
        frames.extend_from_slice(&data);
        // The first event comes at once and says that the subscription stands; only then are records put.
        if let Some(ready) = waiting.take() {
            let _ = ready.send(());
        }
        while let Some(length) = whole_frame(&frames) {
            for due in keys(&frames[..length]) {
                outcome.record_duration(arrived.saturating_sub(due));
            }
            frames.drain(..length);
        }
    }
    outcome.elapsed = start.elapsed();
    Ok(outcome)
}

/// The length of the event stream frame at the start of `bytes`, if it is all there.
fn whole_frame(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    (bytes.len() >= length).then_some(length)
}

/// The partition keys of a frame's records: nanoseconds since the origin.
fn keys(mut frame: &[u8]) -> Vec<Duration> {
    const NAME: &[u8] = b"\"PartitionKey\":\"";
    let mut found = Vec::new();
    while let Some(at) = find(frame, NAME) {
        frame = &frame[at + NAME.len()..];
        let digits: String =
            frame.iter().take_while(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect();
        found.extend(digits.parse().ok().map(Duration::from_nanos));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_and_keys_found() {
        assert_eq!(whole_frame(&[0, 0, 0]), None);
        assert_eq!(whole_frame(&[0, 0, 0, 6, 1]), None);
        assert_eq!(whole_frame(&[0, 0, 0, 6, 1, 2, 0, 0]), Some(6));
        let frame = br#"{"Records":[{"Data":"AA==","PartitionKey":"12"},{"PartitionKey":"345"}]}"#;
        assert_eq!(keys(frame), [Duration::from_nanos(12), Duration::from_nanos(345)]);
    }
}
