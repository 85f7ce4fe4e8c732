//! An end of a connection that leaves the last word to the client.
//!
//! Owns: waiting, within bounds, for the client to close first. Refuses: to know why the connection ends. Needed for
//! HTTP/2: a client may say GOAWAY as soon as its last stream has begun, as the JavaScript SDK does with every
//! subscription, so the connection is over the moment that stream is. Node then throws away what it had received and
//! not yet handed on if the socket closes first, and the last events of a subscription were lost.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use types::{Clock, Sleep};

/// How long a client has to work off what it received; shorter than the grace of a server that stops.
const LINGER_MAX: Duration = Duration::from_secs(4);
const SCRATCH_BYTES: usize = 1024;

/// An IO whose shutdown first reads until the client has closed, or [`LINGER_MAX`] has passed.
pub(super) struct Linger<T> {
    io: T,
    clock: Arc<dyn Clock>,
    /// Runs from the first attempt to shut down.
    alarm: Option<Sleep>,
    has_lingered: bool,
}

impl<T> Linger<T> {
    pub(super) fn new(io: T, clock: Arc<dyn Clock>) -> Self {
        Self { io, clock, alarm: None, has_lingered: false }
    }
}

impl<T: Read + Unpin> Linger<T> {
    /// Ready when the client has closed, failed or had its time; what it still sends is of no interest.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let alarm = self.alarm.get_or_insert_with(|| self.clock.sleep(LINGER_MAX));
        if alarm.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let mut scratch = [0; SCRATCH_BYTES];
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.io).poll_read(context, buffer.unfilled())) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl<T: Read + Unpin> Read for Linger<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: Read + Write + Unpin> Write for Linger<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_lingered {
            ready!(Pin::new(&mut self.io).poll_flush(context))?;
            ready!(self.poll_linger(context));
            self.has_lingered = true;
        }
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
