//! A connection that breaks when its client stops reading: an answer of ten megabytes is not kept for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use types::{Clock, Sleep};

use super::held::Held;

/// How long a write may wait for the client to take anything at all.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);

/// An IO whose writes fail when the other side takes nothing for [`WRITE_STALL_MAX`].
pub(super) struct StallGuard<T> {
    io: T,
    clock: Arc<dyn Clock>,
    /// Runs while a write waits.
    alarm: Option<Sleep>,
    /// Is told whether one waits.
    held: Arc<Held>,
}

impl<T> StallGuard<T> {
    pub(super) fn new(io: T, clock: Arc<dyn Clock>, held: Arc<Held>) -> Self {
        Self { io, clock, alarm: None, held }
    }

    pub(super) fn into_inner(self) -> T {
        self.io
    }

    /// Passes a finished write on; sets and watches the alarm for one that waits.
    fn watch<R>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            if self.alarm.take().is_some() {
                self.held.set_waiting(false);
            }
            return polled;
        }
        let alarm = self.alarm.get_or_insert_with(|| {
            self.held.set_waiting(true);
            self.clock.sleep(WRITE_STALL_MAX)
        });
        alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Read + Unpin> Read for StallGuard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: Write + Unpin> Write for StallGuard<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, bytes);
        self.watch(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(context);
        self.watch(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(context);
        self.watch(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(context, buffers);
        self.watch(context, polled)
    }
}
