//! A body that is copied while it passes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::{Value, json};

/// Documents are longer in no operation: DynamoDB returns at most 16 MB, and no test needs more than this.
const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// The copy of a body.
#[derive(Debug, Default)]
pub(super) struct BodyCopy {
    bytes: Vec<u8>,
    length: usize,
    /// Whether the body came to its end, so that it is complete.
    has_ended: bool,
    /// Whether the body is the content of an object, of which only the length is kept.
    is_object: bool,
}

impl BodyCopy {
    pub(super) fn new(is_object: bool) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { is_object, ..Self::default() }))
    }

    fn add(&mut self, data: &[u8]) {
        self.length += data.len();
        if !self.is_object {
            let free = MAX_DOCUMENT_BYTES - self.bytes.len();
            self.bytes.extend_from_slice(&data[..data.len().min(free)]);
        }
    }

    /// Returns the text, the length and whether the text is all of the body.
    pub(super) fn to_json(&self) -> Value {
        let is_complete = self.has_ended && self.length == self.bytes.len();
        let text = std::str::from_utf8(&self.bytes).ok().filter(|_| is_complete);
        json!({ "text": text, "length": self.length, "has_ended": self.has_ended, "is_object": self.is_object })
    }
}

/// A body that is copied while it passes. It keeps `guard` until it is dropped.
pub(crate) struct RecordedBody<B, G> {
    body: B,
    copy: Arc<Mutex<BodyCopy>>,
    _guard: G,
}

impl<B: Body, G> RecordedBody<B, G> {
    pub(super) fn new(body: B, copy: Arc<Mutex<BodyCopy>>, guard: G) -> Self {
        if body.is_end_stream() {
            copy.lock().unwrap_or_else(PoisonError::into_inner).has_ended = true;
        }
        Self { body, copy, _guard: guard }
    }
}

impl<B: Body<Data = Bytes> + Unpin, G: Unpin> Body for RecordedBody<B, G> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let has_ended = self.body.is_end_stream();
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        match &frame {
            Poll::Ready(None) => copy.has_ended = true,
            Poll::Ready(Some(Ok(frame))) => {
                copy.add(frame.data_ref().map_or(&[], |data| data));
                copy.has_ended = has_ended;
            }
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        drop(copy);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
