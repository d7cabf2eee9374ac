//! Submits an export to AI Studios: reads the project, then sends one POST, which is never repeated when its outcome is
//! unknown (contract 2).

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use model::{Error, ErrorClass, ProviderJobId, Secret, Violation};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    api_request::{AiStudiosApi, PROJECT_RESPONSE_LIMIT},
    envelope::{ExpectedPayload, open_envelope},
    error_response::{ErrorKind, ErrorResponse},
    export_status::progress::Project,
    lenient_values::read_text,
    retry_delays::RetryDelays,
    stored_export_state::{ProjectSnapshot, StoredState},
};
use crate::{SendFailure, SendResult, SubmitContext, SubmitProtocol, SubmitStep};

/// The request that waits for its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SubmitStage {
    /// The project before the export.
    Snapshot,
    /// The export.
    Export,
}

/// The submission of one export.
pub(super) struct AiStudiosSubmission {
    api: AiStudiosApi,
    project_id: String,
    body: Value,
    state: StoredState,
    stage: SubmitStage,
    /// Whether a token was rejected already. The next rejection is not retried.
    has_rejected_token: bool,
    retry_delays: RetryDelays,
}

impl AiStudiosSubmission {
    /// Creates the submission of a validated order.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderCredentials`] or [`ErrorClass::Misconfigured`], as for [`AiStudiosApi::new`].
    pub(super) fn new(context: &SubmitContext<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let field = |name: &str| read_text(context.request, &[name]).map(str::to_owned);
        let project_id = field("project_id")
            .ok_or_else(|| Error::new(ErrorClass::Internal, "the order has no project_id"))?;
        let mut body = json!({ "projectId": project_id, "webhookUrl": context.callback_url.as_str() });
        for (field_name, wire_name) in [("workspace_id", "workspaceId"), ("resolution", "resolution")] {
            if let Some(value) = field(field_name) {
                body[wire_name] = value.into();
            }
        }
        let joined = context.request.get("track") == Some(&Value::Bool(true));
        Ok(Self {
            api: AiStudiosApi::new(context.api_url, context.credentials)?,
            project_id,
            body,
            state: StoredState { asked_at: Some(now.unix_timestamp()), joined, ..StoredState::default() },
            stage: SubmitStage::Snapshot,
            has_rejected_token: false,
            retry_delays: RetryDelays::default(),
        })
    }

    fn build_request(&self) -> Result<http::Request<Bytes>, Error> {
        match self.stage {
            SubmitStage::Snapshot => self.api.project(&self.project_id),
            SubmitStage::Export => self.api.post("/editor/project/export", &self.body),
        }
    }

    fn send(&self) -> SubmitStep {
        self.build_request().map_or_else(SubmitStep::Rejected, SubmitStep::Send)
    }

    fn send_after(&self, wait: Option<Duration>, otherwise: Error) -> SubmitStep {
        match (wait, self.build_request()) {
            (None, _) => SubmitStep::Rejected(otherwise),
            (Some(wait), Ok(request)) => SubmitStep::SendAfter { wait, request, deadline_error: otherwise },
            (Some(_), Err(error)) => SubmitStep::Rejected(error),
        }
    }

    /// Stores the state of the project before the request for the export. It cannot be read afterwards (contract 2,
    /// E3).
    fn store_state(&self) -> SubmitStep {
        SubmitStep::StoreProviderState(self.state.changes_since(&StoredState::default()).unwrap_or_default())
    }

    fn handle_project(&mut self, result: &SendResult) -> SubmitStep {
        let Ok(response) = result else { return self.retry_failed(unreachable_error()) };
        let error_response = match open_envelope(response.status(), response.body(), ExpectedPayload::Object)
        {
            Ok(payload) => {
                self.state.snapshot = Some(ProjectSnapshot::of(&Project::read(&payload)));
                return self.store_state();
            }
            Err(error_response) => error_response,
        };
        match error_response.kind() {
            ErrorKind::InvalidToken => self.handle_rejected_token(&error_response),
            ErrorKind::Throttled => self.retry_throttled(result, &error_response),
            // A project that is longer than the response limit has no snapshot. Its export is submitted nevertheless.
            ErrorKind::Transient if is_truncated(response) => self.store_state(),
            ErrorKind::Transient => self.retry_failed(error_response.to_error().with_retry_after(30)),
            _ if self.state.joined => SubmitStep::Rejected(self.rejection_error(&error_response)),
            // This request cannot name a workspace (contract 5.4), so a team's project may not be found. The response
            // to the export shows whether the project can be exported.
            ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => self.store_state(),
        }
    }

    fn handle_export(&mut self, result: &SendResult) -> SubmitStep {
        let response = match result {
            Ok(response) => response,
            Err(SendFailure::NotSent) => return self.retry_failed(unreachable_error()),
            Err(SendFailure::MaybeSent) => {
                return outcome_unknown("AI Studios did not respond in time, or the connection broke");
            }
        };
        let status = response.status();
        let error_response = match open_envelope(status, response.body(), ExpectedPayload::Object) {
            // Normally the id that was sent. Both ids can be polled (contract 2, E6 and E7).
            Ok(payload) => {
                let returned = read_text(&payload, &["projectId", "project_id", "_id"]);
                return SubmitStep::Accepted(ProviderJobId::new(returned.unwrap_or(&self.project_id)));
            }
            Err(error_response) => error_response,
        };
        // The work may have started before such a response, whatever its body says.
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return outcome_unknown(&format!("AI Studios returned HTTP {}", status.as_u16()));
        }
        match error_response.kind() {
            ErrorKind::InvalidToken => self.handle_rejected_token(&error_response),
            ErrorKind::Throttled => self.retry_throttled(result, &error_response),
            ErrorKind::Transient => outcome_unknown("AI Studios returned a response that cannot be parsed"),
            ErrorKind::Conflict => {
                // The job waits for the running export instead (contract 6.2).
                self.state.joined = true;
                self.store_state()
            }
            ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => SubmitStep::Rejected(self.rejection_error(&error_response)),
        }
    }

    /// Retries once with another token (contract 1.6). A request whose token was rejected did no work.
    fn handle_rejected_token(&mut self, error_response: &ErrorResponse) -> SubmitStep {
        if self.has_rejected_token {
            return SubmitStep::Rejected(error_response.to_error());
        }
        self.has_rejected_token = true;
        SubmitStep::Authorize { is_token_rejected: true }
    }

    fn retry_throttled(&mut self, result: &SendResult, error_response: &ErrorResponse) -> SubmitStep {
        let (wait, error) = self.retry_delays.next_after_throttling(result, error_response.to_error());
        self.send_after(wait, error)
    }

    fn retry_failed(&mut self, error: Error) -> SubmitStep {
        let wait = self.retry_delays.next_after_failure();
        self.send_after(wait, error)
    }

    /// Converts an error response to an error that names the caller's field.
    fn rejection_error(&self, error_response: &ErrorResponse) -> Error {
        let error = error_response.to_error();
        if error_response.kind() != ErrorKind::NotFound {
            return error;
        }
        error.with_violations(vec![Violation::new("project_id", "there is no such project at AI Studios")])
    }
}

impl SubmitProtocol for AiStudiosSubmission {
    fn start(&mut self) -> SubmitStep {
        SubmitStep::Authorize { is_token_rejected: false }
    }

    fn on_token(&mut self, token: &Secret) -> SubmitStep {
        self.api.set_token(token);
        self.send()
    }

    fn on_stored(&mut self) -> SubmitStep {
        if self.state.joined {
            return SubmitStep::Accepted(ProviderJobId::new(&self.project_id));
        }
        self.stage = SubmitStage::Export;
        self.send()
    }

    fn on_response(&mut self, result: SendResult) -> SubmitStep {
        match self.stage {
            SubmitStage::Snapshot => self.handle_project(&result),
            SubmitStage::Export => self.handle_export(&result),
        }
    }
}

/// Whether a project is longer than the response limit.
fn is_truncated(response: &http::Response<Bytes>) -> bool {
    response.status().is_success() && response.body().len() >= PROJECT_RESPONSE_LIMIT.0
}

fn unreachable_error() -> Error {
    let message = "AI Studios cannot be reached; nothing was submitted";
    Error::new(ErrorClass::ProviderUnavailable, message).with_retry_after(30)
}

fn outcome_unknown(what: &str) -> SubmitStep {
    let message = format!("{what}; the export may be in progress, and polling its progress shows it");
    SubmitStep::OutcomeUnknown(Error::new(ErrorClass::ProviderOutcomeUnknown, message))
}

#[cfg(test)]
mod tests;
