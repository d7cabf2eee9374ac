//! The one HTTP client: with the system's certificate authorities, and the proxy that the environment names.

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

/// For a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer whose body is still to come.
pub(crate) type Received = Response<SdkBody>;

/// Why there is no answer, or not all of it.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The server was reached, as far as is known, and said nothing for so long.
    Silence(Duration),
    /// There was no connection, or it broke.
    Connection(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence(patience) => write!(f, "timeout: it said nothing for {} s", patience.as_secs()),
            Self::Connection(cause) => cause.fmt(f),
        }
    }
}

impl Error for NoAnswer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Silence(_) => None,
            Self::Connection(cause) => cause.source(),
        }
    }
}

/// Sends requests and keeps connections.
#[derive(Debug)]
pub(crate) struct Http {
    connector: Connector,
    patience: Duration,
}

impl Http {
    /// A client that bears so long a silence, before an answer and within it.
    pub(crate) fn new(patience: Duration) -> Self {
        Self::connecting_within(CONNECT_TIMEOUT, patience)
    }

    fn connecting_within(connecting: Duration, patience: Duration) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(connecting);
        Self { connector: connector(settings.build()), patience }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// No connection, or a broken one, or no answer in time.
    pub(crate) async fn send(&self, request: Request<SdkBody>) -> Result<Received, NoAnswer> {
        let request = request.try_into().map_err(|e| NoAnswer::Connection(Box::new(e)))?;
        let answer = self.in_time(self.connector.call(request)).await?;
        let answer = answer.map_err(|e| NoAnswer::Connection(Box::new(e)))?;
        answer.try_into_http1x().map_err(|e| NoAnswer::Connection(Box::new(e)))
    }

    /// The next bytes of an answer; none at its end.
    ///
    /// # Errors
    /// The connection broke, or nothing came in time.
    pub(crate) async fn next(&self, body: &mut SdkBody) -> Result<Option<Bytes>, NoAnswer> {
        while let Some(frame) = self.in_time(body.frame()).await? {
            if let Ok(bytes) = frame.map_err(NoAnswer::Connection)?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Sends a request and reads the whole answer, of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Http::send`], and for an answer that is longer.
    pub(crate) async fn whole(
        &self,
        request: Request<SdkBody>,
        most: usize,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let (head, mut body) = self.send(request).await?.into_parts();
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next(&mut body).await? {
            if whole.len() + bytes.len() > most {
                return Err(NoAnswer::Connection(format!("the answer is longer than {most} bytes").into()));
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(Response::from_parts(head, whole.freeze()))
    }

    async fn in_time<T>(&self, what: impl Future<Output = T>) -> Result<T, NoAnswer> {
        tokio::time::timeout(self.patience, what).await.map_err(|_| NoAnswer::Silence(self.patience))
    }
}

/// The same client for the credential chain, which asks SSO, STS and the instance's metadata.
pub(super) fn for_credentials() -> SharedHttpClient {
    http_client_fn(|settings, _| SharedHttpConnector::new(connector(settings.clone())))
}

fn connector(settings: HttpConnectorSettings) -> Connector {
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

    /// As long as nobody notices, and far longer than this machine takes.
    const SHORT: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_secs(30);

    /// A server that says this and then nothing more, and never closes a connection.
    async fn saying(text: &'static str) -> String {
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
    async fn a_server_that_falls_silent_before_or_within_its_answer_is_a_timeout() {
        for said in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234"] {
            let request = get(format!("http://{}/", saying(said).await));
            let ended = Http::connecting_within(LONG, SHORT).whole(request, 9).await;
            assert!(matches!(ended, Err(NoAnswer::Silence(SHORT))), "{said}: {ended:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_does_not_come_about_in_time_is_no_lost_answer() {
        let request = get(format!("https://{}/", saying("").await));
        let ended = Http::connecting_within(SHORT, LONG).whole(request, 9).await;
        assert!(matches!(ended, Err(NoAnswer::Connection(_))), "{ended:?}");
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_is_not_kept() {
        let http = Http::connecting_within(LONG, LONG);
        for (most, kept) in [(9, true), (8, false)] {
            // Of its own, for no connection says anything twice.
            let server = saying("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789").await;
            let whole = http.whole(get(format!("http://{server}/")), most).await;
            assert_eq!(whole.is_ok_and(|whole| whole.body() == "123456789"), kept, "{most}");
        }
    }
}
