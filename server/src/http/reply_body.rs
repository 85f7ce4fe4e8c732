//! Bodies of answers: whole ones, and frames that come as the client takes them.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use hyper::body::{Body, Frame, SizeHint};

use super::held::{Held, Progress, Share};

/// Most bytes handed to the connection at once, so that progress shows.
const SLICE_BYTES_MAX: usize = 256 << 10;

/// Frames of an event stream.
type Frames = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// The body of an answer, before it belongs to a connection.
pub(super) enum Draft {
    Whole(Vec<u8>),
    Frames(Frames),
}

impl Draft {
    /// Bytes, if it is known how many.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Whole(body) => body.len(),
            Self::Frames(_) => 0,
        }
    }

    /// The body on a connection; a stream ends with `end`.
    pub(super) fn on(
        self,
        held: &Held,
        share: Option<Share>,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> ReplyBody {
        match self {
            Self::Whole(body) if body.is_empty() => ReplyBody::EMPTY,
            Self::Whole(body) => {
                let (rest, progress) = held.whole(body, share);
                ReplyBody { content: Content::Whole(rest), progress: Some(progress) }
            }
            Self::Frames(frames) => {
                let content = Content::Frames(Box::pin(frames.take_until(Box::pin(end))));
                ReplyBody { content, progress: Some(held.stream()) }
            }
        }
    }
}

/// The body of an answer.
pub(super) struct ReplyBody {
    content: Content,
    progress: Option<Arc<Progress>>,
}

enum Content {
    /// What is left of it.
    Whole(Bytes),
    /// Polled only when the connection can take more.
    Frames(Frames),
}

impl ReplyBody {
    const EMPTY: Self = Self { content: Content::Whole(Bytes::new()), progress: None };
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(progress) = &self.progress {
            progress.advance();
        }
        let next = match &mut self.content {
            Content::Whole(rest) if rest.is_empty() => Poll::Ready(None),
            Content::Whole(rest) => Poll::Ready(Some(rest.split_to(rest.len().min(SLICE_BYTES_MAX)))),
            Content::Frames(frames) => frames.as_mut().poll_next(context),
        };
        next.map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(rest) if rest.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(rest) => SizeHint::with_exact(rest.len() as u64),
            Content::Frames(_) => SizeHint::default(),
        }
    }
}
