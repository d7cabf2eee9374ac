//! The one HTTP client: with the system's certificate authorities, and the proxy that the environment names.

use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer whose body is still to come.
pub(crate) type Received = Response<SdkBody>;

/// Sends requests and keeps connections.
#[derive(Debug)]
pub(crate) struct Http(Connector);

impl Http {
    /// A client that waits so long for the head of an answer.
    pub(crate) fn new(patience: Duration) -> Self {
        let settings =
            HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(patience);
        Self(connector(settings.build()))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// No connection, or a broken one, or no answer in time.
    pub(crate) async fn send(&self, request: Request<SdkBody>) -> Result<Received, ConnectorError> {
        let request = request.try_into().map_err(|e| ConnectorError::user(Box::new(e)))?;
        let answer = self.0.call(request).await?;
        answer.try_into_http1x().map_err(|e| ConnectorError::other(Box::new(e), None))
    }

    /// Sends a request and reads the whole answer, of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Http::send`], and for an answer that is longer.
    pub(crate) async fn whole(
        &self,
        request: Request<SdkBody>,
        most: usize,
    ) -> Result<Response<Bytes>, ConnectorError> {
        let (head, body) = self.send(request).await?.into_parts();
        let body = Limited::new(body, most).collect().await.map_err(ConnectorError::io)?;
        Ok(Response::from_parts(head, body.to_bytes()))
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
