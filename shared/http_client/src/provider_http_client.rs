//! Sends one request to a provider's API, and says whether the provider can have received it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use model::Error;

use crate::client_builder;

/// The default limit of a response body, 1 MiB. A longer body is truncated, so that a server cannot fill the memory.
pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// Why no response arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// The connection failed: the provider cannot have received the request.
    NotSent,
    /// The provider may have received the request.
    PossiblySent,
}

/// Sends requests to providers.
#[derive(Debug, Clone)]
pub struct ProviderHttpClient {
    client: reqwest::Client,
}

impl ProviderHttpClient {
    /// A sender with its own connection pool.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] if the client cannot be built.
    pub fn new() -> Result<Self, Error> {
        // The provider may close an idle connection just as it is used again, and then it is unknown whether it
        // received the request. A new connection for each request avoids that.
        let builder = client_builder::builder()?.pool_max_idle_per_host(0);
        Ok(Self { client: client_builder::build(builder)? })
    }

    /// Sends a request once and reads the response, or the first `max_body_bytes` bytes of its body, all within `timeout`.
    ///
    /// # Errors
    /// [`SendError`], which says whether the provider can have received the request.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        max_body_bytes: usize,
    ) -> Result<http::Response<Bytes>, SendError> {
        let request = request.try_into().map_err(|_| SendError::NotSent)?;
        tokio::time::timeout(timeout, self.execute(request, max_body_bytes))
            .await
            .unwrap_or(Err(SendError::PossiblySent))
    }

    async fn execute(
        &self,
        request: reqwest::Request,
        max_body_bytes: usize,
    ) -> Result<http::Response<Bytes>, SendError> {
        let received = self.client.execute(request).await.map_err(|e| {
            tracing::warn!(connected = !e.is_connect(), "provider did not answer");
            if e.is_connect() || e.is_builder() { SendError::NotSent } else { SendError::PossiblySent }
        })?;
        let mut response = http::Response::builder().status(received.status());
        if let Some(headers) = response.headers_mut() {
            *headers = received.headers().clone();
        }
        let mut body = BytesMut::new();
        let mut chunks = received.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| SendError::PossiblySent)?;
            let remaining = max_body_bytes - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(remaining)]);
            if chunk.len() > remaining {
                break;
            }
        }
        response.body(body.freeze()).map_err(|_| SendError::PossiblySent)
    }
}
