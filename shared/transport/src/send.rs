//! Sends one request to a provider's API, and tells whether the provider can have seen it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use model::Error;

use crate::client;

/// A control answer is small, 1 MiB at most. Whatever is longer is cut, so that a server cannot fill the memory.
pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// No connection came about: the provider cannot have seen the request.
    NotSent,
    /// The request may have been seen.
    MaybeSent,
}

/// Sends requests to providers.
#[derive(Debug, Clone)]
pub struct Sender {
    client: reqwest::Client,
}

impl Sender {
    /// A sender with its own connection pool.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] if the client cannot be built.
    pub fn new() -> Result<Self, Error> {
        // A kept connection may be closed by the other side just as it is used again, and then nobody knows
        // whether the request was seen. A fresh connection per request has no such moment.
        let builder = client::builder()?.pool_max_idle_per_host(0);
        Ok(Self { client: client::build(builder)? })
    }

    /// Sends a request once and reads the whole answer, or its first `longest` bytes, all within `timeout`.
    ///
    /// # Errors
    /// [`SendError`], which says whether the provider can have seen the request.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        longest: usize,
    ) -> Result<http::Response<Bytes>, SendError> {
        let request = request.try_into().map_err(|_| SendError::NotSent)?;
        tokio::time::timeout(timeout, self.exchange(request, longest))
            .await
            .unwrap_or(Err(SendError::MaybeSent))
    }

    async fn exchange(
        &self,
        request: reqwest::Request,
        longest: usize,
    ) -> Result<http::Response<Bytes>, SendError> {
        let answer = self.client.execute(request).await.map_err(|e| {
            tracing::warn!(connected = !e.is_connect(), "provider did not answer");
            if e.is_connect() || e.is_builder() { SendError::NotSent } else { SendError::MaybeSent }
        })?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        let mut body = BytesMut::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| SendError::MaybeSent)?;
            let room = longest - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                break;
            }
        }
        response.body(body.freeze()).map_err(|_| SendError::MaybeSent)
    }
}
