//! A socket that can end in a reset instead of an orderly close.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// SharedSimulator by a connection and the answer that decides how it ends.
#[derive(Debug, Clone, Default)]
pub(super) struct ResetFlag(Arc<AtomicBool>);

impl ResetFlag {
    /// The connection is to end in a reset.
    pub(super) fn request_reset(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_reset_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A TCP stream that obeys its [`ResetFlag`] when it is dropped.
#[derive(Debug)]
pub(super) struct ResettableSocket {
    stream: TcpStream,
    reset_flag: ResetFlag,
}

impl ResettableSocket {
    pub(super) fn new(stream: TcpStream, reset_flag: ResetFlag) -> Self {
        Self { stream, reset_flag }
    }
}

impl Drop for ResettableSocket {
    fn drop(&mut self) {
        if self.reset_flag.is_reset_requested() {
            // Without this the kernel would send FIN, which some clients take for a proper end. If it
            // fails, the client still sees a closed connection.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for ResettableSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ResettableSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset_flag.is_reset_requested() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
