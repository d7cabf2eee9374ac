//! Submits work to AI Studios: reads the project where there is one, then sends one POST, which is never repeated when
//! its outcome is unknown (contract 2 and 7).

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use model::{Error, ProviderJobId, Secret};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    api_request::{AiStudiosApi, PROJECT_RESPONSE_LIMIT},
    envelope::{ExpectedPayload, open_envelope},
    error_response::{ErrorKind, ErrorResponse},
    export_status::progress::{ExportProgress, Project},
    lenient_values::read_text,
    order::Kind,
    retry_delays::{RetryDelays, resend_after},
    stored_export_state::{ProjectSnapshot, StoredState},
    submit_errors::{
        not_exported_error, outcome_unknown_error, refusal_error, refused_export_error, unreachable_error,
    },
    wire_request::{Tracking, WireRequest},
};
use crate::{SendFailure, SendResult, SubmitContext, SubmitProtocol, SubmitStep};

/// What the submission does next, or the request that waits for its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SubmitStage {
    /// Reads the project before the request.
    Snapshot,
    /// Reads whether an automation makes a tracked project that shows no export.
    CreationProgress,
    /// Reads whether its export is in progress nevertheless.
    ExportProgress,
    /// Stores the state before the request.
    Store,
    /// Sends the request that the provider may charge for.
    Post,
}

/// The submission of one request.
pub(super) struct ProjectSubmission {
    api: AiStudiosApi,
    wire_request: WireRequest,
    tracking: Tracking,
    /// Whether the caller's request names the project.
    has_project_field: bool,
    /// Whether an earlier request of the job was accepted.
    is_continued: bool,
    stored_before: StoredState,
    state: StoredState,
    stage: SubmitStage,
    /// What an automation reports about a tracked project.
    creation: ExportProgress,
    /// Whether a token was rejected already. The next rejection is not retried.
    has_rejected_token: bool,
    retry_delays: RetryDelays,
}

impl ProjectSubmission {
    /// Creates the submission of a validated order.
    ///
    /// # Errors
    /// [`model::ErrorClass::ProviderCredentials`] or [`model::ErrorClass::Misconfigured`], as for [`AiStudiosApi::new`].
    pub(super) fn new(kind: Kind, context: &SubmitContext<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let wire_request = WireRequest::next(kind, context)?;
        let tracking = Tracking::of(context.request);
        let mut state = StoredState {
            asked_at: Some(now.unix_timestamp()),
            joined: tracking == Tracking::Only,
            creating: wire_request.is_creation_only,
            ..StoredState::default()
        };
        let stage = match wire_request.project_id {
            Some(_) => SubmitStage::Snapshot,
            None => {
                // A project that is made now has no earlier export.
                state.snapshot = Some(ProjectSnapshot::default());
                SubmitStage::Store
            }
        };
        Ok(Self {
            api: AiStudiosApi::new(context.api_url, context.credentials)?,
            wire_request,
            tracking,
            has_project_field: context.request.get("project_id").is_some(),
            is_continued: context.provider_job_id.is_some(),
            stored_before: StoredState::read(context.provider_state),
            state,
            stage,
            creation: ExportProgress::default(),
            has_rejected_token: false,
            retry_delays: RetryDelays::default(),
        })
    }

    /// Adds uploaded documents to the request for their project.
    pub(super) fn add_files(&mut self, files: Vec<Value>) {
        self.wire_request.body["files"] = files.into();
    }

    fn project_id(&self) -> &str {
        self.wire_request.project_id.as_deref().unwrap_or_default()
    }

    fn build_request(&self) -> Result<http::Request<Bytes>, Error> {
        match self.stage {
            SubmitStage::Snapshot => self.api.project(self.project_id()),
            SubmitStage::CreationProgress => self.api.creation_progress(self.project_id()),
            SubmitStage::ExportProgress => self.api.progress(self.project_id()),
            SubmitStage::Store | SubmitStage::Post => {
                self.api.post(&self.wire_request.path, &self.wire_request.body)
            }
        }
    }

    fn send(&mut self, stage: SubmitStage) -> SubmitStep {
        self.stage = stage;
        self.build_request().map_or_else(SubmitStep::Rejected, SubmitStep::Send)
    }

    fn send_after(&self, wait: Option<Duration>, otherwise: Error) -> SubmitStep {
        resend_after(wait, self.build_request(), otherwise)
    }

    /// Stores the state of the project before the request. It cannot be read afterwards (contract 2, E3), and it shows
    /// later that the request may have been sent. Every field is stored that an earlier request left differently.
    fn store_state(&mut self) -> SubmitStep {
        self.stage = SubmitStage::Store;
        let before = if self.is_continued { self.stored_before.clone() } else { StoredState::default() };
        SubmitStep::StoreProviderState(self.state.changes_since(&before).unwrap_or_default())
    }

    /// Waits for an export that is in progress or finished, instead of requesting one.
    fn join(&mut self) -> SubmitStep {
        (self.state.joined, self.state.creating) = (true, false);
        self.store_state()
    }

    fn handle_project(&mut self, result: &SendResult) -> SubmitStep {
        let Ok(response) = result else { return self.retry_failed(unreachable_error()) };
        let error_response = match open_envelope(response.status(), response.body(), ExpectedPayload::Object)
        {
            Ok(payload) => return self.handle_snapshot(ProjectSnapshot::of(&Project::read(&payload))),
            Err(error_response) => error_response,
        };
        match error_response.kind() {
            ErrorKind::InvalidToken => self.handle_rejected_token(&error_response),
            ErrorKind::Throttled => self.retry_throttled(result, &error_response),
            // A project that is longer than the response limit has no snapshot. Its export is submitted nevertheless.
            ErrorKind::Transient if is_truncated(response) => self.store_without_snapshot(),
            ErrorKind::Transient => self.retry_failed(error_response.to_error().with_retry_after(30)),
            _ if self.tracking != Tracking::None && !self.is_continued => {
                SubmitStep::Rejected(self.rejection_error(&error_response))
            }
            // This request cannot name a workspace (contract 5.4), so a team's project may not be found. The response
            // to the export shows whether the project can be exported.
            ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => self.store_without_snapshot(),
        }
    }

    fn store_without_snapshot(&mut self) -> SubmitStep {
        self.state.creating = self.tracking == Tracking::OrExport && !self.is_continued;
        self.store_state()
    }

    fn handle_snapshot(&mut self, snapshot: ProjectSnapshot) -> SubmitStep {
        let shows_export = snapshot.shows_export();
        self.state.snapshot = Some(snapshot);
        match self.tracking {
            Tracking::None => self.store_state(),
            Tracking::Only | Tracking::OrExport if shows_export => self.join(),
            Tracking::Only => self.send(SubmitStage::CreationProgress),
            // The project may not be finished. Polls show it, and then the job is submitted again.
            Tracking::OrExport => {
                self.state.creating = !self.is_continued;
                self.store_state()
            }
        }
    }

    /// Checks whether a tracked project that shows no export is made by an automation: nobody exports it then unless
    /// asked to. Any other project may be about to be exported, so the job waits for it.
    fn handle_creation_progress(&mut self, result: &SendResult) -> SubmitStep {
        match self.read_progress(result) {
            Err(step) => *step,
            Ok(Some(progress)) if progress.state.is_some() || progress.percent.is_some() => {
                self.creation = progress;
                self.send(SubmitStage::ExportProgress)
            }
            Ok(_) => self.join(),
        }
    }

    fn handle_export_progress(&mut self, result: &SendResult) -> SubmitStep {
        let is_exporting =
            |progress: &ExportProgress| progress.url.is_some() || progress.percent.is_some_and(|at| at > 0.0);
        match self.read_progress(result) {
            Err(step) => *step,
            Ok(progress) if progress.as_ref().is_some_and(is_exporting) => self.join(),
            Ok(_) => SubmitStep::Rejected(not_exported_error(&self.creation)),
        }
    }

    /// Reads a progress. None when the provider has none. The error is the next step.
    fn read_progress(&mut self, result: &SendResult) -> Result<Option<ExportProgress>, Box<SubmitStep>> {
        let Ok(response) = result else { return Err(Box::new(self.retry_failed(unreachable_error()))) };
        let opened = open_envelope(response.status(), response.body(), ExpectedPayload::Object);
        match opened.map_err(|error_response| (error_response.kind(), error_response)) {
            Ok(payload) => Ok(Some(ExportProgress::read(&payload))),
            Err((ErrorKind::InvalidToken, error_response)) => {
                Err(Box::new(self.handle_rejected_token(&error_response)))
            }
            Err((ErrorKind::Throttled, error_response)) => {
                Err(Box::new(self.retry_throttled(result, &error_response)))
            }
            Err(_) => Ok(None),
        }
    }

    fn handle_post(&mut self, result: &SendResult) -> SubmitStep {
        let response = match result {
            Ok(response) => response,
            Err(SendFailure::NotSent) => return self.retry_failed(unreachable_error()),
            Err(SendFailure::MaybeSent) => {
                return self.outcome_unknown("AI Studios did not respond in time, or the connection broke");
            }
        };
        let status = response.status();
        let error_response = match open_envelope(status, response.body(), ExpectedPayload::Object) {
            Ok(payload) => {
                // Normally the id that was sent. Both ids can be polled (contract 2, E6 and E7).
                let returned = read_text(&payload, &["projectId", "project_id", "_id"]);
                return match returned.or(self.wire_request.project_id.as_deref()) {
                    Some(id) => SubmitStep::Accepted(ProviderJobId::new(id)),
                    None => self.outcome_unknown("AI Studios returned no id of the project"),
                };
            }
            Err(error_response) => error_response,
        };
        // The work may have started before such a response, whatever its body says.
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return self.outcome_unknown(&format!("AI Studios returned HTTP {}", status.as_u16()));
        }
        match error_response.kind() {
            ErrorKind::InvalidToken => self.handle_rejected_token(&error_response),
            ErrorKind::Throttled => self.retry_throttled(result, &error_response),
            ErrorKind::Transient => {
                self.outcome_unknown("AI Studios returned a response that cannot be parsed")
            }
            // The job waits for the running export instead (contract 6.2).
            ErrorKind::Conflict if self.wire_request.may_join => self.join(),
            ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
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

    fn rejection_error(&self, error_response: &ErrorResponse) -> Error {
        match self.is_continued {
            true => refused_export_error(error_response, self.project_id()),
            false => refusal_error(error_response, self.has_project_field),
        }
    }

    fn outcome_unknown(&self, what: &str) -> SubmitStep {
        SubmitStep::OutcomeUnknown(outcome_unknown_error(what, &self.wire_request))
    }
}

impl SubmitProtocol for ProjectSubmission {
    fn start(&mut self) -> SubmitStep {
        SubmitStep::Authorize { is_token_rejected: false }
    }

    fn on_token(&mut self, token: &Secret) -> SubmitStep {
        self.api.set_token(token);
        match self.stage {
            SubmitStage::Store => self.store_state(),
            stage => self.send(stage),
        }
    }

    fn on_stored(&mut self) -> SubmitStep {
        let is_creating_elsewhere = self.state.creating && !self.wire_request.is_creation_only;
        if self.state.joined || is_creating_elsewhere {
            return SubmitStep::Accepted(ProviderJobId::new(self.project_id()));
        }
        self.send(SubmitStage::Post)
    }

    fn on_response(&mut self, result: SendResult) -> SubmitStep {
        match self.stage {
            SubmitStage::Snapshot => self.handle_project(&result),
            SubmitStage::CreationProgress => self.handle_creation_progress(&result),
            SubmitStage::ExportProgress => self.handle_export_progress(&result),
            SubmitStage::Store | SubmitStage::Post => self.handle_post(&result),
        }
    }
}

/// Whether a project is longer than the response limit.
fn is_truncated(response: &http::Response<Bytes>) -> bool {
    response.status().is_success() && response.body().len() >= PROJECT_RESPONSE_LIMIT.0
}

#[cfg(test)]
mod tests;
