//! A server that does nothing: it reads each request to its end and answers with prepared bytes.
//!
//! What the generator reaches against it is the generator's own limit on this machine, the sink's work included.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::connection::find;
use crate::request::{BATCH_RECORDS, RECORD_BYTES};

/// Answers of the size that the real server's have.
struct Answers {
    put_record: Vec<u8>,
    put_records: Vec<u8>,
    get_records: Vec<u8>,
    other: Vec<u8>,
}

/// Listens on a free port, prints it, and serves until it is killed.
pub(crate) async fn run() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("binding: {error}"))?;
    let address = listener.local_addr().map_err(|error| format!("binding: {error}"))?;
    println!("listening on http://{address}");
    let answers = Arc::new(prepare());
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| format!("accepting: {error}"))?;
        let answers = Arc::clone(&answers);
        // A client that goes away ends its own connection and nothing else.
        tokio::spawn(async move { serve(stream, &answers).await });
    }
}

fn prepare() -> Answers {
    let entry = "{\"SequenceNumber\":\"21267647932558653966460912964485513216\",\"ShardId\":\"shardId-000000000000\"}";
    let results = vec![entry; BATCH_RECORDS].join(",");
    let record = format!(
        "{{\"ApproximateArrivalTimestamp\":1700000000.123,\"Data\":\"{}\",\"PartitionKey\":\"0123456789abcdef\",\
         \"SequenceNumber\":\"21267647932558653966460912964485513216\"}}",
        "A".repeat(RECORD_BYTES.div_ceil(3) * 4)
    );
    let page = vec![record.as_str(); (10 << 20) / (RECORD_BYTES + 16)].join(",");
    let iterator = "A".repeat(200);
    Answers {
        put_record: http(entry),
        put_records: http(&format!("{{\"FailedRecordCount\":0,\"Records\":[{results}]}}")),
        get_records: http(&format!(
            "{{\"MillisBehindLatest\":0,\"NextShardIterator\":\"{iterator}\",\"Records\":[{page}]}}"
        )),
        other: http(&format!("{{\"ShardIterator\":\"{iterator}\"}}")),
    }
}

fn http(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn serve(mut stream: TcpStream, answers: &Answers) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 256 << 10];
    let mut filled = 0;
    loop {
        let head = loop {
            if let Some(end) = find(&buffer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                return Ok(());
            }
            filled += read;
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let header = |name: &str| text.split("\r\n").find_map(|line| line.strip_prefix(name)).map(str::trim);
        let answer = match header("x-amz-target:").and_then(|target| target.split('.').next_back()) {
            Some("putrecord") => &answers.put_record,
            Some("putrecords") => &answers.put_records,
            Some("getrecords") => &answers.get_records,
            _ => &answers.other,
        };
        let length: usize = header("content-length:").and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let mut missing = (head + length).saturating_sub(filled);
        while missing > 0 {
            let wanted = missing.min(buffer.len());
            let read = stream.read(&mut buffer[..wanted]).await?;
            if read == 0 {
                return Ok(());
            }
            missing -= read;
        }
        // The generator sends the next request after the answer, so nothing of it can be in the buffer.
        filled = 0;
        stream.write_all(answer).await?;
    }
}
