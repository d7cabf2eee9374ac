//! One question to Abyssale's API, with the repeats that are safe (contract 1.5 and 7).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use model::{Error, ErrorClass, Secret};

use super::error_response;
use crate::{ApiAccess, Query, QueryStep, SecretResponse, SendFailure, SendResult, retry_after};

/// Waits before a repeat, for want of a `Retry-After` (contract 7).
const BACK_OFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// What an answer says, once it is known not to be about limits or about trouble in passing.
pub(super) type Read<T> = fn(StatusCode, &[u8]) -> Result<T, Error>;

/// A request and how its answer is read.
pub(super) struct Question<T> {
    method: Method,
    uri: String,
    key: Secret,
    read: Read<T>,
    secret: Option<SecretResponse>,
    repeats: usize,
    probed: bool,
}

impl<T> Question<T> {
    /// A request without a body, to a path of the API with its leading slash.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] when no key is configured.
    pub(super) fn new(
        access: &ApiAccess<'_>,
        method: Method,
        path: &str,
        read: Read<T>,
    ) -> Result<Self, Error> {
        let key = access.credentials.one("api_key").ok_or_else(|| {
            let message =
                "no Abyssale API key is configured: the operator has to put it into Landfall's secret";
            Error::new(ErrorClass::ProviderCredentials, message)
        })?;
        let uri = format!("{}{path}", access.api_url);
        Ok(Self { method, uri, key, read, secret: None, repeats: 0, probed: false })
    }

    /// The same, whose answer holds a secret.
    pub(super) fn giving(self, secret: SecretResponse) -> Self {
        Self { secret: Some(secret), ..self }
    }

    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        let mut key = http::HeaderValue::from_str(self.key.expose()).map_err(|_| {
            Error::new(ErrorClass::ProviderCredentials, "the Abyssale API key cannot stand in a header")
        })?;
        key.set_sensitive(true);
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(&self.uri)
            .header("x-api-key", key)
            .header(header::ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(|e| {
                Error::new(ErrorClass::Misconfigured, "the Abyssale API URL is not a URL").with_source(e)
            })?;
        if let Some(secret) = self.secret {
            request.extensions_mut().insert(secret);
        }
        Ok(request)
    }

    fn again(&mut self, wait: Option<Duration>, otherwise: Error) -> QueryStep<T> {
        let Some(back_off) = BACK_OFF.get(self.repeats) else { return QueryStep::Failed(otherwise) };
        self.repeats += 1;
        self.after(wait.unwrap_or(*back_off), otherwise)
    }

    fn after(&self, wait: Duration, otherwise: Error) -> QueryStep<T> {
        match self.request() {
            Ok(request) => QueryStep::SendAfter { wait, request, otherwise },
            Err(error) => QueryStep::Failed(error),
        }
    }

    /// The provider may have done what was asked. Only reading is repeated (contract 7).
    fn doubtful(&mut self, what: &str, wait: Option<Duration>) -> QueryStep<T> {
        if self.method == Method::GET {
            return self
                .again(wait, Error::new(ErrorClass::ProviderUnavailable, what.to_owned()).retry_after(30));
        }
        let message = format!("{what}; it may have done what was asked");
        QueryStep::Failed(Error::new(ErrorClass::ProviderOutcomeUnknown, message))
    }

    /// The three meanings of 429 (contract 1.5).
    fn too_many(&mut self, response: &http::Response<Bytes>) -> QueryStep<T> {
        let answer = error_response::read(response.status().as_u16(), response.body());
        if answer.id == "feature_not_in_plan" {
            let message = "the Abyssale plan does not include this feature";
            return QueryStep::Failed(
                Error::new(ErrorClass::ProviderPlan, message).with_provider_answer(answer),
            );
        }
        if let Some(wait) = retry_after(response) {
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            let message = format!("Abyssale's rate limit is reached; try again in {seconds} s");
            let error = Error::new(ErrorClass::ProviderThrottled, message);
            return self.again(Some(wait), error.retry_after(seconds).with_provider_answer(answer));
        }
        let message = "Abyssale refused twice without saying when to come back";
        let error =
            Error::new(ErrorClass::ProviderThrottled, message).retry_after(5).with_provider_answer(answer);
        if self.probed {
            return QueryStep::Failed(error);
        }
        self.probed = true;
        self.after(Duration::from_secs(1), error)
    }
}

impl<T> Query<T> for Question<T> {
    fn start(&mut self) -> QueryStep<T> {
        self.request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, answer: SendResult) -> QueryStep<T> {
        let response = match answer {
            Ok(response) => response,
            Err(SendFailure::NotSent) => {
                let error = Error::new(ErrorClass::ProviderUnavailable, "Abyssale cannot be reached");
                return self.again(None, error.retry_after(30));
            }
            Err(SendFailure::MaybeSent) => {
                return self.doubtful("Abyssale did not answer in time or the connection broke", None);
            }
        };
        match response.status() {
            StatusCode::TOO_MANY_REQUESTS => self.too_many(&response),
            status if status.is_success() || is_judged(status) => {
                (self.read)(status, response.body()).map_or_else(QueryStep::Failed, QueryStep::Done)
            }
            status => {
                let what = format!("Abyssale answered HTTP {}", status.as_u16());
                self.doubtful(&what, retry_after(&response))
            }
        }
    }
}

/// The provider looked at the request and refused it.
fn is_judged(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT
}

/// A refusal as a failure (contract 1.4).
pub(super) fn refused(status: StatusCode, body: &[u8]) -> Error {
    let answer = error_response::read(status.as_u16(), body);
    let error = match (status.as_u16(), answer.id.as_str()) {
        (401 | 403, "api_access_denied") => {
            Error::new(ErrorClass::ProviderPlan, "the Abyssale plan does not include API access")
        }
        (401 | 403, _) => {
            Error::new(ErrorClass::ProviderCredentials, "Abyssale does not accept the configured API key")
        }
        (409, id) => {
            let message = format!("Abyssale refused ({id}): {}", answer.message);
            Error::new(ErrorClass::ProviderConflict, message)
        }
        (_, id) => {
            let message = format!("Abyssale refused ({id}): {}", answer.message);
            Error::new(ErrorClass::ProviderRefusedRequest, message)
        }
    };
    error.with_provider_answer(answer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Credentials;

    /// Asks, answers with each in turn, and returns how it ended and the waits between.
    fn asked(method: Method, answers: Vec<SendResult>) -> (Result<u16, ErrorClass>, Vec<u64>) {
        let credentials = Credentials::new(json!({ "api_key": "k" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let read: Read<u16> = |status, body| match status.is_success() {
            true => Ok(status.as_u16()),
            false => Err(refused(status, body)),
        };
        let mut question = Question::new(&access, method, "/path", read).expect("a key");
        let (mut step, mut waits) = (question.start(), vec![]);
        for answer in answers {
            match step {
                QueryStep::Send(_) => {}
                QueryStep::SendAfter { wait, .. } => waits.push(wait.as_secs()),
                QueryStep::Authorize { .. } | QueryStep::Done(_) | QueryStep::Failed(_) => {
                    panic!("an answer to nothing")
                }
            }
            step = question.on_response(answer);
        }
        match step {
            QueryStep::Done(status) => (Ok(status), waits),
            QueryStep::Failed(error) => (Err(error.class), waits),
            QueryStep::Send(_) | QueryStep::SendAfter { .. } | QueryStep::Authorize { .. } => {
                panic!("not at its end")
            }
        }
    }

    fn says(status: u16, id: &str, after: Option<&str>) -> SendResult {
        let mut response = http::Response::builder().status(status);
        if let Some(after) = after {
            response = response.header(header::RETRY_AFTER, after);
        }
        Ok(response.body(json!({ "id": id, "message": "No." }).to_string().into()).expect("a response"))
    }

    #[test]
    fn reading_is_repeated_three_times_after_trouble_in_passing() {
        let trouble = || {
            vec![
                says(500, "internal_error", None),
                says(503, "x", Some("9")),
                Err(SendFailure::MaybeSent),
                says(504, "x", None),
            ]
        };
        assert_eq!(asked(Method::GET, trouble()), (Err(ErrorClass::ProviderUnavailable), vec![1, 9, 4]));
        let mut healed = trouble();
        healed[3] = says(200, "", None);
        assert_eq!(asked(Method::GET, healed).0, Ok(200));
    }

    #[test]
    fn a_post_is_not_repeated_when_it_may_have_been_done() {
        for answer in [says(500, "x", None), says(504, "x", Some("1")), Err(SendFailure::MaybeSent)] {
            assert_eq!(asked(Method::POST, vec![answer]), (Err(ErrorClass::ProviderOutcomeUnknown), vec![]));
        }
    }

    #[test]
    fn what_was_refused_or_never_sent_is_repeated_whatever_it_is() {
        let answers = vec![
            Err(SendFailure::NotSent),
            says(429, "request_rate_limited", Some("3")),
            says(429, "rate_limit_exceeded", None),
            says(200, "", None),
        ];
        assert_eq!(asked(Method::POST, answers), (Ok(200), vec![1, 3, 1]));
    }

    #[test]
    fn a_second_bare_429_ends_it_and_so_does_the_plan() {
        let bare = || says(429, "rate_limit_exceeded", None);
        assert_eq!(asked(Method::GET, vec![bare(), bare()]).0, Err(ErrorClass::ProviderThrottled));
        let plan = says(429, "feature_not_in_plan", Some("1"));
        assert_eq!(asked(Method::GET, vec![plan]), (Err(ErrorClass::ProviderPlan), vec![]));
    }

    #[test]
    fn a_refusal_is_told_by_its_kind() {
        for (answer, class) in [
            (says(401, "unauthorized", None), ErrorClass::ProviderCredentials),
            (says(401, "api_access_denied", None), ErrorClass::ProviderPlan),
            (says(404, "template_not_found", None), ErrorClass::ProviderRefusedRequest),
            (says(409, "previous_secret_still_active", None), ErrorClass::ProviderConflict),
        ] {
            assert_eq!(asked(Method::POST, vec![answer]), (Err(class), vec![]));
        }
    }
}
