//! Posts to the URL of a caller's webhook, once and through the guard.
//!
//! Such a URL is not trusted: it may lead into our own network, to a server that never responds or responds without
//! end. So its addresses are checked as those of downloads are, no redirect is followed, only the head of the response is
//! read, and one timeout covers all of it.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use model::Error;
use url::Url;

use crate::{
    SsrfGuard, client_builder,
    public_resolver::{PublicResolver, SystemResolver, is_blocked},
};

/// Why no response arrived. The text contains no part of the URL but its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerWebhookError {
    /// The guard blocked the URL.
    Blocked(String),
    /// The connection failed. The server may have received the request.
    ConnectionFailed(String),
    /// No response arrived in time. The server may have received the request.
    Timeout(String),
}

/// The HTTP client for callers' webhooks.
#[derive(Debug, Clone)]
pub struct CallerWebhookClient {
    client: reqwest::Client,
    guard: SsrfGuard,
}

impl CallerWebhookClient {
    /// A client behind a guard. The certificate authorities in `ca_bundle`, which is PEM, are trusted besides the public ones.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] if `ca_bundle` contains anything else, or the client cannot be built.
    pub fn new(guard: SsrfGuard, ca_bundle: &[u8]) -> Result<Self, Error> {
        let builder = client_builder::builder_with_ca_bundle(ca_bundle)?;
        let builder = builder.dns_resolver(PublicResolver(SystemResolver));
        // Requests to one host are rare, and an idle connection would outlive the check of its address.
        Ok(Self { client: client_builder::build(builder.pool_max_idle_per_host(0))?, guard })
    }

    /// Posts once and returns the response without its body, whatever its status.
    ///
    /// # Errors
    /// [`CallerWebhookError`] when no response arrived within `timeout`.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, CallerWebhookError> {
        let url = Url::parse(url).map_err(|_| CallerWebhookError::Blocked("it is not a URL".into()))?;
        let host = url.host_str().unwrap_or("nowhere").to_owned();
        self.guard.check_url(&url).map_err(|why| CallerWebhookError::Blocked(format!("{host}: {why}")))?;
        let sent = self.client.post(url).headers(headers).body(body).send();
        let received = tokio::time::timeout(timeout, sent)
            .await
            .map_err(|_| {
                CallerWebhookError::Timeout(format!("{host} did not answer within {} s", timeout.as_secs()))
            })?
            .map_err(|e| request_error(&host, &e))?;
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = received.status();
        *response.headers_mut() = received.headers().clone();
        Ok(response)
    }
}

/// The error of a failed request.
fn request_error(host: &str, e: &reqwest::Error) -> CallerWebhookError {
    if is_blocked(e) {
        return CallerWebhookError::Blocked(format!("{host} has no public address"));
    }
    if e.is_builder() {
        return CallerWebhookError::Blocked(format!("no request can be built for the URL at {host}"));
    }
    CallerWebhookError::ConnectionFailed(match e.is_connect() {
        true => format!("the connection to {host} failed"),
        false => format!("{host} closed the connection"),
    })
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::UrlOrigin;

    /// A server on loopback that reads a little and then sends this.
    async fn server(response: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let _ = connection.read(&mut [0; 1024]).await;
                let _ = connection.write_all(response).await;
                // It keeps the connection open, as a hostile server would.
                let _ = connection.read(&mut [0; 1024]).await;
            }
        });
        url
    }

    async fn post(origins: &[&str], url: &str) -> Result<u16, CallerWebhookError> {
        let origins = origins.iter().filter_map(|origin| UrlOrigin::parse(origin));
        let client =
            CallerWebhookClient::new(SsrfGuard::for_caller_urls([], origins, "WEBHOOK_ALLOWED_HOSTS"), b"")
                .expect("a client");
        let response =
            client.post(url, HeaderMap::new(), Bytes::from("{}"), Duration::from_millis(500)).await;
        response.map(|response| response.status().as_u16())
    }

    #[tokio::test]
    async fn only_the_head_of_a_response_is_read() {
        let short = server(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(post(&[&short], &short).await, Ok(204));
        let long = server(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx").await;
        assert_eq!(post(&[&long], &long).await, Ok(200));
    }

    #[tokio::test]
    async fn a_redirect_is_returned_and_not_followed() {
        let away =
            server(b"HTTP/1.1 307 T\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n");
        let away = away.await;
        assert_eq!(post(&[&away], &away).await, Ok(307));
    }

    #[tokio::test]
    async fn a_server_that_does_not_respond_times_out() {
        let silent = server(b"").await;
        let error = post(&[&silent], &format!("{silent}/a?key=secret")).await.expect_err("no response");
        assert_eq!(error, CallerWebhookError::Timeout("127.0.0.1 did not answer within 0 s".into()));
    }

    #[tokio::test]
    async fn a_name_with_a_private_address_is_blocked_when_connecting() {
        let error = post(&[], "https://localhost/a?key=secret").await.expect_err("blocked");
        assert_eq!(error, CallerWebhookError::Blocked("localhost has no public address".into()));
    }
}
