//! Polls the status of a dubbing: the items of its folder.

use bytes::Bytes;
use model::{Error, ErrorClass, Job, Secret};
use time::OffsetDateTime;

use super::{evaluate_folder::FolderEvaluation, folder::read_folder};
use crate::{
    ApiAccess, PollStatus, Query, QueryStep, SendResult,
    ai_studios::{
        api_request::{AiStudiosApi, encode_path_segment},
        envelope::{ExpectedPayload, open_envelope},
        error_response::{ErrorKind, ErrorResponse},
        retry_delays::RetryDelays,
    },
};

/// One poll of one job.
pub(in crate::ai_studios) struct DubbingPoll {
    api: AiStudiosApi,
    folder_id: String,
    evaluation: FolderEvaluation,
    /// Whether a token was rejected already. The next rejection is not retried.
    has_rejected_token: bool,
    retry_delays: RetryDelays,
}

impl DubbingPoll {
    /// Creates the poll of a job. None when its folder is unknown: no call lists folders.
    ///
    /// # Errors
    /// As for [`AiStudiosApi::new`].
    pub(in crate::ai_studios) fn new(
        access: &ApiAccess<'_>,
        job: &Job,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, Error> {
        let Some(folder_id) = &job.provider_job_id else { return Ok(None) };
        Ok(Some(Self {
            api: AiStudiosApi::new(access.api_url, access.credentials)?,
            folder_id: folder_id.as_str().to_owned(),
            evaluation: FolderEvaluation::new(job, access.credentials, now),
            has_rejected_token: false,
            retry_delays: RetryDelays::default(),
        }))
    }

    fn build_request(&self) -> Result<http::Request<Bytes>, Error> {
        let folder_id = encode_path_segment(&self.folder_id);
        self.api.get(&format!("/automation/translatevideos?folderId={folder_id}"))
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
            ErrorKind::Transient => self.handle_temporary_failure(error_response.to_error()),
            ErrorKind::NotFound if self.evaluation.may_be_invisible() => {
                QueryStep::Done(self.evaluation.in_progress(None))
            }
            ErrorKind::NotFound => {
                let message = "folder_missing: the folder of the dubbing no longer exists at AI Studios";
                QueryStep::Done(PollStatus::NotFound(failure(message, error_response)))
            }
            ErrorKind::InvalidToken
            | ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => self.handle_rejected_poll(error_response),
        }
    }

    /// A temporary failure changes nothing before the timeout of the dubbing.
    fn handle_temporary_failure(&self, error: Error) -> QueryStep<PollStatus> {
        match self.evaluation.is_overdue() {
            true => QueryStep::Done(PollStatus::Ended(self.evaluation.expired_event())),
            false => QueryStep::Failed(error),
        }
    }

    /// Three consecutive rejected polls fail the job (contract 3.2).
    fn handle_rejected_poll(&mut self, error_response: &ErrorResponse) -> QueryStep<PollStatus> {
        if !self.evaluation.count_rejected_poll() {
            return QueryStep::Done(self.evaluation.in_progress(None));
        }
        let error = match error_response.kind() {
            ErrorKind::InvalidToken => error_response.to_error(),
            _ => {
                let message = format!("AI Studios rejects polls of the dubbing: {}", error_response.message);
                failure(&message, error_response)
            }
        };
        QueryStep::Done(PollStatus::NotFound(error))
    }
}

impl Query<PollStatus> for DubbingPoll {
    fn start(&mut self) -> QueryStep<PollStatus> {
        QueryStep::Authorize { is_token_rejected: false }
    }

    fn on_token(&mut self, token: &Secret) -> QueryStep<PollStatus> {
        self.api.set_token(token);
        self.build_request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, result: SendResult) -> QueryStep<PollStatus> {
        let Ok(response) = &result else {
            let message = "AI Studios did not respond";
            return self.handle_temporary_failure(Error::new(ErrorClass::ProviderUnavailable, message));
        };
        match open_envelope(response.status(), response.body(), ExpectedPayload::List) {
            Ok(payload) => QueryStep::Done(self.evaluation.evaluate(&read_folder(payload))),
            Err(error_response) => self.handle_error_response(&result, &error_response),
        }
    }
}

fn failure(message: &str, error_response: &ErrorResponse) -> Error {
    Error::new(ErrorClass::ProviderFailed, message).with_provider_error(error_response.to_provider_answer())
}
