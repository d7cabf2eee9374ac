//! Asking Abyssale for work, and what each answer means (contract 1.4, 1.5 and 7).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use model::{Error, ErrorClass, Secret, Violation};

use super::{error_response, wire_request::Task};
use crate::{SendFailure, SendResult, SubmitContext, SubmitProtocol, SubmitStep, retry_after};

/// How often a request is repeated that was refused with `Retry-After` or never sent (contract 7, defaults).
const REPEATS: u32 = 3;

/// Waits before a repeat when no connection came about (contract 7, back-off).
const RECONNECT_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// One POST with the repeats that are safe.
pub(super) struct Submission {
    task: Task,
    uri: String,
    key: Secret,
    body: Bytes,
    repeats: u32,
    reconnects: usize,
    probed: bool,
}

impl Submission {
    pub(super) fn new(call: &SubmitContext<'_>) -> Result<Self, Error> {
        let key = call.credentials.one("api_key").ok_or_else(|| {
            let message =
                "no Abyssale API key is configured: the operator has to put it into Landfall's secret";
            Error::new(ErrorClass::ProviderCredentials, message)
        })?;
        let task = Task::of(call.kind)?;
        Ok(Self {
            task,
            uri: task.uri(call),
            key,
            body: task.body(call).to_string().into(),
            repeats: 0,
            reconnects: 0,
            probed: false,
        })
    }

    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        let mut key = http::HeaderValue::from_str(self.key.expose()).map_err(|_| {
            Error::new(ErrorClass::ProviderCredentials, "the Abyssale API key cannot stand in a header")
        })?;
        key.set_sensitive(true);
        http::Request::builder()
            .method(Method::POST)
            .uri(&self.uri)
            .header("x-api-key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(self.body.clone())
            .map_err(|e| {
                Error::new(ErrorClass::Misconfigured, "the Abyssale API URL is not a URL").with_source(e)
            })
    }

    fn send(&self) -> SubmitStep {
        self.request().map_or_else(SubmitStep::Refused, SubmitStep::Send)
    }

    fn send_after(&self, wait: Duration, otherwise: Error) -> SubmitStep {
        match self.request() {
            Ok(request) => SubmitStep::SendAfter { wait, request, otherwise },
            Err(error) => SubmitStep::Refused(error),
        }
    }

    fn not_connected(&mut self) -> SubmitStep {
        let error =
            Error::new(ErrorClass::ProviderUnavailable, "Abyssale cannot be reached; nothing was submitted")
                .retry_after(30);
        match RECONNECT_WAITS.get(self.reconnects) {
            Some(wait) => {
                self.reconnects += 1;
                self.send_after(*wait, error)
            }
            None => SubmitStep::Refused(error),
        }
    }

    /// The three meanings of 429 (contract 1.5), told apart by id, by `Retry-After`, and by one probe.
    fn too_many(&mut self, response: &http::Response<Bytes>) -> SubmitStep {
        let answer = error_response::read(response.status().as_u16(), response.body());
        if answer.id == "feature_not_in_plan" {
            let error =
                Error::new(ErrorClass::ProviderPlan, "the Abyssale plan does not include this feature");
            return SubmitStep::Refused(error.with_provider_answer(answer));
        }
        if let Some(wait) = retry_after(response) {
            // Rounded up: who comes back a moment too soon is refused again.
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            let message = format!("Abyssale's rate limit is reached; try again in {seconds} s");
            let error = Error::new(ErrorClass::ProviderThrottled, message)
                .retry_after(seconds)
                .with_provider_answer(answer);
            if self.repeats == REPEATS {
                return SubmitStep::Refused(error);
            }
            self.repeats += 1;
            return self.send_after(wait, error);
        }
        let message = "Abyssale refused twice without saying when to come back: its credits are spent, or its gateway limit holds on";
        let error = Error::new(ErrorClass::ProviderQuota, message).with_provider_answer(answer);
        if self.probed {
            return SubmitStep::Refused(error);
        }
        self.probed = true;
        self.send_after(Duration::from_secs(1), error)
    }
}

impl SubmitProtocol for Submission {
    fn start(&mut self) -> SubmitStep {
        self.send()
    }

    fn on_response(&mut self, answer: SendResult) -> SubmitStep {
        let response = match answer {
            Ok(response) => response,
            Err(SendFailure::NotSent) => return self.not_connected(),
            Err(SendFailure::MaybeSent) => {
                return self.task.unknown("Abyssale did not answer in time or the connection broke");
            }
        };
        match response.status() {
            status if status.is_success() => self.task.accepted(status, response.body()),
            StatusCode::TOO_MANY_REQUESTS => self.too_many(&response),
            status if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
                refused(self.task, status.as_u16(), response.body())
            }
            // A 504 does not mean that the work did not happen (contract 1.4); neither does anything else here.
            status => self.task.unknown(&format!("Abyssale answered HTTP {}", status.as_u16())),
        }
    }
}

/// Client errors other than 429 (contract 1.4).
fn refused(task: Task, status: u16, body: &[u8]) -> SubmitStep {
    let answer = error_response::read(status, body);
    let error = match (status, answer.id.as_str()) {
        (401 | 403, "api_access_denied") => {
            Error::new(ErrorClass::ProviderPlan, "the Abyssale plan does not include API access")
        }
        (401 | 403, _) => {
            Error::new(ErrorClass::ProviderCredentials, "Abyssale does not accept the configured API key")
        }
        (402, _) => Error::new(ErrorClass::ProviderQuota, "Abyssale asks for payment"),
        (_, id) => {
            let known = match (task, id) {
                (Task::Export, "visual_not_found") => {
                    "none of the banner ids exist in the Abyssale workspace"
                }
                (_, "visual_not_found") => "there is no such banner in the Abyssale workspace",
                (_, "template_not_found") => "there is no such design in the Abyssale workspace",
                (_, "format_not_found") => "the design has no such format",
                (_, "template_not_static") => "only a design of type static can be used like this",
                _ => "",
            };
            let message = match known {
                "" => format!("Abyssale refused the request: {}", answer.message),
                known => known.to_owned(),
            };
            Error::new(ErrorClass::ProviderRefusedRequest, message)
        }
    };
    let in_the_callers_words = |problem: &Violation| Violation {
        field: task.callers_field(&problem.field),
        message: problem.message.clone(),
    };
    let violations = answer.errors.iter().map(in_the_callers_words).collect();
    SubmitStep::Refused(error.with_violations(violations).with_provider_answer(answer))
}

#[cfg(test)]
mod tests;
