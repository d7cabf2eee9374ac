//! Polls the status of a dubbing: the items of its folder.

use bytes::Bytes;
use model::{Error, Job, Secret};
use time::OffsetDateTime;

use super::{evaluate_folder::FolderEvaluation, folder::read_folder};
use crate::{
    ApiAccess, PollStatus, Query, QueryStep, SendResult,
    ai_studios::{
        api_request::{AiStudiosApi, encode_path_segment},
        envelope::{ExpectedPayload, open_envelope},
        error_response::{ErrorKind, ErrorResponse},
        poll_evaluation::{PollEvaluation, failure, no_response},
        retry_delays::RetryDelays,
    },
};

/// One poll of one job.
pub(crate) struct DubbingPoll {
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
    pub(crate) fn new(access: &ApiAccess<'_>, job: &Job, now: OffsetDateTime) -> Result<Option<Self>, Error> {
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
            ErrorKind::Transient => self.evaluation.handle_temporary_failure(error_response.to_error()),
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
            | ErrorKind::Other => self.evaluation.handle_rejected_poll(error_response, "dubbing"),
        }
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
            return self.evaluation.handle_temporary_failure(no_response());
        };
        match open_envelope(response.status(), response.body(), ExpectedPayload::List) {
            Ok(payload) => QueryStep::Done(self.evaluation.evaluate(&read_folder(payload))),
            Err(error_response) => self.handle_error_response(&result, &error_response),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{JobId, JobOrigin, NewJob, ProviderJobId, ProviderName};
    use serde_json::json;

    use super::*;
    use crate::Credentials;

    /// Polls a dubbing of this age once. Returns the result.
    fn poll(age: i64, refusals: u32, status: u16, body: &str) -> String {
        let mut poll = start(Some("f 1"), age, refusals).expect("a poll");
        assert!(matches!(poll.start(), QueryStep::Authorize { is_token_rejected: false }));
        let QueryStep::Send(request) = poll.on_token(&Secret::new("t")) else { panic!("nothing is sent") };
        let path = "/api/odin/v3/automation/translatevideos?folderId=f+1";
        assert_eq!(request.uri().path_and_query().map(|path| path.as_str()), Some(path));
        let response = http::Response::builder().status(status).body(body.to_owned().into());
        match poll.on_response(Ok(response.expect("a response"))) {
            QueryStep::Done(PollStatus::InProgress { percent, .. }) => format!("in progress {percent:?}"),
            QueryStep::Done(PollStatus::NotFound(error)) => {
                format!("{}: {}", error.class.name(), error.message)
            }
            QueryStep::Done(PollStatus::Ended(event)) => format!("{event:?}").chars().take(7).collect(),
            QueryStep::SendAfter { wait, .. } => format!("again after {} s", wait.as_secs()),
            QueryStep::Authorize { .. } => "another token".into(),
            QueryStep::Failed(error) => error.class.name().into(),
            QueryStep::Send(_) | QueryStep::Done(_) => panic!("an unexpected step"),
        }
    }

    fn start(folder: Option<&str>, age: i64, refusals: u32) -> Option<DubbingPoll> {
        let mut job = Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("ai_studios"),
            kind: "dubbing".into(),
            request: json!({ "targets": ["en-US"] }),
            expected_files: Some(1),
            metadata: None,
            unpack: None,
            origin: JobOrigin::Submitted,
        });
        job.provider_job_id = folder.map(ProviderJobId::new);
        job.provider_state =
            json!({ "asked_at": 0, "refusals": refusals }).as_object().cloned().expect("an object");
        let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(age);
        DubbingPoll::new(&access, &job, now).expect("keys")
    }

    #[test]
    fn a_dubbing_whose_folder_is_unknown_cannot_be_polled() {
        assert!(start(None, 90, 0).is_none());
    }

    #[test]
    fn each_response_to_a_poll_has_one_meaning() {
        let missing = r#"{"success":false,"error":{"code":4040,"msg":"none"}}"#;
        let refused = r#"{"success":false,"error":{"code":7,"msg":"no"}}"#;
        let ready = r#"[{"projectId":"p","progress":100,"download_url":"https://h/a.mp4"}]"#;
        for (age, refusals, status, body, meaning) in [
            (90, 0, 200, ready, "FilesRe"),
            (90, 0, 200, r#"{"success":true,"data":[]}"#, "in progress Some(0.0)"),
            (59, 0, 404, missing, "in progress None"),
            (
                60,
                0,
                404,
                missing,
                "ProviderFailed: folder_missing: the folder of the dubbing no longer exists at AI Studios",
            ),
            (90, 1, 200, refused, "in progress None"),
            (90, 2, 200, refused, "ProviderFailed: AI Studios rejects polls of the dubbing: no"),
            (90, 0, 401, refused, "another token"),
            (90, 0, 429, refused, "again after 30 s"),
            (90, 0, 502, "<html>", "ProviderUnavailable"),
            (6 * 3600, 0, 502, "<html>", "Expired"),
        ] {
            assert_eq!(poll(age, refusals, status, body), meaning, "{age} {refusals} {status} {body}");
        }
    }
}
