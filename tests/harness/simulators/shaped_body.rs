//! A body that is sent as a [`SendMode`] specifies: in slow chunks, truncated, or without a length.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use simulators::SendMode;
use tokio::time::{Sleep, sleep};

use super::resettable_socket::ResetFlag;

/// The delay between the last byte and the reset, in which the kernel sends what was written.
const RESET_DELAY: Duration = Duration::from_millis(30);

/// The bytes that are left to send, and how they are sent.
pub(super) struct ShapedBody {
    rest: Bytes,
    chunk: usize,
    pause: Duration,
    sized: bool,
    cut: Option<ResetFlag>,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl ShapedBody {
    /// The complete body at once, with its length.
    pub(super) fn complete(body: Bytes) -> Self {
        Self { rest: body, chunk: usize::MAX, pause: Duration::ZERO, sized: true, cut: None, waiting: None }
    }

    /// The body as `manner` sends it. A cut body sets `reset_flag`.
    pub(super) fn new(body: Bytes, manner: SendMode, reset_flag: &ResetFlag) -> Self {
        match manner {
            SendMode::Plain | SendMode::Late(_) | SendMode::Lost => Self::complete(body),
            SendMode::Slow { chunk, pause } => Self { chunk: chunk.max(1), pause, ..Self::complete(body) },
            SendMode::CutAfter(bytes) => Self {
                sized: false,
                cut: Some(reset_flag.clone()),
                // The headers are sent even if the body is cut at its first byte.
                waiting: (bytes == 0).then(|| Box::pin(sleep(RESET_DELAY))),
                ..Self::complete(truncate(&body, bytes))
            },
            SendMode::NoLength => Self { sized: false, ..Self::complete(body) },
            SendMode::ShortNoLength(bytes) => Self { sized: false, ..Self::complete(truncate(&body, bytes)) },
        }
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(waiting) = &mut self.waiting {
            ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        Poll::Ready(())
    }

    fn next_piece(&mut self) -> Frame<Bytes> {
        let piece = self.rest.split_to(self.chunk.min(self.rest.len()));
        let pause = if self.rest.is_empty() && self.cut.is_some() { RESET_DELAY } else { self.pause };
        if !pause.is_zero() {
            self.waiting = Some(Box::pin(sleep(pause)));
        }
        Frame::data(piece)
    }
}

impl Body for ShapedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        ready!(self.poll_pause(cx));
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.next_piece())));
        }
        Poll::Ready(self.cut.take().map(|reset_flag| {
            reset_flag.request_reset();
            Err(io::Error::new(io::ErrorKind::ConnectionReset, "the simulator cut the body here"))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.sized && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if self.sized { SizeHint::with_exact(self.rest.len() as u64) } else { SizeHint::default() }
    }
}

fn truncate(body: &Bytes, bytes: usize) -> Bytes {
    body.slice(..bytes.min(body.len()))
}
