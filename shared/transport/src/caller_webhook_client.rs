//! Posts to a URL that whoever submitted a job has named, once and through the guard.
//!
//! Such a URL is a stranger's: it may lead into our own network, to a server that never answers or answers without
//! end. So its addresses are checked as those of downloads are, no redirect is followed, nothing is read but the
//! head of the answer, and all of it within one time.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use model::Error;
use url::Url;

use crate::{
    SsrfGuard, client,
    download::causes,
    ssrf_guard::{NotPublic, PublicOnly, SystemResolver},
};

/// Why nobody has heard. Says nothing of the URL but its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerWebhookError {
    /// The guard does not let anybody connect there.
    Refused(String),
    /// No answer came, since the connection failed. The request may have been seen.
    NoAnswer(String),
    /// No answer came in time. The request may have been seen.
    TimedOut(String),
}

/// Posts to callers.
#[derive(Debug, Clone)]
pub struct CallerWebhookClient {
    client: reqwest::Client,
    guard: SsrfGuard,
}

impl CallerWebhookClient {
    /// A caller behind a guard. The authorities in `ca_bundle`, which is PEM, are trusted besides the public ones.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] if there is anything else in it, or the client cannot be built.
    pub fn new(guard: SsrfGuard, ca_bundle: &[u8]) -> Result<Self, Error> {
        let builder = client::trusting(ca_bundle)?.dns_resolver(PublicOnly(SystemResolver));
        // Nobody is called often, and a connection that is kept would outlive the check of its address.
        Ok(Self { client: client::build(builder.pool_max_idle_per_host(0))?, guard })
    }

    /// Posts once and returns the head of the answer, with an empty body, whatever its status.
    ///
    /// # Errors
    /// [`CallerWebhookError`] when no answer came within `timeout`.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, CallerWebhookError> {
        let url = Url::parse(url).map_err(|_| CallerWebhookError::Refused("it is not a URL".into()))?;
        let host = url.host_str().unwrap_or("nowhere").to_owned();
        self.guard.judge(&url).map_err(|why| CallerWebhookError::Refused(format!("{host}: {why}")))?;
        let sent = self.client.post(url).headers(headers).body(body).send();
        let answer = tokio::time::timeout(timeout, sent)
            .await
            .map_err(|_| {
                CallerWebhookError::TimedOut(format!("{host} did not answer within {} s", timeout.as_secs()))
            })?
            .map_err(|e| unheard(&host, &e))?;
        let mut head = http::Response::new(Bytes::new());
        *head.status_mut() = answer.status();
        *head.headers_mut() = answer.headers().clone();
        Ok(head)
    }
}

/// Which it was, and in words that hold nothing of the URL but its host.
fn unheard(host: &str, e: &reqwest::Error) -> CallerWebhookError {
    if causes(e).any(|cause| cause.is::<NotPublic>()) {
        return CallerWebhookError::Refused(format!("{host} has no public address"));
    }
    if e.is_builder() {
        return CallerWebhookError::Refused(format!("no request can be made of the URL at {host}"));
    }
    CallerWebhookError::NoAnswer(match e.is_connect() {
        true => format!("no connection to {host} came about"),
        false => format!("{host} broke the connection off"),
    })
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::Origin;

    /// A server on loopback that reads a little and then says this.
    async fn server(says: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let _ = connection.read(&mut [0; 1024]).await;
                let _ = connection.write_all(says).await;
                // Held open, as a hostile server would.
                let _ = connection.read(&mut [0; 1024]).await;
            }
        });
        url
    }

    async fn post(origins: &[&str], url: &str) -> Result<u16, CallerWebhookError> {
        let origins = origins.iter().filter_map(|origin| Origin::parse(origin));
        let caller =
            CallerWebhookClient::new(SsrfGuard::for_calls([], origins, "WEBHOOK_ALLOWED_HOSTS"), b"")
                .expect("a client");
        let answer = caller.post(url, HeaderMap::new(), Bytes::from("{}"), Duration::from_millis(500)).await;
        answer.map(|answer| answer.status().as_u16())
    }

    #[tokio::test]
    async fn the_head_of_an_answer_is_enough() {
        let short = server(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(post(&[&short], &short).await, Ok(204));
        let long = server(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx").await;
        assert_eq!(post(&[&long], &long).await, Ok(200));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_like_others() {
        let away =
            server(b"HTTP/1.1 307 T\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n");
        let away = away.await;
        assert_eq!(post(&[&away], &away).await, Ok(307));
    }

    #[tokio::test]
    async fn a_server_that_hangs_is_left_in_time() {
        let silent = server(b"").await;
        let unheard = post(&[&silent], &format!("{silent}/a?key=secret")).await.expect_err("no answer");
        assert_eq!(unheard, CallerWebhookError::TimedOut("127.0.0.1 did not answer within 0 s".into()));
    }

    #[tokio::test]
    async fn a_name_with_a_private_address_is_refused_when_it_is_connected_to() {
        let unheard = post(&[], "https://localhost/a?key=secret").await.expect_err("refused");
        assert_eq!(unheard, CallerWebhookError::Refused("localhost has no public address".into()));
    }
}
