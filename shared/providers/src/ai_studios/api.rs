//! Requests to the API: where they go and what they carry (contract 1).

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use model::{Error, ErrorClass, Secret};
use serde_json::Value;

use crate::{Credentials, ResponseLimit};

/// Before every path (contract 1.1).
const PREFIX: &str = "/api/odin/v3";

/// The longest project that is read: its scenes can be megabytes (contract 5.1).
pub(super) const PROJECT_RESPONSE_LIMIT: ResponseLimit = ResponseLimit(16 * 1024 * 1024);

/// How the token stands in its header (contract 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// As it is.
    Bare,
    /// After the word `Bearer`, which only unverified sources show.
    Bearer,
}

/// How to ask.
#[derive(Debug, Clone)]
pub(super) struct Api {
    base: String,
    scheme: Scheme,
    token: Option<Secret>,
}

impl Api {
    /// The API at this address, with a section of Landfall's secret.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderCredentials`] when `app_id` or `user_key` is missing; [`ErrorClass::Misconfigured`] when
    /// `auth_scheme` is neither `none` nor `bearer`.
    pub(super) fn new(api_url: &str, credentials: &Credentials) -> Result<Self, Error> {
        for name in ["app_id", "user_key"] {
            if credentials.one(name).is_none() {
                let message = format!(
                    "no AI Studios {name} is configured: the operator has to put it into Landfall's secret"
                );
                return Err(Error::new(ErrorClass::ProviderCredentials, message));
            }
        }
        let scheme = match credentials.one("auth_scheme").as_ref().map(Secret::expose) {
            None | Some("none") => Scheme::Bare,
            Some("bearer") => Scheme::Bearer,
            Some(_) => {
                let message = "AI Studios' auth_scheme in Landfall's secret is neither none nor bearer";
                return Err(Error::new(ErrorClass::Misconfigured, message));
            }
        };
        Ok(Self { base: format!("{api_url}{PREFIX}"), scheme, token: None })
    }

    /// Requests carry this token from now on.
    pub(super) fn carry(&mut self, token: &Secret) {
        self.token = Some(token.clone());
    }

    /// `GET /editor/progress/{id}` (contract 3).
    pub(super) fn progress(&self, id: &str) -> Result<http::Request<Bytes>, Error> {
        self.get(&format!("/editor/progress/{}", in_path(id)))
    }

    /// `GET /editor/project/{id}` (contract 5.1).
    pub(super) fn project(&self, id: &str) -> Result<http::Request<Bytes>, Error> {
        let mut request = self.get(&format!("/editor/project/{}", in_path(id)))?;
        request.extensions_mut().insert(PROJECT_RESPONSE_LIMIT);
        Ok(request)
    }

    /// A request without a body.
    pub(super) fn get(&self, path: &str) -> Result<http::Request<Bytes>, Error> {
        self.request(Method::GET, path, Bytes::new())
    }

    /// A request with a JSON object (contract 8, C18).
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<http::Request<Bytes>, Error> {
        self.request(Method::POST, path, body.to_string().into())
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<http::Request<Bytes>, Error> {
        let mut request = http::Request::builder()
            .method(&method)
            .uri(format!("{}{path}", self.base))
            .header(header::ACCEPT, "application/json");
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, self.header(token)?);
        }
        request.body(body).map_err(|e| {
            Error::new(ErrorClass::Misconfigured, "the AI Studios API URL is not a URL").with_source(e)
        })
    }

    fn header(&self, token: &Secret) -> Result<HeaderValue, Error> {
        let value = match self.scheme {
            Scheme::Bare => HeaderValue::from_str(token.expose()),
            Scheme::Bearer => HeaderValue::from_str(&format!("Bearer {}", token.expose())),
        };
        let mut value = value.map_err(|_| {
            Error::new(
                ErrorClass::ProviderCredentials,
                "AI Studios gave a token that cannot stand in a header",
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// An id as it can stand in a path: it may have come from the provider.
fn in_path(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api(section: Value) -> Result<Api, Error> {
        let mut api = Api::new("https://api.example", &Credentials::new(section))?;
        api.carry(&Secret::new("h.c.s"));
        Ok(api)
    }

    #[test]
    fn the_token_is_sent_bare_unless_it_is_configured_otherwise() {
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
    fn only_a_project_may_be_long() {
        let api = api(json!({ "app_id": "a", "user_key": "k" })).expect("keys");
        let longest = |request: http::Request<Bytes>| request.extensions().get::<ResponseLimit>().copied();
        assert_eq!(longest(api.project("p").expect("a request")), Some(PROJECT_RESPONSE_LIMIT));
        assert_eq!(longest(api.progress("p").expect("a request")), None);
    }
}
