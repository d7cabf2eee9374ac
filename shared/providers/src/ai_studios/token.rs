//! The exchange of the keys for a token (contract 1.3 and 1.6).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use model::{Error, ErrorClass, Secret};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{
    api::Api,
    envelope::{Holds, open},
    error_response::{Class, Refusal},
    lenient_values::text,
    retry_delays::Repeats,
};
use crate::{ApiAccess, Query, QueryStep, SecretResponse, SendResult, Token};

/// How long before its end a token is renewed (contract 1.6).
const BEFORE_THE_END: Duration = Duration::seconds(600);
/// When a token is renewed that does not say when it ends (contract 1.6).
const DEFAULT_LIFETIME: Duration = Duration::hours(23);

/// The exchange.
pub(super) struct Exchange {
    api: Api,
    keys: Value,
    now: OffsetDateTime,
    repeats: Repeats,
}

impl Exchange {
    /// With the keys of Landfall's secret.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] as [`Api::new`].
    pub(super) fn new(access: &ApiAccess<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let api = Api::new(access.api_url, access.credentials)?;
        let key = |name: &str| access.credentials.one(name).map(|key| key.expose().to_owned());
        let keys = json!({ "appId": key("app_id"), "userKey": key("user_key") });
        Ok(Self { api, keys, now, repeats: Repeats::default() })
    }

    fn refused(&mut self, refusal: &Refusal, answer: &SendResult) -> QueryStep<Token> {
        match refusal.class() {
            Class::Throttled => self.repeats.after_throttling(self.request(), answer, refusal.error()),
            Class::Transient => self.repeats.after_trouble(self.request(), refusal.error()),
            Class::Quota | Class::Forbidden => QueryStep::Failed(refusal.error()),
            Class::Auth | Class::NotFound | Class::Conflict | Class::Invalid | Class::Provider => {
                let message = "AI Studios does not accept the configured app_id and user_key";
                let error = Error::new(ErrorClass::ProviderCredentials, message);
                QueryStep::Failed(error.with_provider_answer(refusal.answer()))
            }
        }
    }

    fn request(&self) -> Result<http::Request<bytes::Bytes>, Error> {
        let mut request = self.api.post("/auth/token", &self.keys)?;
        request.extensions_mut().insert(SecretResponse("token"));
        Ok(request)
    }
}

impl Query<Token> for Exchange {
    fn start(&mut self) -> QueryStep<Token> {
        self.request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, answer: SendResult) -> QueryStep<Token> {
        let Ok(response) = &answer else {
            let error =
                Error::new(ErrorClass::ProviderUnavailable, "AI Studios gives no token at the moment");
            return self.repeats.after_trouble(self.request(), error.retry_after(30));
        };
        match open(response.status(), response.body(), Holds::Object) {
            Ok(payload) => match text(&payload, &["token"]) {
                Some(token) => {
                    QueryStep::Done(Token { value: Secret::new(token), renew_at: renewal(token, self.now) })
                }
                None => {
                    let message = "AI Studios accepted the keys, but its answer holds no token";
                    QueryStep::Failed(Error::new(ErrorClass::ProviderUnavailable, message))
                }
            },
            Err(refusal) => self.refused(&refusal, &answer),
        }
    }
}

/// When a token is to be renewed. Its own times are the provider's clock, so only the time between them counts; a
/// token of a few minutes is used for half of them.
fn renewal(token: &str, now: OffsetDateTime) -> OffsetDateTime {
    let claims = token.split('.').nth(1).and_then(|claims| BASE64_URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or(Value::Null);
    let at = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    let Some(end) = at("exp") else { return now + DEFAULT_LIFETIME };
    let begin = at("iat").unwrap_or(now.unix_timestamp());
    let life = Duration::seconds(end.saturating_sub(begin).clamp(0, 366 * 24 * 3600));
    now + (life - BEFORE_THE_END).max(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, SendFailure};

    fn token(claims: &Value) -> String {
        format!("h.{}.s", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn said(status: u16, body: &str) -> SendResult {
        Ok(http::Response::builder().status(status).body(body.to_owned().into()).expect("a response"))
    }

    /// The end of an exchange that is answered so, and how often it was sent.
    fn exchanged(answers: Vec<SendResult>) -> (Result<Token, ErrorClass>, usize) {
        let credentials = Credentials::new(json!({ "app_id": "studio.acme", "user_key": "uk" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let mut exchange = Exchange::new(&access, OffsetDateTime::UNIX_EPOCH).expect("keys");
        let (mut step, mut sent) = (exchange.start(), 0);
        for answer in answers {
            let (QueryStep::Send(request) | QueryStep::SendAfter { request, .. }) = step else {
                panic!("not asked")
            };
            assert!(!request.headers().contains_key("authorization"));
            let body: Value = serde_json::from_slice(request.body()).expect("JSON");
            assert_eq!(body, json!({ "appId": "studio.acme", "userKey": "uk" }));
            sent += 1;
            step = exchange.on_response(answer);
        }
        match step {
            QueryStep::Done(token) => (Ok(token), sent),
            QueryStep::Failed(error) => (Err(error.class), sent),
            QueryStep::Send(_) | QueryStep::SendAfter { .. } | QueryStep::Authorize { .. } => {
                panic!("not at its end")
            }
        }
    }

    #[test]
    fn a_token_is_renewed_ten_minutes_before_its_end_by_the_providers_own_count() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (claims, renewed) in [
            (json!({ "iat": 5_000_000, "exp": 5_086_400 }), Duration::seconds(86_400 - 600)),
            (json!({ "exp": 86_400 }), Duration::seconds(86_400 - 600)),
            (json!({ "iat": 0, "exp": 300 }), Duration::seconds(150)),
            (json!({ "iat": 0 }), Duration::hours(23)),
            (json!({ "iat": 9, "exp": 3 }), Duration::ZERO),
        ] {
            assert_eq!(renewal(&token(&claims), now) - now, renewed, "{claims}");
        }
        for opaque in ["", "opaque", "a.b.c", "a.!.c"] {
            assert_eq!(renewal(opaque, now) - now, Duration::hours(23), "{opaque}");
        }
    }

    #[test]
    fn keys_are_exchanged_and_refusals_told_apart() {
        let given = said(200, r#"{"success":true,"data":{"token":"h.c.s"}}"#);
        assert_eq!(exchanged(vec![given]).0.expect("a token").value, Secret::new("h.c.s"));
        for (status, body, class) in [
            (401, r#"{"success":false,"error":{"code":4010,"msg":"no"}}"#, ErrorClass::ProviderCredentials),
            (200, r#"{"success":false,"error":{"code":4000,"msg":"no"}}"#, ErrorClass::ProviderCredentials),
            (404, "<html>", ErrorClass::ProviderCredentials),
            (403, r#"{"success":false,"error":{"msg":"plan"}}"#, ErrorClass::ProviderQuota),
            (200, r#"{"success":true,"data":{}}"#, ErrorClass::ProviderUnavailable),
        ] {
            assert_eq!(exchanged(vec![said(status, body)]), (Err(class), 1), "{status} {body}");
        }
    }

    #[test]
    fn trouble_in_passing_is_tried_again_twice() {
        let given = || said(200, r#"{"success":true,"data":{"token":"h.c.s"}}"#);
        let trouble = || Err(SendFailure::MaybeSent);
        assert_eq!(exchanged(vec![trouble(), said(502, "<html>"), given()]).1, 3);
        let lasting = vec![trouble(), trouble(), trouble()];
        assert_eq!(exchanged(lasting), (Err(ErrorClass::ProviderUnavailable), 3));
    }
}
