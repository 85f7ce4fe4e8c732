//! One keep-alive connection and just enough HTTP/1.1 to use it.
//!
//! Owns writing a request and finding the end of its answer; an answer's body is kept, or only counted as it goes by.
//! Refuses compression, trailers and whatever else none of the servers under load sends. Read next: `answer.rs`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::answer::{self, Length, Passing};

pub(crate) struct Connection {
    authority: String,
    /// `None` after the server ended the connection as it had announced; the next call opens another.
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    filled: usize,
}

/// One answer; the body lies in the connection's buffer until the next request.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// What a connection reads at once: less than a core's cache, so that a body that is only counted never leaves it.
const BUFFER_BYTES: usize = 128 << 10;

impl Connection {
    pub(crate) async fn open(authority: &str) -> Result<Self, String> {
        let stream = Some(dial(authority).await?);
        Ok(Self { authority: authority.to_owned(), stream, buffer: vec![0; BUFFER_BYTES], filled: 0 })
    }

    /// With a small buffer, for connections by the thousands.
    pub(crate) async fn open_small(authority: &str) -> Result<Self, String> {
        let stream = Some(dial(authority).await?);
        Ok(Self { authority: authority.to_owned(), stream, buffer: vec![0; 2 << 10], filled: 0 })
    }

    /// Sends one request and waits for its answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>, String> {
        let head = self.send(request).await?;
        let parsed = answer::parse_head(&self.buffer[..head])?;
        let body = match parsed.length {
            Length::Bytes(length) => {
                while self.filled < head + length {
                    if self.buffer.len() < head + length {
                        self.buffer.resize(head + length, 0);
                    }
                    self.fill().await?;
                }
                head..head + length
            }
            Length::Chunked => loop {
                // The chunks are joined in place once all of them are here.
                if let Some(whole) = answer::join_chunks(&mut self.buffer[head..self.filled])? {
                    break head..head + whole;
                }
                self.fill().await?;
            },
        };
        if parsed.closes {
            self.stream = None;
        }
        Ok(Answer { status: parsed.status, body: &self.buffer[body] })
    }

    /// As `call`, for megabytes that nobody wants to keep: the body is looked at once, while it is in the cache.
    pub(crate) async fn call_passing(&mut self, request: &[u8]) -> Result<Passing, String> {
        let head = self.send(request).await?;
        let parsed = answer::parse_head(&self.buffer[..head])?;
        let Length::Bytes(length) = parsed.length else {
            let answer = self.call_rest(head).await?;
            return Ok(answer);
        };
        let mut passing = Passing::new(parsed.status);
        passing.see(&self.buffer[head..self.filled]);
        let mut missing = (head + length).saturating_sub(self.filled);
        let stream = self.stream.as_mut().ok_or("the connection is closed")?;
        while missing > 0 {
            let wanted = missing.min(self.buffer.len());
            let read = stream.read(&mut self.buffer[..wanted]).await.map_err(|error| format!("receiving: {error}"))?;
            if read == 0 {
                return Err("the server closed the connection".to_owned());
            }
            passing.see(&self.buffer[..read]);
            missing -= read;
        }
        if parsed.closes {
            self.stream = None;
        }
        Ok(passing)
    }

    /// The slow way for answers in chunks, which only other servers send.
    async fn call_rest(&mut self, head: usize) -> Result<Passing, String> {
        let parsed = answer::parse_head(&self.buffer[..head])?;
        let whole = loop {
            if let Some(whole) = answer::join_chunks(&mut self.buffer[head..self.filled])? {
                break whole;
            }
            self.fill().await?;
        };
        if parsed.closes {
            self.stream = None;
        }
        let mut passing = Passing::new(parsed.status);
        passing.see(&self.buffer[head..head + whole]);
        Ok(passing)
    }

    /// Sends, and reads until the head of the answer is whole; where the head ends.
    async fn send(&mut self, request: &[u8]) -> Result<usize, String> {
        if self.stream.is_none() {
            self.stream = Some(dial(&self.authority).await?);
        }
        let stream = self.stream.as_mut().ok_or("the connection is closed")?;
        stream.write_all(request).await.map_err(|error| format!("sending: {error}"))?;
        self.filled = 0;
        loop {
            if let Some(end) = find(&self.buffer[..self.filled.min(8 << 10)], b"\r\n\r\n") {
                return Ok(end + 4);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), String> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let stream = self.stream.as_mut().ok_or("the connection is closed")?;
        let read = stream.read(&mut self.buffer[self.filled..]).await;
        match read.map_err(|error| format!("receiving: {error}"))? {
            0 => Err("the server closed the connection".to_owned()),
            read => {
                self.filled += read;
                Ok(())
            }
        }
    }
}

async fn dial(authority: &str) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(authority).await.map_err(|error| format!("{authority}: {error}"))?;
    stream.set_nodelay(true).map_err(|error| format!("{authority}: {error}"))?;
    Ok(stream)
}

/// Where `what` first stands in `bytes`.
pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
