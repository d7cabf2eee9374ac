//! A plain HTTP client for loopback.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// Sends requests without TLS.
#[derive(Debug, Clone)]
pub struct HttpClient(Client<HttpConnector, Full<Bytes>>);

impl Default for HttpClient {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl HttpClient {
    /// Sends a request and reads the complete response.
    ///
    /// # Errors
    /// The connection fails or breaks off.
    pub async fn send(&self, request: Request<Bytes>) -> std::io::Result<Response<Bytes>> {
        let response = self.0.request(request.map(Full::new)).await.map_err(std::io::Error::other)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        Ok(Response::from_parts(head, body))
    }

    /// Sends and receives JSON. `Null` sends no body, and is returned for a response without JSON.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub async fn json(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> std::io::Result<Response<Value>> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        if !body.is_null() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(bytes).map_err(std::io::Error::other)?;
        let response = self.send(request).await?;
        Ok(response.map(|bytes| serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}
