//! An attempt to submit a job: sends the requests of the provider's submit protocol within the rate limit.

use std::time::Duration;

use job_store::{JobStore, StoredJob};
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobStatus};
use provider_client::{
    MAX_PAUSE, ProviderClient, RateLimiter, Reservation, ReservedTime, has_retry_after, latest_send_time,
    time_until,
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
    /// The limiter of the first request.
    pub(crate) rate_limiter: &'a RateLimiter<'a>,
    pub(crate) job_store: &'a JobStore,
    pub(crate) documents: &'a DocumentDownloader,
    /// The job as this invocation last read or wrote it.
    pub(crate) job: StoredJob,
    /// Whether the job is recorded as waiting for its first reservation.
    pub(crate) is_waiting: bool,
}

impl SubmitAttempt<'_> {
    /// Runs the protocol to its end, or as far as the time permits. `reserved` is the reservation of the first request.
    pub(crate) async fn run(
        &mut self,
        protocol: &mut dyn SubmitProtocol,
        reserved: ReservedTime,
    ) -> SubmitOutcome {
        let (mut first_reservation, mut token) = (Some(reserved), None);
        let mut last_send = LastSend { rate_limiter: self.rate_limiter.clone(), has_retry_after: false };
        let mut document_turn = None;
        let mut step = protocol.start();
        loop {
            let (request, wait, refusal) = match step {
                SubmitStep::Send(request) => (request, Duration::ZERO, None),
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
                SubmitStep::Rejected(error) => return postpone_if_throttled(error, &last_send).await,
            };
            if let Some(refusal) = &refusal {
                last_send.pause_after(refusal, wait).await;
            }
            let rate_limiter = self.rate_limiter.for_request(&request);
            let to_send =
                NextSend { rate_limiter: &rate_limiter, first: first_reservation.take(), wait, refusal };
            if let Err(outcome) = self.wait_to_send(to_send).await {
                return *outcome;
            }
            let result = self.provider_client.send_request(request).await;
            rate_limiter.learn_from(&result).await;
            last_send = LastSend { rate_limiter, has_retry_after: has_retry_after(&result) };
            step = protocol.on_response(result);
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
    async fn wait_to_send(&mut self, next: NextSend<'_>) -> Result<(), Box<SubmitOutcome>> {
        let NextSend { rate_limiter, first, wait, refusal } = next;
        let is_first = first.is_some();
        let reservation = match first {
            Some(reserved) => Ok(Reservation::Granted(reserved)),
            None => reserve_after(rate_limiter, wait, refusal.is_some()).await,
        };
        let (mut reserved, mut refusal) = check_reservation(rate_limiter, reservation, refusal)?;
        let is_retry = !is_first && refusal.is_some();
        if is_retry && let Some(error) = &refusal {
            let event =
                JobEvent::SubmissionDeferred { error: Some(waiting_error(error, OffsetDateTime::now_utc())) };
            self.record_transition(&event, rate_limiter, reserved, &refusal).await?;
        }
        if is_retry || is_first && self.is_waiting {
            let reservation = rate_limiter.approach(reserved).await;
            (reserved, refusal) = check_reservation(rate_limiter, reservation, refusal)?;
            self.record_transition(&JobEvent::SubmissionStarted, rate_limiter, reserved, &refusal).await?;
        }
        let reservation = rate_limiter.wait_for(reserved).await;
        check_reservation(rate_limiter, reservation, refusal).map(|_| ())
    }

    /// Records that the job waits, or that it waits no longer. Of several invocations that submit the job only one
    /// succeeds.
    async fn record_transition(
        &mut self,
        event: &JobEvent,
        rate_limiter: &RateLimiter<'_>,
        reserved: ReservedTime,
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
                let refusal = refusal.as_ref().map(|refusal| refusal.to_job_error(reserved.at).to_error());
                SubmitOutcome::Postponed(Postponement { at: reserved.at, refusal, may_be_recorded: true })
            }
        };
        rate_limiter.release(reserved).await;
        Err(Box::new(outcome))
    }
}

/// The next request: its limiter, the reservation that was made for the first one, and after a refusal how long to wait.
struct NextSend<'a> {
    rate_limiter: &'a RateLimiter<'a>,
    first: Option<ReservedTime>,
    wait: Duration,
    refusal: Option<Error>,
}

/// The last request that was sent: its limiter, and whether its response said when to retry.
struct LastSend<'a> {
    rate_limiter: RateLimiter<'a>,
    has_retry_after: bool,
}

impl LastSend<'_> {
    /// Pauses the requests that a throttled response concerns.
    async fn pause_after(&self, refusal: &Error, wait: Duration) {
        self.rate_limiter.pause_after(refusal, wait, self.has_retry_after).await;
    }
}

/// Makes a reservation after the provider's wait.
async fn reserve_after(
    rate_limiter: &RateLimiter<'_>,
    wait: Duration,
    is_refused: bool,
) -> Result<Reservation, Error> {
    let from = OffsetDateTime::now_utc() + wait.min(MAX_PAUSE);
    match is_refused {
        true => rate_limiter.reserve(from).await,
        false => rate_limiter.reserve_until_deadline(from).await,
    }
}

/// The time of a reservation, or the outcome of the attempt if the reservation is too late or failed.
fn check_reservation(
    rate_limiter: &RateLimiter<'_>,
    reservation: Result<Reservation, Error>,
    refusal: Option<Error>,
) -> Result<(ReservedTime, Option<Error>), Box<SubmitOutcome>> {
    Err(Box::new(match reservation {
        Ok(Reservation::Granted(reserved)) => return Ok((reserved, refusal)),
        Ok(Reservation::RetryAt(at)) if rate_limiter.is_limited() => {
            SubmitOutcome::Postponed(Postponement { at, refusal, may_be_recorded: false })
        }
        Ok(Reservation::RetryAt(_)) => SubmitOutcome::Refused(refusal.unwrap_or_else(out_of_time)),
        Err(error) => SubmitOutcome::Refused(refusal.unwrap_or(error)),
    }))
}

/// The outcome of a refusal. If the provider still throttles, its requests pause and the job is postponed.
async fn postpone_if_throttled(error: Error, last_send: &LastSend<'_>) -> SubmitOutcome {
    if error.class != ErrorClass::ProviderThrottled || !last_send.rate_limiter.is_limited() {
        return SubmitOutcome::Refused(error);
    }
    let wait = Duration::from_secs(error.retry_after.unwrap_or(1)).min(MAX_PAUSE);
    last_send.pause_after(&error, wait).await;
    let at = OffsetDateTime::now_utc() + wait;
    SubmitOutcome::Postponed(Postponement { at, refusal: Some(error), may_be_recorded: false })
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
