//! Builds requests to the API: their URL, headers and key (contract 1).

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use model::{Error, ErrorClass, Secret};

use super::rate_limits::request_tier;
use crate::Credentials;

/// Builds requests with the API key.
pub(super) struct AbyssaleApi {
    base_url: String,
    key: Secret,
}

impl AbyssaleApi {
    /// Creates the builder for an API URL, with the provider's section of Landfall's secret.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderCredentials`] when no key is configured.
    pub(super) fn new(api_url: &str, credentials: &Credentials) -> Result<Self, Error> {
        let key = credentials.get("api_key").ok_or_else(|| {
            let message =
                "no Abyssale API key is configured: the operator has to add it to Landfall's secret";
            Error::new(ErrorClass::ProviderCredentials, message)
        })?;
        Ok(Self { base_url: api_url.to_owned(), key })
    }

    /// Builds a request without a body. The path starts with a slash.
    pub(super) fn request(&self, method: Method, path: &str) -> Result<http::Request<Bytes>, Error> {
        self.build_request(method, http::Request::builder(), path, Bytes::new())
    }

    /// Builds a POST request with a JSON body. The path starts with a slash.
    pub(super) fn post(&self, path: &str, body: Bytes) -> Result<http::Request<Bytes>, Error> {
        let builder = http::Request::builder().header(header::CONTENT_TYPE, "application/json");
        self.build_request(Method::POST, builder, path, body)
    }

    /// Builds a request that carries the tier of its endpoint.
    fn build_request(
        &self,
        method: Method,
        builder: http::request::Builder,
        path: &str,
        body: Bytes,
    ) -> Result<http::Request<Bytes>, Error> {
        let mut key = HeaderValue::from_str(self.key.expose()).map_err(|_| {
            Error::new(ErrorClass::ProviderCredentials, "the Abyssale API key is not valid in a header")
        })?;
        key.set_sensitive(true);
        let builder = match request_tier(&method, path) {
            Some(tier) => builder.extension(tier),
            None => builder,
        };
        builder
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header("x-api-key", key)
            .header(header::ACCEPT, "application/json")
            .body(body)
            .map_err(|e| {
                Error::new(ErrorClass::Misconfigured, "the Abyssale API URL is not a URL").with_source(e)
            })
    }
}
