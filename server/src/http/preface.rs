//! Tells HTTP/2 from HTTP/1.1 by the first bytes of a connection: a client of HTTP/2 begins with a preface that is no
//! request of HTTP/1.1. TLS clients say the same by ALPN, but some that speak HTTP/2 do not, so the bytes decide there
//! as well.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until it is clear which it is: whether it is HTTP/2, and the connection with what was read in front.
pub(super) async fn is_http2<T: AsyncRead + Unpin>(mut io: T) -> io::Result<(bool, Rewound<T>)> {
    let mut read = BytesMut::with_capacity(PREFACE.len());
    while read.len() < PREFACE.len() && PREFACE.starts_with(&read) {
        let missing = PREFACE.len() - read.len();
        if (&mut io).take(missing as u64).read_buf(&mut read).await? == 0 {
            break;
        }
    }
    Ok((read == PREFACE, Rewound { before: read.freeze(), io }))
}

/// An IO that first gives what was read from it before.
pub(super) struct Rewound<T> {
    before: Bytes,
    io: T,
}

impl<T> Rewound<T> {
    /// The same with `before` in front.
    pub(super) fn with(self, before: Bytes) -> Self {
        let before = if self.before.is_empty() { before } else { [before, self.before].concat().into() };
        Self { before, io: self.io }
    }
}

impl<T: AsyncRead + Unpin> Rewound<T> {
    /// Waits until there is a byte to be read; `false` when there will be none.
    pub(super) async fn await_byte(&mut self) -> io::Result<bool> {
        if self.before.is_empty() {
            let mut first = [0];
            let read = self.io.read(&mut first).await?;
            self.before = Bytes::copy_from_slice(&first[..read]);
        }
        Ok(!self.before.is_empty())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Rewound<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.io).poll_read(context, buffer);
        }
        let length = self.before.len().min(buffer.remaining());
        buffer.put_slice(self.before.get(..length).unwrap_or_default());
        self.before.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Rewound<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, buffers)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn told(pieces: &[&[u8]]) -> (bool, Vec<u8>) {
        let (mut client, server) = tokio::io::duplex(1024);
        let (read, ()) = tokio::join!(is_http2(server), async {
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            client.shutdown().await.unwrap();
        });
        let (is_http2, mut io) = read.unwrap();
        let mut all = Vec::new();
        io.read_to_end(&mut all).await.unwrap();
        (is_http2, all)
    }

    #[tokio::test]
    async fn the_preface_decides_and_nothing_is_lost() {
        assert_eq!(told(&[PREFACE, b"frames"]).await, (true, [PREFACE, b"frames"].concat()));
        assert_eq!(told(&[&PREFACE[..5], &PREFACE[5..]]).await, (true, PREFACE.to_vec()));
        assert_eq!(told(&[b"POST / HTTP/1.1\r\n"]).await, (false, b"POST / HTTP/1.1\r\n".to_vec()));
        assert_eq!(told(&[b"PRI * HTTP/1.1\r\n\r\n"]).await, (false, b"PRI * HTTP/1.1\r\n\r\n".to_vec()));
        assert_eq!(told(&[b"PR"]).await, (false, b"PR".to_vec()));
        assert_eq!(told(&[]).await, (false, Vec::new()));
    }
}
