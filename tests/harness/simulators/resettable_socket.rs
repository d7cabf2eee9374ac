//! A socket that can be closed with a TCP reset (RST) instead of an orderly close (FIN).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A flag that a connection shares with the response that decides how the connection closes.
#[derive(Debug, Clone, Default)]
pub(super) struct ResetFlag(Arc<AtomicBool>);

impl ResetFlag {
    /// Makes the connection close with a reset.
    pub(super) fn request_reset(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_reset_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A TCP stream that is reset when it is dropped, if its [`ResetFlag`] is set.
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
            // Without this the kernel sends FIN, which some clients take for a regular end of the body. If the call
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
