//! Polls the status of a project: the progress of its creation (contract 7) or of its export, and the project itself
//! where that is needed (contract 3).

use std::time::Duration;

use bytes::Bytes;
use model::{Error, Job, Secret};
use time::OffsetDateTime;

use super::{
    api_request::AiStudiosApi,
    envelope::{ExpectedPayload, open_envelope},
    error_response::{ErrorKind, ErrorResponse},
    export_status::{
        evaluate_poll::ExportEvaluation,
        progress::{ExportProgress, Project},
    },
    poll_evaluation::{PollEvaluation, failure, no_response},
    retry_delays::RetryDelays,
};
use crate::{ApiAccess, PollSchedule, PollStatus, Query, QueryStep, SendResult};

/// The contract's schedule (3.5), as closely as a sweep once a minute can follow it. Each export has its own timeout.
/// The end of this schedule is for jobs that could not be polled until then, and counts from the creation of a job,
/// which may have waited a day before its submission.
pub(super) const POLLING: PollSchedule =
    PollSchedule { interval, give_up_after: Duration::from_secs(26 * 3600) };

fn interval(age: Duration, _asked: u32) -> Duration {
    Duration::from_secs(match age.as_secs() {
        0..120 => 15,
        120..600 => 30,
        _ => 60,
    })
}

/// The request that is sent or waits for its response.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PollStage {
    /// The progress of the automation that makes the project.
    Creation,
    /// The progress, by the provider's id.
    Progress,
    /// The progress, by the id that was sent in the request, since the provider's id is not found.
    ProgressByProjectId,
    /// The project, to complete the progress.
    ProjectAfterProgress,
    /// The project, since no progress is found.
    ProjectOnly,
}

/// One poll of one job.
pub(super) struct ProjectPoll {
    api: AiStudiosApi,
    evaluation: ExportEvaluation,
    stage: PollStage,
    progress: Option<ExportProgress>,
    /// Whether a token was rejected already. The next rejection is not retried.
    has_rejected_token: bool,
    retry_delays: RetryDelays,
}

impl ProjectPoll {
    /// Creates the poll of a job. None for a job that cannot be polled, see [`ExportEvaluation::new`].
    ///
    /// # Errors
    /// [`model::ErrorClass::ProviderCredentials`] or [`model::ErrorClass::Misconfigured`], as for [`AiStudiosApi::new`].
    pub(super) fn new(access: &ApiAccess<'_>, job: &Job, now: OffsetDateTime) -> Result<Option<Self>, Error> {
        let Some(evaluation) = ExportEvaluation::new(job, access.credentials, now) else { return Ok(None) };
        let stage = if evaluation.is_creating() { PollStage::Creation } else { PollStage::Progress };
        Ok(Some(Self {
            api: AiStudiosApi::new(access.api_url, access.credentials)?,
            evaluation,
            stage,
            progress: None,
            has_rejected_token: false,
            retry_delays: RetryDelays::default(),
        }))
    }

    fn build_request(&self) -> Result<http::Request<Bytes>, Error> {
        let project_id = self.evaluation.project_id();
        let provider_job_id = self.evaluation.provider_job_id().unwrap_or(project_id);
        match self.stage {
            PollStage::Creation => self.api.creation_progress(provider_job_id),
            PollStage::Progress => self.api.progress(provider_job_id),
            PollStage::ProgressByProjectId => self.api.progress(project_id),
            PollStage::ProjectAfterProgress | PollStage::ProjectOnly => self.api.project(provider_job_id),
        }
    }

    fn send_request(&mut self, stage: PollStage) -> QueryStep<PollStatus> {
        self.stage = stage;
        self.build_request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn handle_result(&mut self, result: &SendResult) -> QueryStep<PollStatus> {
        let response = match result {
            Ok(response) => response,
            // The progress is evaluated without the project.
            Err(_) if self.stage == PollStage::ProjectAfterProgress => return self.evaluate(None),
            Err(_) => return self.evaluation.handle_temporary_failure(no_response()),
        };
        match open_envelope(response.status(), response.body(), ExpectedPayload::Object) {
            Ok(payload) => match self.stage {
                PollStage::Creation => {
                    QueryStep::Done(self.evaluation.evaluate_creation(&ExportProgress::read(&payload)))
                }
                PollStage::Progress | PollStage::ProgressByProjectId => {
                    self.handle_progress(ExportProgress::read(&payload))
                }
                PollStage::ProjectAfterProgress | PollStage::ProjectOnly => {
                    self.evaluate(Some(&Project::read(&payload)))
                }
            },
            Err(error_response) => self.handle_error_response(result, &error_response),
        }
    }

    fn handle_progress(&mut self, progress: ExportProgress) -> QueryStep<PollStatus> {
        let needs_project = self.evaluation.needs_project(&progress);
        self.progress = Some(progress);
        if needs_project { self.send_request(PollStage::ProjectAfterProgress) } else { self.evaluate(None) }
    }

    fn evaluate(&mut self, project: Option<&Project>) -> QueryStep<PollStatus> {
        QueryStep::Done(self.evaluation.evaluate(self.progress.as_ref(), project))
    }

    fn handle_error_response(
        &mut self,
        result: &SendResult,
        error_response: &ErrorResponse,
    ) -> QueryStep<PollStatus> {
        match error_response.kind() {
            ErrorKind::InvalidToken if !self.has_rejected_token => {
                self.has_rejected_token = true;
                QueryStep::Authorize { is_token_rejected: true }
            }
            ErrorKind::Throttled => {
                let request = self.build_request();
                self.retry_delays.retry_throttled(request, result, error_response.to_error())
            }
            _ if self.stage == PollStage::ProjectAfterProgress => self.evaluate(None),
            ErrorKind::Transient => self.evaluation.handle_temporary_failure(error_response.to_error()),
            ErrorKind::NotFound if self.stage != PollStage::Creation => self.handle_not_found(error_response),
            ErrorKind::NotFound if self.evaluation.may_be_invisible() => {
                QueryStep::Done(self.evaluation.in_progress(None))
            }
            // A tracked project that no automation makes needs none to finish, so it can be exported.
            ErrorKind::NotFound
            | ErrorKind::Forbidden
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other
                if self.stage == PollStage::Creation && self.evaluation.is_tracked() =>
            {
                QueryStep::Done(PollStatus::PhaseFinished)
            }
            ErrorKind::NotFound
            | ErrorKind::InvalidToken
            | ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => self.evaluation.handle_rejected_poll(error_response, self.polled_work()),
        }
    }

    /// The project may not be visible yet, be known by its other id or only as a project, or not exist (contract 3.2).
    fn handle_not_found(&mut self, error_response: &ErrorResponse) -> QueryStep<PollStatus> {
        if self.evaluation.may_be_invisible() {
            return QueryStep::Done(self.evaluation.in_progress(None));
        }
        match self.stage {
            PollStage::Progress
                if self
                    .evaluation
                    .provider_job_id()
                    .is_some_and(|provider_job_id| provider_job_id != self.evaluation.project_id()) =>
            {
                self.send_request(PollStage::ProgressByProjectId)
            }
            PollStage::Progress | PollStage::ProgressByProjectId => self.send_request(PollStage::ProjectOnly),
            PollStage::Creation | PollStage::ProjectAfterProgress | PollStage::ProjectOnly => {
                let message = "project_missing: the project no longer exists at AI Studios";
                QueryStep::Done(PollStatus::NotFound(failure(message, error_response)))
            }
        }
    }

    fn polled_work(&self) -> &'static str {
        if self.stage == PollStage::Creation { "automation" } else { "export" }
    }
}

impl Query<PollStatus> for ProjectPoll {
    fn start(&mut self) -> QueryStep<PollStatus> {
        QueryStep::Authorize { is_token_rejected: false }
    }

    fn on_token(&mut self, token: &Secret) -> QueryStep<PollStatus> {
        self.api.set_token(token);
        self.build_request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, result: SendResult) -> QueryStep<PollStatus> {
        self.handle_result(&result)
    }
}

#[cfg(test)]
mod tests;
