//! Exchanges the keys for an access token (contract 1.3 and 1.6).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use model::{Error, ErrorClass, Secret};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{
    api_request::AiStudiosApi,
    envelope::{ExpectedPayload, open_envelope},
    error_response::{ErrorKind, ErrorResponse},
    lenient_values::read_text,
    retry_delays::RetryDelays,
};
use crate::{AccessToken, ApiAccess, Query, QueryStep, SecretResponse, SendResult};

/// How long before its expiry a token is renewed (contract 1.6).
const RENEWAL_MARGIN: Duration = Duration::seconds(600);
/// After what time a token without an expiry is renewed (contract 1.6).
const DEFAULT_LIFETIME: Duration = Duration::hours(23);

/// The query that exchanges the keys for a token.
pub(super) struct TokenExchange {
    api: AiStudiosApi,
    keys: Value,
    now: OffsetDateTime,
    retry_delays: RetryDelays,
}

impl TokenExchange {
    /// Creates the exchange of the keys in Landfall's secret.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderCredentials`] or [`ErrorClass::Misconfigured`], as for [`AiStudiosApi::new`].
    pub(super) fn new(access: &ApiAccess<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let api = AiStudiosApi::new(access.api_url, access.credentials)?;
        let key = |name: &str| access.credentials.get(name).map(|key| key.expose().to_owned());
        let keys = json!({ "appId": key("app_id"), "userKey": key("user_key") });
        Ok(Self { api, keys, now, retry_delays: RetryDelays::default() })
    }

    fn handle_error_response(
        &mut self,
        error_response: &ErrorResponse,
        result: &SendResult,
    ) -> QueryStep<AccessToken> {
        let error = error_response.to_error();
        match error_response.kind() {
            ErrorKind::Throttled => self.retry_delays.retry_throttled(self.build_request(), result, error),
            ErrorKind::Transient => self.retry_delays.retry_failed(self.build_request(), error),
            ErrorKind::Quota | ErrorKind::Forbidden => QueryStep::Failed(error),
            ErrorKind::InvalidToken
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => {
                let message = "AI Studios does not accept the configured app_id and user_key";
                let error = Error::new(ErrorClass::ProviderCredentials, message);
                QueryStep::Failed(error.with_provider_error(error_response.to_provider_answer()))
            }
        }
    }

    fn build_request(&self) -> Result<http::Request<bytes::Bytes>, Error> {
        let mut request = self.api.post("/auth/token", &self.keys)?;
        request.extensions_mut().insert(SecretResponse("token"));
        Ok(request)
    }
}

impl Query<AccessToken> for TokenExchange {
    fn start(&mut self) -> QueryStep<AccessToken> {
        self.build_request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, result: SendResult) -> QueryStep<AccessToken> {
        let Ok(response) = &result else {
            let error = Error::new(
                ErrorClass::ProviderUnavailable,
                "AI Studios did not respond to the request for a token",
            );
            return self.retry_delays.retry_failed(self.build_request(), error.with_retry_after(30));
        };
        match open_envelope(response.status(), response.body(), ExpectedPayload::Object) {
            Ok(payload) => match read_text(&payload, &["token"]) {
                Some(token) => {
                    let renew_at = renewal_time(token, self.now);
                    QueryStep::Done(AccessToken { value: Secret::new(token), renew_at })
                }
                None => {
                    let message = "AI Studios accepted the keys, but its response has no token";
                    QueryStep::Failed(Error::new(ErrorClass::ProviderUnavailable, message))
                }
            },
            Err(error_response) => self.handle_error_response(&error_response, &result),
        }
    }
}

/// Returns when to renew a token. Its claims are in the provider's time, so only the difference between them counts.
/// A token with a lifetime of a few minutes is renewed after half of it.
fn renewal_time(token: &str, now: OffsetDateTime) -> OffsetDateTime {
    let claims = token.split('.').nth(1).and_then(|claims| BASE64_URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or(Value::Null);
    let at = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    let Some(expires_at) = at("exp") else { return now + DEFAULT_LIFETIME };
    let issued_at = at("iat").unwrap_or(now.unix_timestamp());
    let lifetime = Duration::seconds(expires_at.saturating_sub(issued_at).clamp(0, 366 * 24 * 3600));
    now + (lifetime - RENEWAL_MARGIN).max(lifetime / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, SendFailure};

    fn token(claims: &Value) -> String {
        format!("h.{}.s", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn response(status: u16, body: &str) -> SendResult {
        Ok(http::Response::builder().status(status).body(body.to_owned().into()).expect("a response"))
    }

    /// Runs an exchange with these responses. Returns its result and the number of requests.
    fn exchange(results: Vec<SendResult>) -> (Result<AccessToken, ErrorClass>, usize) {
        let credentials = Credentials::new(json!({ "app_id": "studio.acme", "user_key": "uk" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let mut exchange = TokenExchange::new(&access, OffsetDateTime::UNIX_EPOCH).expect("keys");
        let (mut step, mut sent) = (exchange.start(), 0);
        for result in results {
            let (QueryStep::Send(request) | QueryStep::SendAfter { request, .. }) = step else {
                panic!("no request is sent")
            };
            assert!(!request.headers().contains_key("authorization"));
            let body: Value = serde_json::from_slice(request.body()).expect("JSON");
            assert_eq!(body, json!({ "appId": "studio.acme", "userKey": "uk" }));
            sent += 1;
            step = exchange.on_response(result);
        }
        match step {
            QueryStep::Done(token) => (Ok(token), sent),
            QueryStep::Failed(error) => (Err(error.class), sent),
            QueryStep::Send(_) | QueryStep::SendAfter { .. } | QueryStep::Authorize { .. } => {
                panic!("the query has no result")
            }
        }
    }

    #[test]
    fn a_token_is_renewed_ten_minutes_before_its_expiry() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (claims, renewed) in [
            (json!({ "iat": 5_000_000, "exp": 5_086_400 }), Duration::seconds(86_400 - 600)),
            (json!({ "exp": 86_400 }), Duration::seconds(86_400 - 600)),
            (json!({ "iat": 0, "exp": 300 }), Duration::seconds(150)),
            (json!({ "iat": 0 }), Duration::hours(23)),
            (json!({ "iat": 9, "exp": 3 }), Duration::ZERO),
        ] {
            assert_eq!(renewal_time(&token(&claims), now) - now, renewed, "{claims}");
        }
        for opaque in ["", "opaque", "a.b.c", "a.!.c"] {
            assert_eq!(renewal_time(opaque, now) - now, Duration::hours(23), "{opaque}");
        }
    }

    #[test]
    fn keys_are_exchanged_and_errors_are_classified() {
        let token = response(200, r#"{"success":true,"data":{"token":"h.c.s"}}"#);
        assert_eq!(exchange(vec![token]).0.expect("a token").value, Secret::new("h.c.s"));
        for (status, body, class) in [
            (401, r#"{"success":false,"error":{"code":4010,"msg":"no"}}"#, ErrorClass::ProviderCredentials),
            (200, r#"{"success":false,"error":{"code":4000,"msg":"no"}}"#, ErrorClass::ProviderCredentials),
            (404, "<html>", ErrorClass::ProviderCredentials),
            (403, r#"{"success":false,"error":{"msg":"plan"}}"#, ErrorClass::ProviderQuota),
            (200, r#"{"success":true,"data":{}}"#, ErrorClass::ProviderUnavailable),
        ] {
            assert_eq!(exchange(vec![response(status, body)]), (Err(class), 1), "{status} {body}");
        }
    }

    #[test]
    fn temporary_failures_are_retried_twice() {
        let token = || response(200, r#"{"success":true,"data":{"token":"h.c.s"}}"#);
        let failure = || Err(SendFailure::MaybeSent);
        assert_eq!(exchange(vec![failure(), response(502, "<html>"), token()]).1, 3);
        let lasting = vec![failure(), failure(), failure()];
        assert_eq!(exchange(lasting), (Err(ErrorClass::ProviderUnavailable), 3));
    }
}
