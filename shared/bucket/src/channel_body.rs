//! Request bodies from a stream, with bounded memory, and from buffered chunks.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::{Body, Frame, SizeHint};
use model::Error;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::checksum::RunningChecksum;

/// The most chunks between the source and S3.
pub(crate) const CHANNEL_CAPACITY: usize = 4;

/// The source failed, so the upload must fail, too, and not end as if it were complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceFailed;

impl std::fmt::Display for SourceFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the source failed while it was read")
    }
}

impl std::error::Error for SourceFailed {}

/// A body of known length whose chunks come from a channel.
#[derive(Debug)]
pub(crate) struct ChannelBody {
    pub(crate) chunks: Receiver<Result<Bytes, SourceFailed>>,
    pub(crate) remaining: u64,
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = SourceFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SourceFailed>>> {
        self.chunks.poll_recv(context).map(|chunk| {
            chunk.map(|chunk| {
                let bytes = chunk?;
                self.remaining = self.remaining.checked_sub(bytes.len() as u64).ok_or(SourceFailed)?;
                Ok(Frame::data(bytes))
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// A body of buffered chunks, which can be sent again.
#[derive(Debug)]
pub(crate) struct BufferedBody {
    chunks: std::vec::IntoIter<Bytes>,
    remaining: u64,
}

impl BufferedBody {
    pub(crate) fn new(chunks: Vec<Bytes>) -> Self {
        let remaining = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self { chunks: chunks.into_iter(), remaining }
    }
}

impl Body for BufferedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.chunks.next();
        self.remaining -= chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// Sends a stream to the channel of a [`ChannelBody`] until it ends, fails, or the receiver is dropped.
pub(crate) async fn send_to_body(
    bytes: impl Stream<Item = Result<Bytes, Error>>,
    sender: Sender<Result<Bytes, SourceFailed>>,
    checksum: &mut RunningChecksum,
) -> Result<(), Error> {
    let mut bytes = pin!(bytes);
    while let Some(chunk) = bytes.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                // The receiver is dropped if the upload has ended already.
                let _ = sender.send(Err(SourceFailed)).await;
                return Err(error);
            }
        };
        checksum.update(&chunk);
        if sender.send(Ok(chunk)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}
