//! A request to Abyssale's API that is no submission, with the retries that are safe (contract 1.5 and 7).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use model::{Error, ErrorClass};

use super::{api_request::AbyssaleApi, error_response::parse_error_response};
use crate::{ApiAccess, Query, QueryStep, SecretResponse, SendFailure, SendResult, parse_retry_after};

/// The delays before retries without a `Retry-After` (contract 7).
const RETRY_DELAYS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Reads a response that is neither throttled nor a temporary failure.
pub(super) type ResponseReader<T> = fn(StatusCode, &[u8]) -> Result<T, Error>;

/// A query with one request, and how to read its response.
pub(super) struct ReadRequest<T> {
    api: AbyssaleApi,
    method: Method,
    path: String,
    /// The JSON body of a POST. Other requests have none.
    body: Option<Bytes>,
    read: ResponseReader<T>,
    secret: Option<SecretResponse>,
    retries: usize,
    /// Whether a 429 without `Retry-After` was retried already.
    has_retried_bare_429: bool,
}

impl<T> ReadRequest<T> {
    /// Creates a request without a body. The path starts with a slash.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderCredentials`] when no key is configured.
    pub(super) fn new(
        access: &ApiAccess<'_>,
        method: Method,
        path: &str,
        read: ResponseReader<T>,
    ) -> Result<Self, Error> {
        let api = AbyssaleApi::new(access.api_url, access.credentials)?;
        let path = path.to_owned();
        Ok(Self {
            api,
            method,
            path,
            body: None,
            read,
            secret: None,
            retries: 0,
            has_retried_bare_429: false,
        })
    }

    /// Marks the response as one that holds a secret.
    pub(super) fn with_secret_response(self, secret: SecretResponse) -> Self {
        Self { secret: Some(secret), ..self }
    }

    /// Adds a JSON body to a POST.
    pub(super) fn with_body(self, body: Bytes) -> Self {
        Self { body: Some(body), ..self }
    }

    fn build_request(&self) -> Result<http::Request<Bytes>, Error> {
        let mut request = match &self.body {
            Some(body) => self.api.post(&self.path, body.clone())?,
            None => self.api.request(self.method.clone(), &self.path)?,
        };
        if let Some(secret) = self.secret {
            request.extensions_mut().insert(secret);
        }
        Ok(request)
    }

    fn retry(&mut self, wait: Option<Duration>, otherwise: Error) -> QueryStep<T> {
        let Some(delay) = RETRY_DELAYS.get(self.retries) else { return QueryStep::Failed(otherwise) };
        self.retries += 1;
        self.send_after(wait.unwrap_or(*delay), otherwise)
    }

    fn send_after(&self, wait: Duration, otherwise: Error) -> QueryStep<T> {
        match self.build_request() {
            Ok(request) => QueryStep::SendAfter { wait, request, deadline_error: otherwise },
            Err(error) => QueryStep::Failed(error),
        }
    }

    /// The provider may have processed the request. Only a GET is retried (contract 7).
    fn handle_unknown_outcome(&mut self, what: &str, wait: Option<Duration>) -> QueryStep<T> {
        if self.method == Method::GET {
            let error = Error::new(ErrorClass::ProviderUnavailable, what.to_owned());
            return self.retry(wait, error.with_retry_after(30));
        }
        let message = format!("{what}; the request may have been processed");
        QueryStep::Failed(Error::new(ErrorClass::ProviderOutcomeUnknown, message))
    }

    /// A 429 has three meanings (contract 1.5).
    fn handle_too_many_requests(&mut self, response: &http::Response<Bytes>) -> QueryStep<T> {
        let error_response = parse_error_response(response.status().as_u16(), response.body());
        if error_response.id == "feature_not_in_plan" {
            let message = "the Abyssale plan does not include this feature";
            return QueryStep::Failed(
                Error::new(ErrorClass::ProviderPlan, message).with_provider_error(error_response),
            );
        }
        if let Some(wait) = parse_retry_after(response) {
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            let message = format!("Abyssale's rate limit is reached; retry in {seconds} s");
            let error = Error::new(ErrorClass::ProviderThrottled, message);
            return self
                .retry(Some(wait), error.with_retry_after(seconds).with_provider_error(error_response));
        }
        let message = "Abyssale throttled the request twice without a Retry-After";
        let error = Error::new(ErrorClass::ProviderThrottled, message)
            .with_retry_after(5)
            .with_provider_error(error_response);
        if self.has_retried_bare_429 {
            return QueryStep::Failed(error);
        }
        self.has_retried_bare_429 = true;
        self.send_after(Duration::from_secs(1), error)
    }
}

impl<T> Query<T> for ReadRequest<T> {
    fn start(&mut self) -> QueryStep<T> {
        self.build_request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, result: SendResult) -> QueryStep<T> {
        let response = match result {
            Ok(response) => response,
            Err(SendFailure::NotSent) => {
                let error = Error::new(ErrorClass::ProviderUnavailable, "Abyssale cannot be reached");
                return self.retry(None, error.with_retry_after(30));
            }
            Err(SendFailure::MaybeSent) => {
                let what = "Abyssale did not respond in time, or the connection broke";
                return self.handle_unknown_outcome(what, None);
            }
        };
        match response.status() {
            StatusCode::TOO_MANY_REQUESTS => self.handle_too_many_requests(&response),
            status if status.is_success() || is_rejection(status) => {
                (self.read)(status, response.body()).map_or_else(QueryStep::Failed, QueryStep::Done)
            }
            status => {
                let what = format!("Abyssale returned HTTP {}", status.as_u16());
                self.handle_unknown_outcome(&what, parse_retry_after(&response))
            }
        }
    }
}

/// Whether the provider processed the request and rejected it.
fn is_rejection(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT
}

#[cfg(test)]
mod tests {
    use http::header;
    use serde_json::json;

    use super::*;
    use crate::{Credentials, abyssale::error_response::rejection_error};

    /// Runs a request with these responses. Returns its result and the delays between its attempts.
    fn run(method: Method, results: Vec<SendResult>) -> (Result<u16, ErrorClass>, Vec<u64>) {
        let credentials = Credentials::new(json!({ "api_key": "k" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let read: ResponseReader<u16> = |status, body| match status.is_success() {
            true => Ok(status.as_u16()),
            false => Err(rejection_error(status, body)),
        };
        let mut query = ReadRequest::new(&access, method, "/path", read).expect("a key");
        let (mut step, mut waits) = (query.start(), vec![]);
        for result in results {
            match step {
                QueryStep::Send(_) => {}
                QueryStep::SendAfter { wait, .. } => waits.push(wait.as_secs()),
                QueryStep::Authorize { .. } | QueryStep::Done(_) | QueryStep::Failed(_) => {
                    panic!("no request is sent")
                }
            }
            step = query.on_response(result);
        }
        match step {
            QueryStep::Done(status) => (Ok(status), waits),
            QueryStep::Failed(error) => (Err(error.class), waits),
            QueryStep::Send(_) | QueryStep::SendAfter { .. } | QueryStep::Authorize { .. } => {
                panic!("the query has no result")
            }
        }
    }

    fn response(status: u16, id: &str, after: Option<&str>) -> SendResult {
        let mut builder = http::Response::builder().status(status);
        if let Some(after) = after {
            builder = builder.header(header::RETRY_AFTER, after);
        }
        Ok(builder.body(json!({ "id": id, "message": "No." }).to_string().into()).expect("a response"))
    }

    #[test]
    fn a_get_is_retried_three_times_after_temporary_failures() {
        let failures = || {
            vec![
                response(500, "internal_error", None),
                response(503, "x", Some("9")),
                Err(SendFailure::MaybeSent),
                response(504, "x", None),
            ]
        };
        assert_eq!(run(Method::GET, failures()), (Err(ErrorClass::ProviderUnavailable), vec![1, 9, 4]));
        let mut recovering = failures();
        recovering[3] = response(200, "", None);
        assert_eq!(run(Method::GET, recovering).0, Ok(200));
    }

    #[test]
    fn a_post_is_not_retried_when_it_may_have_been_processed() {
        for result in [response(500, "x", None), response(504, "x", Some("1")), Err(SendFailure::MaybeSent)] {
            assert_eq!(run(Method::POST, vec![result]), (Err(ErrorClass::ProviderOutcomeUnknown), vec![]));
        }
    }

    #[test]
    fn throttled_and_unsent_requests_are_retried_with_any_method() {
        let results = vec![
            Err(SendFailure::NotSent),
            response(429, "request_rate_limited", Some("3")),
            response(429, "rate_limit_exceeded", None),
            response(200, "", None),
        ];
        assert_eq!(run(Method::POST, results), (Ok(200), vec![1, 3, 1]));
    }

    #[test]
    fn a_second_429_without_retry_after_and_a_missing_plan_feature_fail() {
        let bare = || response(429, "rate_limit_exceeded", None);
        assert_eq!(run(Method::GET, vec![bare(), bare()]).0, Err(ErrorClass::ProviderThrottled));
        let plan = response(429, "feature_not_in_plan", Some("1"));
        assert_eq!(run(Method::GET, vec![plan]), (Err(ErrorClass::ProviderPlan), vec![]));
    }

    #[test]
    fn rejections_are_classified_by_status_and_id() {
        for (result, class) in [
            (response(401, "unauthorized", None), ErrorClass::ProviderCredentials),
            (response(401, "api_access_denied", None), ErrorClass::ProviderPlan),
            (response(404, "template_not_found", None), ErrorClass::ProviderRefusedRequest),
            (response(409, "previous_secret_still_active", None), ErrorClass::ProviderConflict),
        ] {
            assert_eq!(run(Method::POST, vec![result]), (Err(class), vec![]));
        }
    }
}
