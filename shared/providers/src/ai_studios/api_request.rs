//! Builds requests to the API: their URL, headers and token (contract 1).

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use model::{Error, ErrorClass, Secret};
use serde_json::Value;

use super::multipart_form::FormBody;
use crate::{Credentials, ResponseLimit};

/// The prefix of every path (contract 1.1).
const PATH_PREFIX: &str = "/api/odin/v3";

/// The response limit of a project: its scenes can be megabytes (contract 5.1).
pub(super) const PROJECT_RESPONSE_LIMIT: ResponseLimit = ResponseLimit(16 * 1024 * 1024);

/// The authentication scheme of the token's header (contract 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenScheme {
    /// The token without a scheme.
    Bare,
    /// The scheme `Bearer`, which only unverified sources show.
    Bearer,
}

/// Builds requests with the token.
#[derive(Debug, Clone)]
pub(super) struct AiStudiosApi {
    base_url: String,
    scheme: TokenScheme,
    token: Option<Secret>,
}

impl AiStudiosApi {
    /// Creates the builder for an API URL, with the provider's section of Landfall's secret.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderCredentials`] when `app_id` or `user_key` is missing; [`ErrorClass::Misconfigured`] when
    /// `auth_scheme` is neither `none` nor `bearer`.
    pub(super) fn new(api_url: &str, credentials: &Credentials) -> Result<Self, Error> {
        for name in ["app_id", "user_key"] {
            if credentials.get(name).is_none() {
                let message = format!(
                    "no AI Studios {name} is configured: the operator has to add it to Landfall's secret"
                );
                return Err(Error::new(ErrorClass::ProviderCredentials, message));
            }
        }
        let scheme = match credentials.get("auth_scheme").as_ref().map(Secret::expose) {
            None | Some("none") => TokenScheme::Bare,
            Some("bearer") => TokenScheme::Bearer,
            Some(_) => {
                let message =
                    "AI Studios' auth_scheme in Landfall's secret is invalid: expected none or bearer";
                return Err(Error::new(ErrorClass::Misconfigured, message));
            }
        };
        Ok(Self { base_url: format!("{api_url}{PATH_PREFIX}"), scheme, token: None })
    }

    /// Sets the token of later requests.
    pub(super) fn set_token(&mut self, token: &Secret) {
        self.token = Some(token.clone());
    }

    /// Builds `GET /editor/progress/{id}` (contract 3).
    pub(super) fn progress(&self, id: &str) -> Result<http::Request<Bytes>, Error> {
        self.get(&format!("/editor/progress/{}", encode_path_segment(id)))
    }

    /// Builds `GET /automation/progress?projectId={id}` (contract 7).
    pub(super) fn creation_progress(&self, id: &str) -> Result<http::Request<Bytes>, Error> {
        self.get(&format!("/automation/progress?projectId={}", encode_path_segment(id)))
    }

    /// Builds `GET /editor/project/{id}` (contract 5.1).
    pub(super) fn project(&self, id: &str) -> Result<http::Request<Bytes>, Error> {
        let mut request = self.get(&format!("/editor/project/{}", encode_path_segment(id)))?;
        request.extensions_mut().insert(PROJECT_RESPONSE_LIMIT);
        Ok(request)
    }

    /// Builds a GET request.
    pub(super) fn get(&self, path: &str) -> Result<http::Request<Bytes>, Error> {
        self.build_request(Method::GET, path, None, Bytes::new())
    }

    /// Builds a POST request with a JSON object (contract 8, C18).
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<http::Request<Bytes>, Error> {
        self.build_request(Method::POST, path, Some("application/json"), body.to_string().into())
    }

    /// Builds a POST request with a form. The samples of the provider name `application/json` as its type, which no
    /// server can parse: a form needs its boundary.
    pub(super) fn post_form(&self, path: &str, form: &FormBody) -> Result<http::Request<Bytes>, Error> {
        self.build_request(Method::POST, path, Some(&form.content_type), form.bytes.clone())
    }

    fn build_request(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<http::Request<Bytes>, Error> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header(header::ACCEPT, "application/json");
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, self.authorization_header(token)?);
        }
        request.body(body).map_err(|e| {
            Error::new(ErrorClass::Misconfigured, "the AI Studios API URL is not a URL").with_source(e)
        })
    }

    fn authorization_header(&self, token: &Secret) -> Result<HeaderValue, Error> {
        let value = match self.scheme {
            TokenScheme::Bare => HeaderValue::from_str(token.expose()),
            TokenScheme::Bearer => HeaderValue::from_str(&format!("Bearer {}", token.expose())),
        };
        let mut value = value.map_err(|_| {
            Error::new(
                ErrorClass::ProviderCredentials,
                "AI Studios returned a token that is not valid in a header",
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Encodes an id for a path or a query. It may come from the provider.
pub(super) fn encode_path_segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api(section: Value) -> Result<AiStudiosApi, Error> {
        let mut api = AiStudiosApi::new("https://api.example", &Credentials::new(section))?;
        api.set_token(&Secret::new("h.c.s"));
        Ok(api)
    }

    #[test]
    fn the_token_is_sent_without_a_scheme_unless_bearer_is_configured() {
        let keys = || json!({ "app_id": "a", "user_key": "k" });
        for (scheme, sent) in
            [(json!(null), "h.c.s"), (json!("none"), "h.c.s"), (json!("bearer"), "Bearer h.c.s")]
        {
            let mut section = keys();
            section["auth_scheme"] = scheme;
            let request = api(section).expect("keys").progress("p/../1").expect("a request");
            let token = &request.headers()[header::AUTHORIZATION];
            assert!(token == sent && token.is_sensitive());
            assert_eq!(request.uri().path(), "/api/odin/v3/editor/progress/p%2F..%2F1");
        }
        for broken in [json!({ "app_id": "a" }), json!({ "user_key": "k" }), json!(null)] {
            assert_eq!(api(broken).expect_err("no keys").class, ErrorClass::ProviderCredentials);
        }
        let mut section = keys();
        section["auth_scheme"] = json!("basic");
        assert!(api(section).is_err());
    }

    #[test]
    fn only_project_requests_have_a_larger_response_limit() {
        let api = api(json!({ "app_id": "a", "user_key": "k" })).expect("keys");
        let limit = |request: http::Request<Bytes>| request.extensions().get::<ResponseLimit>().copied();
        assert_eq!(limit(api.project("p").expect("a request")), Some(PROJECT_RESPONSE_LIMIT));
        assert_eq!(limit(api.progress("p").expect("a request")), None);
    }
}
