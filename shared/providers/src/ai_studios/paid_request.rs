//! Sends a POST that does paid work, and interprets its responses. It is sent again only after a response which proves
//! that no work was done (contract 2, E4, and 6.2).

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use model::{Error, ErrorClass, Secret};
use serde_json::Value;

use super::{
    api_request::AiStudiosApi,
    envelope::{ExpectedPayload, open_envelope},
    error_response::{ErrorKind, ErrorResponse},
    multipart_form::FormBody,
    retry_delays::{RetryDelays, resend_after},
};
use crate::{SendFailure, SendResult, SubmitStep};

/// The body of a paid request.
pub(super) enum PaidBody {
    /// A JSON object.
    Json(Value),
    /// A form, for calls that take files.
    Form(FormBody),
}

/// One paid request with the retries that are safe.
pub(super) struct PaidRequest {
    api: AiStudiosApi,
    path: &'static str,
    body: PaidBody,
    /// What is said of work whose outcome is unknown.
    unknown_outcome: &'static str,
    /// Whether a token was rejected already. The next rejection is not retried.
    has_rejected_token: bool,
    retry_delays: RetryDelays,
}

impl PaidRequest {
    /// Creates the request. `unknown_outcome` completes the message of an unknown outcome.
    pub(super) fn new(
        api: AiStudiosApi,
        path: &'static str,
        body: PaidBody,
        unknown_outcome: &'static str,
    ) -> Self {
        let (has_rejected_token, retry_delays) = (false, RetryDelays::default());
        Self { api, path, body, unknown_outcome, has_rejected_token, retry_delays }
    }

    /// Replaces the body, when it is complete only later.
    pub(super) fn set_body(&mut self, body: PaidBody) {
        self.body = body;
    }

    /// Sets the token of the request.
    pub(super) fn set_token(&mut self, token: &Secret) {
        self.api.set_token(token);
    }

    /// Returns the step that sends the request.
    pub(super) fn send(&self) -> SubmitStep {
        self.build_request().map_or_else(SubmitStep::Rejected, SubmitStep::Send)
    }

    /// Returns the payload with which the provider accepted the work, or else the next step: it did not, or it is unknown
    /// whether it did.
    pub(super) fn read_response(&mut self, result: &SendResult) -> Result<Value, Box<SubmitStep>> {
        let response = match result {
            Ok(response) => response,
            Err(SendFailure::NotSent) => return Err(Box::new(self.reconnect())),
            Err(SendFailure::MaybeSent) => {
                let what = "AI Studios did not respond in time, or the connection broke";
                return Err(Box::new(self.outcome_unknown(what)));
            }
        };
        let status = response.status();
        open_envelope(status, response.body(), ExpectedPayload::Object).map_err(|error_response| {
            // The work may have started before such a response, whatever its body says.
            if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
                let what = format!("AI Studios returned HTTP {}", status.as_u16());
                return Box::new(self.outcome_unknown(&what));
            }
            Box::new(self.handle_error_response(result, &error_response))
        })
    }

    /// The provider may have done the work.
    pub(super) fn outcome_unknown(&self, what: &str) -> SubmitStep {
        let message = format!("{what}; {}", self.unknown_outcome);
        SubmitStep::OutcomeUnknown(Error::new(ErrorClass::ProviderOutcomeUnknown, message))
    }

    fn build_request(&self) -> Result<http::Request<Bytes>, Error> {
        match &self.body {
            PaidBody::Json(body) => self.api.post(self.path, body),
            PaidBody::Form(form) => self.api.post_form(self.path, form),
        }
    }

    fn handle_error_response(&mut self, result: &SendResult, error_response: &ErrorResponse) -> SubmitStep {
        match error_response.kind() {
            // A request whose token was rejected did no work (contract 1.6).
            ErrorKind::InvalidToken if !self.has_rejected_token => {
                self.has_rejected_token = true;
                SubmitStep::Authorize { is_token_rejected: true }
            }
            ErrorKind::Throttled => {
                let error = error_response.to_error();
                let (wait, error) = self.retry_delays.next_after_throttling(result, error);
                self.send_after(wait, error)
            }
            ErrorKind::Transient => {
                self.outcome_unknown("AI Studios returned a response that cannot be parsed")
            }
            // The messages of these kinds are about a project, which this work does not start from.
            ErrorKind::NotFound | ErrorKind::Conflict => {
                let message = format!("AI Studios rejected the request: {}", error_response.message);
                let error = Error::new(ErrorClass::ProviderRefusedRequest, message);
                SubmitStep::Rejected(error.with_provider_error(error_response.to_provider_answer()))
            }
            ErrorKind::InvalidToken
            | ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => SubmitStep::Rejected(error_response.to_error()),
        }
    }

    fn reconnect(&mut self) -> SubmitStep {
        let message = "AI Studios cannot be reached; nothing was submitted";
        let error = Error::new(ErrorClass::ProviderUnavailable, message).with_retry_after(30);
        let wait = self.retry_delays.next_after_failure();
        self.send_after(wait, error)
    }

    fn send_after(&self, wait: Option<Duration>, otherwise: Error) -> SubmitStep {
        resend_after(wait, self.build_request(), otherwise)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Credentials;

    fn request() -> PaidRequest {
        let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
        let api = AiStudiosApi::new("https://api.example", &credentials).expect("keys");
        let body = PaidBody::Json(json!({ "topic": "tea" }));
        let mut request = PaidRequest::new(api, "/tools/image-generator", body, "it is not submitted again");
        request.set_token(&Secret::new("h.c.s"));
        request
    }

    fn response(status: u16, body: &str) -> SendResult {
        Ok(http::Response::builder().status(status).body(body.to_owned().into()).expect("a response"))
    }

    fn read(request: &mut PaidRequest, result: &SendResult) -> String {
        match request.read_response(result).map_err(|step| *step) {
            Ok(payload) => payload.to_string(),
            Err(SubmitStep::OutcomeUnknown(error)) => {
                assert!(error.message.ends_with("it is not submitted again"), "{}", error.message);
                "unknown".into()
            }
            Err(SubmitStep::Rejected(error)) => error.class.name().into(),
            Err(SubmitStep::SendAfter { wait, .. }) => {
                format!("again after {} s", wait.as_secs())
            }
            Err(SubmitStep::Authorize { is_token_rejected: true }) => "another token".into(),
            Err(step) => panic!("{step:?}"),
        }
    }

    #[test]
    fn the_request_carries_the_token_and_its_json() {
        let SubmitStep::Send(sent) = request().send() else { panic!("nothing is sent") };
        assert_eq!(sent.uri().path(), "/api/odin/v3/tools/image-generator");
        assert_eq!(sent.headers()["content-type"], "application/json");
        assert_eq!(
            (&sent.headers()["authorization"], &sent.body()[..]),
            (&"h.c.s".parse().expect("a header"), &br#"{"topic":"tea"}"#[..])
        );
    }

    #[test]
    fn each_response_has_one_meaning() {
        for (result, meaning) in [
            (response(200, r#"{"success":true,"data":{"a":1}}"#), r#"{"a":1}"#),
            (Err(SendFailure::NotSent), "again after 1 s"),
            (Err(SendFailure::MaybeSent), "unknown"),
            (response(500, r#"{"success":false,"error":{"code":5000,"msg":"no"}}"#), "unknown"),
            (response(504, "<html>"), "unknown"),
            (response(408, "<html>"), "unknown"),
            (response(200, "<html>"), "unknown"),
            (response(429, "<html>"), "again after 30 s"),
            (response(401, "<html>"), "another token"),
            (response(402, r#"{"success":false,"error":{"msg":"no credit"}}"#), "ProviderQuota"),
            (response(403, r#"{"success":false,"error":{"msg":"no permission"}}"#), "ProviderPlan"),
            (response(404, r#"{"success":false,"error":{"msg":"no"}}"#), "ProviderRefusedRequest"),
            (response(409, r#"{"success":false,"error":{"msg":"no"}}"#), "ProviderRefusedRequest"),
            (
                response(400, r#"{"success":false,"error":{"msg":"topic is required"}}"#),
                "ProviderRefusedRequest",
            ),
        ] {
            assert_eq!(read(&mut request(), &result), meaning, "{result:?}");
        }
    }

    #[test]
    fn a_token_is_replaced_once_and_a_connection_attempted_three_times() {
        let mut rejected = request();
        let result = response(401, "<html>");
        assert_eq!(read(&mut rejected, &result), "another token");
        assert_eq!(read(&mut rejected, &result), "ProviderCredentials");
        let mut unreachable = request();
        let steps = [(); 3].map(|()| read(&mut unreachable, &Err(SendFailure::NotSent)));
        assert_eq!(steps, ["again after 1 s", "again after 2 s", "ProviderUnavailable"]);
    }
}
