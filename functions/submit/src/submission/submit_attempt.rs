//! An attempt to submit a job: sends the requests of the provider's submit protocol within the rate limit.

use std::time::Duration;

use job_store::{JobStore, Reservation, StoredJob};
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobStatus};
use provider_client::{
    MAX_PAUSE, PAUSE_CHECK_LOOKAHEAD, ProviderClient, RateLimiter, latest_send_time, sleep_until, time_until,
};
use providers::{SubmitProtocol, SubmitStep, SynchronousResult};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::submission::{
    document_download::DocumentDownloader,
    postpone_submission::{Postponement, out_of_time, waiting_error},
};

/// The outcome of an attempt.
pub(crate) enum SubmitOutcome {
    /// The provider accepted the work.
    Accepted(JobEvent),
    /// The provider has completed the work. The event holds its id, if it names one.
    Completed(Option<JobEvent>, SynchronousResult),
    /// The provider may have accepted the work.
    Unknown(JobEvent),
    /// The provider did no work.
    Refused(Error),
    /// The provider did no work, and the job is to be submitted later.
    Postponed(Postponement),
    /// The provider did no work, and another invocation changed the job first.
    Superseded(Box<Job>),
}

/// An attempt to submit one job.
pub(crate) struct SubmitAttempt<'a> {
    pub(crate) provider_client: ProviderClient<'a>,
    pub(crate) rate_limiter: &'a RateLimiter<'a>,
    pub(crate) job_store: &'a JobStore,
    pub(crate) documents: &'a DocumentDownloader,
    /// The job as this invocation last read or wrote it.
    pub(crate) job: StoredJob,
    /// The class of the provider's refusal in an earlier invocation.
    pub(crate) previous_refusal: Option<ErrorClass>,
    /// Whether the job is recorded as waiting for its first reservation.
    pub(crate) is_waiting: bool,
}

impl SubmitAttempt<'_> {
    /// Runs the protocol to its end, or as far as the time permits. `reserved_at` is the reservation of the first
    /// request.
    pub(crate) async fn run(
        &mut self,
        protocol: &mut dyn SubmitProtocol,
        reserved_at: OffsetDateTime,
    ) -> SubmitOutcome {
        let (mut first_reservation, mut token) = (Some(reserved_at), None);
        let mut document_turn = None;
        let mut step = protocol.start();
        loop {
            let (request, wait, refusal) = match step {
                SubmitStep::Send(request) => (request, Duration::ZERO, None),
                SubmitStep::SendAfter { deadline_error: otherwise, .. }
                    if self.is_repeated_refusal(&otherwise) =>
                {
                    return SubmitOutcome::Refused(otherwise);
                }
                SubmitStep::SendAfter { wait, request, deadline_error: otherwise } => {
                    (request, wait, Some(otherwise))
                }
                SubmitStep::Authorize { is_token_rejected: refused } => {
                    let rejected = token.take().filter(|_| refused);
                    let new_token = match self.provider_client.get_token(rejected.as_ref()).await {
                        Ok(new_token) => new_token,
                        Err(error) => return SubmitOutcome::Refused(error),
                    };
                    step = protocol.on_token(&new_token);
                    token = Some(new_token);
                    continue;
                }
                SubmitStep::Download { url } => {
                    let ProviderClient { response_timeout, deadline, .. } = self.provider_client;
                    let time_left = time_until(latest_send_time(response_timeout, deadline));
                    let downloaded = self.documents.download(&url, time_left, &mut document_turn).await;
                    step = protocol.on_downloaded(downloaded);
                    continue;
                }
                SubmitStep::StoreProviderState(notes) => {
                    if let Err(outcome) = self.store_notes(notes).await {
                        return *outcome;
                    }
                    step = protocol.on_stored();
                    continue;
                }
                SubmitStep::Accepted(provider_job_id) => {
                    return SubmitOutcome::Accepted(JobEvent::SubmissionAccepted { provider_job_id });
                }
                SubmitStep::Completed { provider_job_id, result: outcome } => {
                    let accepted = provider_job_id
                        .map(|provider_job_id| JobEvent::SubmissionAccepted { provider_job_id });
                    return SubmitOutcome::Completed(accepted, outcome);
                }
                SubmitStep::OutcomeUnknown(error) => return unknown_outcome(&error),
                SubmitStep::Rejected(error) => return self.postpone_if_throttled(error).await,
            };
            if let Err(outcome) = self.wait_to_send(first_reservation.take(), wait, refusal).await {
                return *outcome;
            }
            step = protocol.on_response(self.provider_client.send_request(request).await);
        }
    }

    /// Stores what later requests need to know about the work, unless the job was cancelled or another event ended its
    /// submission.
    async fn store_notes(&mut self, provider_state: Map<String, Value>) -> Result<(), Box<SubmitOutcome>> {
        let event = JobEvent::ProviderStateStored { provider_state };
        let now = OffsetDateTime::now_utc();
        let stored = self.job_store.apply_event_to(&self.job, &event, now).await;
        (self.job, _) = stored.map_err(|error| Box::new(SubmitOutcome::Refused(error)))?;
        match self.job.status {
            // A job that waits for its first reservation is submitting before the request is sent.
            JobStatus::Waiting | JobStatus::Submitting => Ok(()),
            JobStatus::Cancelled => Err(Box::new(SubmitOutcome::Refused(cancelled_before_submission()))),
            _ => Err(Box::new(SubmitOutcome::Superseded(Box::new(self.job.clone().into_job())))),
        }
    }

    /// Waits until a request may be sent: at the first reservation, or after a refusal at a new one that respects the
    /// provider's wait.
    ///
    /// A job that waits before any work was done is recorded as waiting, and as submitting again right before the
    /// request. If this invocation ends in between, the sweep queues the job. A job left as `submitting` could not be
    /// distinguished from one that the provider may have accepted.
    async fn wait_to_send(
        &mut self,
        first_reservation: Option<OffsetDateTime>,
        wait: Duration,
        refusal: Option<Error>,
    ) -> Result<(), Box<SubmitOutcome>> {
        let reservation = match first_reservation {
            Some(reserved_at) => Ok(Reservation::Granted(reserved_at)),
            None => self.reserve_after(wait, refusal.as_ref()).await,
        };
        let (reserved_at, refusal) = self.check_reservation(reservation, refusal)?;
        let is_first = first_reservation.is_some();
        let is_retry = !is_first && refusal.is_some();
        if is_retry && let Some(error) = &refusal {
            let event =
                JobEvent::SubmissionDeferred { error: Some(waiting_error(error, OffsetDateTime::now_utc())) };
            self.record_transition(&event, reserved_at, &refusal).await?;
        }
        if is_retry || is_first && self.is_waiting {
            sleep_until(reserved_at - PAUSE_CHECK_LOOKAHEAD).await;
            self.record_transition(&JobEvent::SubmissionStarted, reserved_at, &refusal).await?;
        }
        let reservation = self.rate_limiter.wait_for(reserved_at).await;
        self.check_reservation(reservation, refusal).map(|_| ())
    }

    /// Makes a reservation after the provider's wait.
    async fn reserve_after(&self, wait: Duration, refusal: Option<&Error>) -> Result<Reservation, Error> {
        let from = OffsetDateTime::now_utc() + wait.min(MAX_PAUSE);
        if refusal.is_some_and(|refusal| refusal.class == ErrorClass::ProviderThrottled) {
            self.rate_limiter.pause_until(from).await;
        }
        match refusal {
            Some(_) => self.rate_limiter.reserve(from).await,
            None => self.rate_limiter.reserve_until_deadline(from).await,
        }
    }

    /// The time of a reservation, or the outcome of the attempt if the reservation is too late or failed.
    fn check_reservation(
        &self,
        reservation: Result<Reservation, Error>,
        refusal: Option<Error>,
    ) -> Result<(OffsetDateTime, Option<Error>), Box<SubmitOutcome>> {
        match reservation {
            Ok(Reservation::Granted(reserved_at)) => Ok((reserved_at, refusal)),
            Ok(Reservation::RetryAt(at)) if self.rate_limiter.is_limited() => {
                Err(Box::new(SubmitOutcome::Postponed(Postponement { at, refusal, may_be_recorded: false })))
            }
            Ok(Reservation::RetryAt(_)) => {
                Err(Box::new(SubmitOutcome::Refused(refusal.unwrap_or_else(out_of_time))))
            }
            Err(error) => Err(Box::new(SubmitOutcome::Refused(refusal.unwrap_or(error)))),
        }
    }

    /// Records that the job waits, or that it waits no longer. Of several invocations that submit the job only one
    /// succeeds.
    async fn record_transition(
        &mut self,
        event: &JobEvent,
        reserved_at: OffsetDateTime,
        refusal: &Option<Error>,
    ) -> Result<(), Box<SubmitOutcome>> {
        let now = OffsetDateTime::now_utc();
        let outcome = match self.job_store.apply_event_to(&self.job, event, now).await {
            Ok((job, JobChange::StatusChanged)) => {
                self.job = job;
                return Ok(());
            }
            Ok((job, _)) => SubmitOutcome::Superseded(Box::new(job.into_job())),
            // The write may have succeeded nevertheless. Then the job is submitted later, so no refusal may be
            // returned.
            Err(error) => {
                error.log("the transition of a job to or from waiting is not recorded");
                let refusal = refusal.as_ref().map(|refusal| refusal.to_job_error(reserved_at).to_error());
                SubmitOutcome::Postponed(Postponement { at: reserved_at, refusal, may_be_recorded: true })
            }
        };
        self.rate_limiter.release(reserved_at).await;
        Err(Box::new(outcome))
    }

    /// Whether the provider refused the job permanently with this class before. Such a refusal is retried once, and
    /// that retry may have been the first request of another invocation.
    fn is_repeated_refusal(&self, refusal: &Error) -> bool {
        !refusal.is_retryable() && self.previous_refusal == Some(refusal.class)
    }

    /// The outcome of a refusal. If the provider still throttles, its requests pause and the job is postponed.
    async fn postpone_if_throttled(&self, error: Error) -> SubmitOutcome {
        if error.class != ErrorClass::ProviderThrottled || !self.rate_limiter.is_limited() {
            return SubmitOutcome::Refused(error);
        }
        let wait = Duration::from_secs(error.retry_after.unwrap_or(1)).min(MAX_PAUSE);
        let at = OffsetDateTime::now_utc() + wait;
        self.rate_limiter.pause_until(at).await;
        SubmitOutcome::Postponed(Postponement { at, refusal: Some(error), may_be_recorded: false })
    }
}

fn unknown_outcome(error: &Error) -> SubmitOutcome {
    error.log("the provider may or may not have accepted the work");
    SubmitOutcome::Unknown(JobEvent::SubmissionOutcomeUnknown {
        error: error.to_job_error(OffsetDateTime::now_utc()),
    })
}

fn cancelled_before_submission() -> Error {
    Error::new(ErrorClass::JobConflict, "the job was cancelled before it was submitted to the provider")
}
