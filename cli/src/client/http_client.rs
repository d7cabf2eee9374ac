//! The HTTP client. It trusts the system's certificate authorities and uses the proxy of the environment.

use std::{error::Error, fmt, time::Duration};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::body::SdkBody;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt;

/// The limit for establishing a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The read timeout for S3.
pub(crate) const S3_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A response whose body has not been read yet.
pub(crate) type HttpResponse = Response<SdkBody>;

/// Why a response is missing or incomplete.
#[derive(Debug)]
pub(crate) enum HttpError {
    /// The server sent nothing for this long.
    Timeout(Duration),
    /// The connection could not be established, or it broke.
    Connection(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(timeout) => write!(f, "timeout: it sent nothing for {} s", timeout.as_secs()),
            Self::Connection(cause) => cause.fmt(f),
        }
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout(_) => None,
            Self::Connection(cause) => cause.source(),
        }
    }
}

/// Sends requests over pooled connections.
#[derive(Debug)]
pub(crate) struct HttpClient {
    connector: Connector,
    read_timeout: Duration,
}

impl HttpClient {
    /// A client with a read timeout: the longest pause before a response and within it.
    pub(crate) fn new(read_timeout: Duration) -> Self {
        Self::with_timeouts(CONNECT_TIMEOUT, read_timeout)
    }

    fn with_timeouts(connect_timeout: Duration, read_timeout: Duration) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout);
        Self { connector: build_connector(settings.build()), read_timeout }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The connection failed or broke, or no response arrived in time.
    pub(crate) async fn send(&self, request: Request<SdkBody>) -> Result<HttpResponse, HttpError> {
        let request = request.try_into().map_err(|e| HttpError::Connection(Box::new(e)))?;
        let response = self.apply_timeout(self.connector.call(request)).await?;
        let response = response.map_err(|e| HttpError::Connection(Box::new(e)))?;
        response.try_into_http1x().map_err(|e| HttpError::Connection(Box::new(e)))
    }

    /// Reads the next bytes of a response; `None` at its end.
    ///
    /// # Errors
    /// The connection broke, or nothing arrived in time.
    pub(crate) async fn read_chunk(&self, body: &mut SdkBody) -> Result<Option<Bytes>, HttpError> {
        while let Some(frame) = self.apply_timeout(body.frame()).await? {
            if let Ok(bytes) = frame.map_err(HttpError::Connection)?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Sends a request and reads the response to its end, at most `max_bytes`.
    ///
    /// # Errors
    /// As [`HttpClient::send`], and if the response is longer.
    pub(crate) async fn send_and_read(
        &self,
        request: Request<SdkBody>,
        max_bytes: usize,
    ) -> Result<Response<Bytes>, HttpError> {
        let (head, mut body) = self.send(request).await?.into_parts();
        let mut content = BytesMut::new();
        while let Some(bytes) = self.read_chunk(&mut body).await? {
            if content.len() + bytes.len() > max_bytes {
                return Err(HttpError::Connection(
                    format!("the response is longer than {max_bytes} bytes").into(),
                ));
            }
            content.extend_from_slice(&bytes);
        }
        Ok(Response::from_parts(head, content.freeze()))
    }

    async fn apply_timeout<T>(&self, operation: impl Future<Output = T>) -> Result<T, HttpError> {
        tokio::time::timeout(self.read_timeout, operation)
            .await
            .map_err(|_| HttpError::Timeout(self.read_timeout))
    }
}

/// The same client for the credential provider chain, which calls SSO, STS and the instance metadata service.
pub(super) fn credentials_http_client() -> SharedHttpClient {
    http_client_fn(|settings, _| SharedHttpConnector::new(build_connector(settings.clone())))
}

fn build_connector(settings: HttpConnectorSettings) -> Connector {
    Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build()
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// Long enough for a local connection.
    const SHORT: Duration = Duration::from_millis(300);
    /// Never reached in these tests.
    const LONG: Duration = Duration::from_secs(30);

    /// Starts a server that sends this text and then nothing, and never closes a connection. Returns its address.
    async fn start_server(text: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let mut connections = vec![];
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let _ = connection.read(&mut request).await;
                let _ = connection.write_all(text.as_bytes()).await;
                connections.push(connection);
            }
        });
        address.to_string()
    }

    fn get(url: String) -> Request<SdkBody> {
        Request::get(url).body(SdkBody::empty()).expect("a request")
    }

    #[tokio::test]
    async fn a_server_that_sends_nothing_before_or_within_its_response_is_a_timeout() {
        for sent in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234"] {
            let request = get(format!("http://{}/", start_server(sent).await));
            let result = HttpClient::with_timeouts(LONG, SHORT).send_and_read(request, 9).await;
            assert!(matches!(result, Err(HttpError::Timeout(SHORT))), "{sent}: {result:?}");
        }
    }

    #[tokio::test]
    async fn a_connect_timeout_is_a_connection_error() {
        let request = get(format!("https://{}/", start_server("").await));
        let result = HttpClient::with_timeouts(SHORT, LONG).send_and_read(request, 9).await;
        assert!(matches!(result, Err(HttpError::Connection(_))), "{result:?}");
    }

    #[tokio::test]
    async fn a_response_over_the_size_limit_is_rejected() {
        let http = HttpClient::with_timeouts(LONG, LONG);
        for (max_bytes, is_accepted) in [(9, true), (8, false)] {
            // A server for each request: a connection of this server answers only once.
            let server = start_server("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789").await;
            let response = http.send_and_read(get(format!("http://{server}/")), max_bytes).await;
            assert_eq!(
                response.is_ok_and(|response| response.body() == "123456789"),
                is_accepted,
                "{max_bytes}"
            );
        }
    }
}
