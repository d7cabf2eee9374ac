//! Asking the provider: the conversation it leads, with our socket and our clock, in our turn.

use std::time::Duration;

use job_store::{JobStore, Reservation};
use model::{Change, Error, ErrorClass, Event, Job, JobId, Status};
use provider_client::{LOOKAHEAD, MAX_PAUSE, ProviderClient, RateLimiter, sleep_until};
use providers::{SubmitProtocol, SubmitStep, SynchronousResult};
use time::OffsetDateTime;

use crate::submission::deferred_submission::waits_for;

/// What is left of the invocation after the last wait for the provider: time to record and to answer.
pub(crate) const RESERVE: Duration = Duration::from_secs(2);

/// How asking ended.
pub(crate) enum SubmitOutcome {
    /// The provider took the work.
    Accepted(Event),
    /// It took the work and has done it already.
    Done(Event, SynchronousResult),
    /// It may have taken the work.
    Unknown(Event),
    /// It did no work.
    Refused(Error),
    /// It did no work, and is to be asked later.
    Later(Postponement),
    /// It did no work, and somebody else has moved the job on.
    Moved(Box<Job>),
}

/// When a job is to be asked for again.
pub(crate) struct Postponement {
    pub(crate) at: OffsetDateTime,
    /// What the provider said, when it was asked.
    pub(crate) why: Option<Error>,
    /// Whether the job may be recorded as waiting already. Then the sweep finds it, whatever is told of it now.
    pub(crate) recorded: bool,
}

/// What it takes to ask.
pub(crate) struct SubmitAttempt<'a> {
    pub(crate) provider_client: ProviderClient<'a>,
    pub(crate) rate_limiter: &'a RateLimiter<'a>,
    /// Where the job is remembered.
    pub(crate) records: &'a JobStore,
    pub(crate) job: JobId,
    /// What the provider refused the job with in an earlier invocation.
    pub(crate) refused_before: Option<ErrorClass>,
    /// Whether the job is recorded as waiting for its first turn.
    pub(crate) waiting: bool,
}

impl SubmitAttempt<'_> {
    /// Leads the conversation to its end, or as far as the time allows. The first request has this turn already.
    pub(crate) async fn lead(
        &self,
        protocol: &mut dyn SubmitProtocol,
        turn: OffsetDateTime,
    ) -> SubmitOutcome {
        let (mut first, mut token) = (Some(turn), None);
        let mut step = protocol.start();
        loop {
            let (request, wait, otherwise) = match step {
                SubmitStep::Send(request) => (request, Duration::ZERO, None),
                SubmitStep::SendAfter { otherwise, .. } if self.had_its_last_chance(&otherwise) => {
                    return SubmitOutcome::Refused(otherwise);
                }
                SubmitStep::SendAfter { wait, request, otherwise } => (request, wait, Some(otherwise)),
                SubmitStep::Authorize { refused } => {
                    let unfit = token.take().filter(|_| refused);
                    let fresh = match self.provider_client.token(unfit.as_ref()).await {
                        Ok(fresh) => fresh,
                        Err(error) => return SubmitOutcome::Refused(error),
                    };
                    step = protocol.on_token(&fresh);
                    token = Some(fresh);
                    continue;
                }
                SubmitStep::Store(notes) => {
                    let noted = Event::Noted { notes };
                    match self.records.apply(self.job, &noted, OffsetDateTime::now_utc()).await {
                        Ok((job, _)) if job.status == Status::Cancelled => {
                            return SubmitOutcome::Refused(cancelled());
                        }
                        Ok(_) => {}
                        Err(error) => return SubmitOutcome::Refused(error),
                    }
                    step = protocol.on_stored();
                    continue;
                }
                SubmitStep::Accepted(provider_job_id) => {
                    return SubmitOutcome::Accepted(Event::Accepted { provider_job_id });
                }
                SubmitStep::Done { provider_job_id, outcome } => {
                    return SubmitOutcome::Done(Event::Accepted { provider_job_id }, outcome);
                }
                SubmitStep::OutcomeUnknown(error) => {
                    error.log("the provider may or may not have taken the work");
                    let error = error.for_record(OffsetDateTime::now_utc());
                    return SubmitOutcome::Unknown(Event::OutcomeUnknown { error });
                }
                SubmitStep::Refused(error) => return self.refused(error).await,
            };
            if let Err(asked) = self.turn(first.take(), wait, otherwise).await {
                return *asked;
            }
            step = protocol.on_response(self.provider_client.send(request).await);
        }
    }

    /// Waits for the turn of a request: the one it has, or another one after a refusal and what it asked to wait.
    ///
    /// A job that waits although no work was done is recorded as waiting, and as being asked for again right before the
    /// request. Should this invocation die in between, the sweep lets the job be asked for; left as `submitting`, nobody
    /// could tell it from one that the provider may have taken.
    async fn turn(
        &self,
        taken: Option<OffsetDateTime>,
        wait: Duration,
        refusal: Option<Error>,
    ) -> Result<(), Box<SubmitOutcome>> {
        let turn = match taken {
            Some(turn) => Ok(Reservation::At(turn)),
            None => self.next_turn(wait, refusal.as_ref()).await,
        };
        let (turn, refusal) = self.came(turn, refusal)?;
        let refused = taken.is_none() && refusal.is_some();
        if refused && let Some(why) = &refusal {
            let event = Event::Deferred { error: Some(waits_for(why, OffsetDateTime::now_utc())) };
            self.recorded(&event, turn, &refusal).await?;
        }
        if refused || taken.is_some() && self.waiting {
            sleep_until(turn - LOOKAHEAD).await;
            self.recorded(&Event::Begun, turn, &refusal).await?;
        }
        let come = self.rate_limiter.wait_for(turn).await;
        self.came(come, refusal).map(|_| ())
    }

    /// Takes a turn after what the provider asked to wait.
    async fn next_turn(&self, wait: Duration, refusal: Option<&Error>) -> Result<Reservation, Error> {
        let from = OffsetDateTime::now_utc() + wait.min(MAX_PAUSE);
        if refusal.is_some_and(|refusal| refusal.class == ErrorClass::ProviderThrottled) {
            self.rate_limiter.pause_until(from).await;
        }
        match refusal {
            Some(_) => self.rate_limiter.reserve(from).await,
            None => self.rate_limiter.reserve_until_deadline(from).await,
        }
    }

    /// The moment of a turn, or what becomes of a job whose turn is too far away.
    fn came(
        &self,
        turn: Result<Reservation, Error>,
        refusal: Option<Error>,
    ) -> Result<(OffsetDateTime, Option<Error>), Box<SubmitOutcome>> {
        match turn {
            Ok(Reservation::At(turn)) => Ok((turn, refusal)),
            Ok(Reservation::NotBefore(at)) if self.rate_limiter.is_limited() => {
                Err(Box::new(SubmitOutcome::Later(Postponement { at, why: refusal, recorded: false })))
            }
            Ok(Reservation::NotBefore(_)) => {
                Err(Box::new(SubmitOutcome::Refused(refusal.unwrap_or_else(late))))
            }
            Err(error) => Err(Box::new(SubmitOutcome::Refused(refusal.unwrap_or(error)))),
        }
    }

    /// Records that the job waits, or waits no longer. Of those who want to ask for it only one moves it on.
    async fn recorded(
        &self,
        event: &Event,
        turn: OffsetDateTime,
        refusal: &Option<Error>,
    ) -> Result<(), Box<SubmitOutcome>> {
        let asked = match self.records.apply(self.job, event, OffsetDateTime::now_utc()).await {
            Ok((_, Change::Moved)) => return Ok(()),
            Ok((job, _)) => SubmitOutcome::Moved(Box::new(job)),
            // It may have been written all the same, and then the job is asked for later: no refusal may be told.
            Err(error) => {
                error.log("that a job waits for its turn is not recorded");
                let why = refusal.as_ref().map(|refusal| refusal.for_record(turn).again());
                SubmitOutcome::Later(Postponement { at: turn, why, recorded: true })
            }
        };
        self.rate_limiter.release(turn).await;
        Err(Box::new(asked))
    }

    /// A refusal that lasts is probed once; the probe may have been the first request of another invocation.
    fn had_its_last_chance(&self, refusal: &Error) -> bool {
        !refusal.retryable() && self.refused_before == Some(refusal.class)
    }

    /// A provider that goes on throttling is left alone, and the job waits.
    async fn refused(&self, error: Error) -> SubmitOutcome {
        if error.class != ErrorClass::ProviderThrottled || !self.rate_limiter.is_limited() {
            return SubmitOutcome::Refused(error);
        }
        let wait = Duration::from_secs(error.retry_after.unwrap_or(1)).min(MAX_PAUSE);
        let at = OffsetDateTime::now_utc() + wait;
        self.rate_limiter.pause_until(at).await;
        SubmitOutcome::Later(Postponement { at, why: Some(error), recorded: false })
    }
}

/// The work is not wanted any more, and was not asked for.
fn cancelled() -> Error {
    Error::new(ErrorClass::JobConflict, "the job was cancelled before the provider was asked for its work")
}

/// There is no time to ask.
pub(crate) fn late() -> Error {
    let message = "there was no time left to ask the provider; nothing was submitted";
    Error::new(ErrorClass::StorageUnavailable, message).retry_after(5)
}
