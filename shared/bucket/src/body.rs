//! A request body that is fed while it is sent, with bounded memory.

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

use crate::checksum::Running;

/// How many pieces may wait between source and S3.
pub(crate) const WAITING: usize = 4;

/// The feeder gave up; the upload must not end as if it were whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceFailed;

impl std::fmt::Display for SourceFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the source failed while it was read")
    }
}

impl std::error::Error for SourceFailed {}

/// What a channel brings, as a body of announced length.
#[derive(Debug)]
pub(crate) struct ChannelBody {
    pub(crate) pieces: Receiver<Result<Bytes, SourceFailed>>,
    pub(crate) left: u64,
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = SourceFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SourceFailed>>> {
        self.pieces.poll_recv(context).map(|piece| {
            piece.map(|piece| {
                let bytes = piece?;
                self.left = self.left.checked_sub(bytes.len() as u64).ok_or(SourceFailed)?;
                Ok(Frame::data(bytes))
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// What is in memory, piece by piece, as a body that can be sent again.
#[derive(Debug)]
pub(crate) struct PiecesBody {
    pieces: std::vec::IntoIter<Bytes>,
    left: u64,
}

impl PiecesBody {
    pub(crate) fn new(pieces: Vec<Bytes>) -> Self {
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces: pieces.into_iter(), left }
    }
}

impl Body for PiecesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.next();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Passes the stream on until it ends, fails, or nobody takes it any more.
pub(crate) async fn feed(
    bytes: impl Stream<Item = Result<Bytes, Error>>,
    sender: Sender<Result<Bytes, SourceFailed>>,
    running: &mut Running,
) -> Result<(), Error> {
    let mut bytes = pin!(bytes);
    while let Some(piece) = bytes.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => {
                // Nobody left to tell means that the upload is over already.
                let _ = sender.send(Err(SourceFailed)).await;
                return Err(error);
            }
        };
        running.update(&piece);
        if sender.send(Ok(piece)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}
