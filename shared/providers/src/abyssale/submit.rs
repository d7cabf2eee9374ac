//! Submits work to Abyssale, and interprets each response (contract 1.4, 1.5 and 7).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use model::{Error, ErrorClass, ProviderError, Violation};

use super::{
    api_request::AbyssaleApi,
    credits::{CREDITS_PATH, read_credits, spent_generation_credits},
    endpoints::WireRequest,
    error_response::parse_error_response,
};
use crate::{SendFailure, SendResult, SubmitContext, SubmitProtocol, SubmitStep, parse_retry_after};

/// The maximum number of retries of a request that was throttled with `Retry-After` (contract 7, defaults).
const MAX_RETRIES: u32 = 3;

/// The delays before retries when there was no connection (contract 7, back-off).
const RECONNECT_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// The wait after a 429 without `Retry-After`: the gateway's limit is of one second (contract 1.5).
const GATEWAY_WAIT: Duration = Duration::from_secs(1);

/// When to retry after the gateway's limit persists, in seconds.
const GATEWAY_RETRY_SECONDS: u64 = 5;

/// One POST, with the retries that are safe.
pub(super) struct AbyssaleSubmission {
    wire_request: WireRequest,
    api: AbyssaleApi,
    path: String,
    body: Bytes,
    retries: u32,
    reconnects: usize,
    /// Whether a 429 without `Retry-After` was retried already.
    has_retried_bare_429: bool,
    /// The 429 without `Retry-After` that the credits explain, while their request is in flight.
    unexplained_429: Option<ProviderError>,
}

impl AbyssaleSubmission {
    /// Creates the submission of a validated order.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderCredentials`] when no key is configured.
    pub(super) fn new(context: &SubmitContext<'_>) -> Result<Self, Error> {
        let api = AbyssaleApi::new(context.api_url, context.credentials)?;
        let wire_request = WireRequest::for_kind(context.kind)?;
        Ok(Self {
            wire_request,
            api,
            path: wire_request.path(context),
            body: wire_request.body(context).to_string().into(),
            retries: 0,
            reconnects: 0,
            has_retried_bare_429: false,
            unexplained_429: None,
        })
    }

    fn send(&self) -> SubmitStep {
        self.api.post(&self.path, self.body.clone()).map_or_else(SubmitStep::Rejected, SubmitStep::Send)
    }

    fn send_after(&self, wait: Duration, otherwise: Error) -> SubmitStep {
        match self.api.post(&self.path, self.body.clone()) {
            Ok(request) => SubmitStep::SendAfter { wait, request, deadline_error: otherwise },
            Err(error) => SubmitStep::Rejected(error),
        }
    }

    fn reconnect(&mut self) -> SubmitStep {
        let error =
            Error::new(ErrorClass::ProviderUnavailable, "Abyssale cannot be reached; nothing was submitted")
                .with_retry_after(30);
        match RECONNECT_DELAYS.get(self.reconnects) {
            Some(wait) => {
                self.reconnects += 1;
                self.send_after(*wait, error)
            }
            None => SubmitStep::Rejected(error),
        }
    }

    /// A 429 has four meanings (contract 1.5). The id and `Retry-After` distinguish the first two, and for a
    /// generation the credits the other two.
    fn handle_too_many_requests(&mut self, response: &http::Response<Bytes>) -> SubmitStep {
        let error_response = parse_error_response(response.status().as_u16(), response.body());
        if error_response.id == "feature_not_in_plan" {
            let error =
                Error::new(ErrorClass::ProviderPlan, "the Abyssale plan does not include this feature");
            return SubmitStep::Rejected(error.with_provider_error(error_response));
        }
        let Some(wait) = parse_retry_after(response) else { return self.handle_bare_429(error_response) };
        // Rounded up: a retry that is a moment too early is throttled again.
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        let message = format!("Abyssale's rate limit is reached; retry in {seconds} s");
        let error = Error::new(ErrorClass::ProviderThrottled, message)
            .with_retry_after(seconds)
            .with_provider_error(error_response);
        if self.retries == MAX_RETRIES {
            return SubmitStep::Rejected(error);
        }
        self.retries += 1;
        self.send_after(wait, error)
    }

    /// Handles a 429 without `Retry-After`: the gateway's limit, or for a generation spent credits. The second one in
    /// a submission is the gateway's limit, since the first one was explained.
    fn handle_bare_429(&mut self, error_response: ProviderError) -> SubmitStep {
        let error = gateway_limit(error_response.clone());
        if self.has_retried_bare_429 {
            return SubmitStep::Rejected(error);
        }
        self.has_retried_bare_429 = true;
        if !self.wire_request.consumes_credits() {
            return self.send_after(GATEWAY_WAIT, error);
        }
        match self.api.request(Method::GET, CREDITS_PATH) {
            // At once it would exceed the gateway's limit as well.
            Ok(request) => {
                self.unexplained_429 = Some(error_response);
                SubmitStep::SendAfter { wait: GATEWAY_WAIT, request, deadline_error: error }
            }
            Err(error) => SubmitStep::Rejected(error),
        }
    }

    /// Reads the credits, and continues with the work unless none are left. Credits that cannot be read explain
    /// nothing, so that the gateway's limit is assumed, which clears.
    fn handle_credits(&mut self, result: SendResult, refusal: ProviderError) -> SubmitStep {
        let balances = match result {
            Ok(response) => read_credits(response.status(), response.body()).ok(),
            Err(_) => None,
        };
        let Some(balances) = balances else { return self.send_after(GATEWAY_WAIT, gateway_limit(refusal)) };
        match spent_generation_credits(&balances) {
            Some(spent) => {
                let message = format!("Abyssale did no work: no credits are left ({spent})");
                let error = Error::new(ErrorClass::ProviderQuota, message);
                SubmitStep::Rejected(error.with_provider_error(refusal))
            }
            None => self.send(),
        }
    }
}

/// The error of a request that the gateway's limit refused.
fn gateway_limit(error_response: ProviderError) -> Error {
    let message =
        "Abyssale throttled the request without a Retry-After: its limit of requests per second is reached";
    Error::new(ErrorClass::ProviderThrottled, message)
        .with_retry_after(GATEWAY_RETRY_SECONDS)
        .with_provider_error(error_response)
}

impl SubmitProtocol for AbyssaleSubmission {
    fn start(&mut self) -> SubmitStep {
        self.send()
    }

    fn on_response(&mut self, result: SendResult) -> SubmitStep {
        if let Some(refusal) = self.unexplained_429.take() {
            return self.handle_credits(result, refusal);
        }
        let response = match result {
            Ok(response) => response,
            Err(SendFailure::NotSent) => return self.reconnect(),
            Err(SendFailure::MaybeSent) => {
                let what = "Abyssale did not respond in time, or the connection broke";
                return self.wire_request.outcome_unknown(what);
            }
        };
        match response.status() {
            status if status.is_success() => self.wire_request.read_success(status, response.body()),
            StatusCode::TOO_MANY_REQUESTS => self.handle_too_many_requests(&response),
            status if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
                read_rejection(self.wire_request, status.as_u16(), response.body())
            }
            // A 504 does not prove that no work was done (contract 1.4), and no other status here does.
            status => {
                self.wire_request.outcome_unknown(&format!("Abyssale returned HTTP {}", status.as_u16()))
            }
        }
    }
}

/// Reads a client error other than 429 (contract 1.4).
fn read_rejection(wire_request: WireRequest, status: u16, body: &[u8]) -> SubmitStep {
    let error_response = parse_error_response(status, body);
    let error = match (status, error_response.id.as_str()) {
        (401 | 403, "api_access_denied") => {
            Error::new(ErrorClass::ProviderPlan, "the Abyssale plan does not include API access")
        }
        (401 | 403, _) => {
            Error::new(ErrorClass::ProviderCredentials, "Abyssale does not accept the configured API key")
        }
        (402, _) => Error::new(ErrorClass::ProviderQuota, "Abyssale requires payment"),
        (_, id) => {
            let known = match (wire_request, id) {
                (WireRequest::Export, "visual_not_found") => {
                    "none of the banner ids exist in the Abyssale workspace"
                }
                (_, "visual_not_found") => "there is no such banner in the Abyssale workspace",
                (_, "template_not_found") => "there is no such design in the Abyssale workspace",
                (_, "format_not_found") => "the design has no such format",
                (_, "template_not_static") => "this kind of work requires a design of type static",
                _ => "",
            };
            let message = match known {
                "" => format!("Abyssale rejected the request: {}", error_response.message),
                known => known.to_owned(),
            };
            Error::new(ErrorClass::ProviderRefusedRequest, message)
        }
    };
    let with_callers_field = |violation: &Violation| Violation {
        field: wire_request.callers_field(&violation.field),
        message: violation.message.clone(),
    };
    let violations = error_response.errors.iter().map(with_callers_field).collect();
    SubmitStep::Rejected(error.with_violations(violations).with_provider_error(error_response))
}

#[cfg(test)]
mod tests;
