//! Use case: claim the job, ask the provider in its turn, record the provider job id.
//!
//! The order matters. The job exists before the provider is asked, so that a callback which overtakes the
//! answer finds it; and the provider is asked only by the one who made the job, so that a repeated request
//! bills once. A job whose turn has not come is made as one that waits: should its maker die before it has asked, the
//! sweep lets the job be asked for. One whose turn is too far away is put on the queue right away.

pub(crate) mod deferred_submission;
pub(crate) mod exclusive_lock;
pub(crate) mod idempotency;
pub(crate) mod notify_field;
pub(crate) mod queued_submission;
pub(crate) mod record_outcome;
pub(crate) mod request;
pub(crate) mod submission_context;
pub(crate) mod submit_attempt;
pub(crate) mod synchronous_job;
pub(crate) mod webhook_signing;

use job_store::{IdempotencyKey, Reservation};
use model::{Error, Event, Job, JobId, NewJob, Origin};
use provider_client::{LOOKAHEAD, RateLimiter};
use time::OffsetDateTime;

use crate::{
    App,
    submission::{
        deferred_submission::DeferOutcome,
        idempotency::{claim, free, send_away, undo},
        record_outcome::time_to_record,
        request::Request,
        submit_attempt::{Postponement, SubmitAttempt, SubmitOutcome, late},
        synchronous_job::SynchronousJob,
    },
};

impl App {
    /// Makes a job of a request, unless the request was made before.
    pub(crate) async fn submit(&self, request: Request, deadline: OffsetDateTime) -> Result<Job, Error> {
        // Whatever is not configured is found before anything is written.
        let request = self.completed(request).await?;
        self.can_be_told(&request.audience).await?;
        let (provider, id) = (request.provider, JobId::generate());
        runtime::set_job(id);
        runtime::set_provider(provider.name());
        let asked_for = (&request.order.kind, &request.order.request);
        let mut protocol = self.submit_protocol(provider, id, asked_for.0, asked_for.1).await?;
        let rate_limiter = self.rate_limiter(provider, self.config.longest_wait, deadline);

        let (key, audience) = (request.key.clone(), request.audience.clone());
        let retry_of = request.retry_of;
        let mut job = Job::new(new_job(id, request)).traced(runtime::trace()).telling(audience);
        job.retries.of = retry_of;
        let turn = match rate_limiter.reserve(OffsetDateTime::now_utc()).await? {
            Reservation::At(turn) => turn,
            Reservation::NotBefore(_) if !rate_limiter.is_limited() => return Err(late()),
            Reservation::NotBefore(free_at) => return self.wait(job, key.as_ref(), free_at, deadline).await,
        };
        let waiting = turn - OffsetDateTime::now_utc() > LOOKAHEAD;
        if waiting {
            job = job.waiting();
        }
        if let Some(before) = self.claim_in_turn(&job, key.as_ref(), &rate_limiter, turn).await? {
            return self.found(before, &job, deadline).await;
        }
        let admitted = self.admit(&job, provider).await;
        if !matches!(admitted, Ok(true)) {
            rate_limiter.release(turn).await;
            return self.turned_away(job, key.as_ref(), admitted.err(), deadline).await;
        }
        let asking = SubmitAttempt {
            provider_client: self.provider_client(provider, Some(id), deadline),
            rate_limiter: &rate_limiter,
            records: &self.records,
            job: id,
            refused_before: None,
            waiting,
        };
        let asked = asking.lead(protocol.as_mut(), turn).await;
        job.apply(Event::Begun, OffsetDateTime::now_utc());
        self.answered(job, key.as_ref(), asked, deadline).await
    }

    /// Records what came of asking the provider, and answers the caller.
    async fn answered(
        &self,
        job: Job,
        key: Option<&IdempotencyKey>,
        asked: SubmitOutcome,
        deadline: OffsetDateTime,
    ) -> Result<Job, Error> {
        match asked {
            SubmitOutcome::Accepted(event) | SubmitOutcome::Unknown(event) => {
                Ok(self.record(job, event, deadline).await)
            }
            SubmitOutcome::Done(accepted, outcome) => {
                let SynchronousJob { job, handed_over } = self.done(job, accepted, outcome, deadline).await;
                // Files that nobody was told of land with the next sweep, which no caller waits for.
                Ok(if handed_over { self.landed(job, deadline).await } else { job })
            }
            SubmitOutcome::Later(later) => self.put_back(job, key, later, deadline).await,
            SubmitOutcome::Moved(job) => Ok(*job),
            SubmitOutcome::Refused(error) => Err(self.refuse(job, key, error, deadline).await),
        }
    }

    /// Fills in what a request takes from the results of another job. One that is made again was filled in before.
    async fn completed(&self, request: Request) -> Result<Request, Error> {
        let of_job = request.order.of_job().filter(|_| request.retry_of.is_none());
        let Some(of) = of_job else { return Ok(request) };
        let name = request.provider_name();
        let job = self.records.get(of).await?.filter(|job| job.provider == name);
        let job = job.ok_or_else(|| Error::invalid("of_job", "expected the id of a job of this provider"))?;
        Ok(Request { order: request.provider.complete_order(request.order, &job)?, ..request })
    }

    /// Claims a job whose turn is taken. The turn goes back when the job is not ours to ask for.
    async fn claim_in_turn(
        &self,
        job: &Job,
        key: Option<&IdempotencyKey>,
        rate_limiter: &RateLimiter<'_>,
        turn: OffsetDateTime,
    ) -> Result<Option<Job>, Error> {
        let claimed = claim(&self.records, job, key).await;
        if !matches!(claimed, Ok(None)) {
            rate_limiter.release(turn).await;
        }
        claimed
    }

    /// Makes a job that waits.
    async fn wait(
        &self,
        job: Job,
        key: Option<&IdempotencyKey>,
        free_at: OffsetDateTime,
        deadline: OffsetDateTime,
    ) -> Result<Job, Error> {
        let job = job.waiting();
        if let Some(before) = claim(&self.records, &job, key).await? {
            return self.found(before, &job, deadline).await;
        }
        let taken = match providers::find(job.provider.as_str()) {
            Some(provider) => self.take_place(&job, provider).await,
            None => Ok(()),
        };
        match taken {
            Ok(()) => self.queue(job, key, free_at, deadline).await,
            Err(error) => Err(self.refuse(job, key, error, deadline).await),
        }
    }

    /// A job that cannot be asked for is refused if there is a reason, and waits if there is no slot: the sweep has it
    /// looked at from time to time.
    async fn turned_away(
        &self,
        job: Job,
        key: Option<&IdempotencyKey>,
        why: Option<Error>,
        deadline: OffsetDateTime,
    ) -> Result<Job, Error> {
        if let Some(error) = why {
            return Err(self.refuse(job, key, error, deadline).await);
        }
        let later = Postponement { at: OffsetDateTime::now_utc(), why: None, recorded: false };
        match self.defer(&job, &later, deadline).await {
            Ok(DeferOutcome::Waiting(job) | DeferOutcome::Moved(job)) => Ok(job),
            Err(error) => Err(self.refuse(job, key, error, deadline).await),
        }
    }

    /// A job that was being asked for waits after all.
    async fn put_back(
        &self,
        job: Job,
        key: Option<&IdempotencyKey>,
        later: Postponement,
        deadline: OffsetDateTime,
    ) -> Result<Job, Error> {
        match self.defer(&job, &later, deadline).await {
            Ok(DeferOutcome::Waiting(waiting)) => {
                // Only those who came with this request hear of its failure.
                let job = Job { audience: job.audience, ..waiting };
                self.queue(job, key, later.at, deadline).await
            }
            Ok(DeferOutcome::Moved(job)) => Ok(job),
            Err(error) if later.recorded => {
                error.log("a job that waits is not queued; the sweep does it");
                Ok(job.waiting())
            }
            Err(error) => Err(self.refuse(job, key, later.why.unwrap_or(error), deadline).await),
        }
    }

    /// Puts a waiting job on the queue. One that the queue does not take is undone: nobody would ask for it.
    async fn queue(
        &self,
        job: Job,
        key: Option<&IdempotencyKey>,
        free_at: OffsetDateTime,
        deadline: OffsetDateTime,
    ) -> Result<Job, Error> {
        let queued = tokio::time::timeout(time_to_record(deadline), self.enqueue(&job, free_at)).await;
        let Err(error) = queued.unwrap_or_else(|_| Err(late())) else { return Ok(job) };
        let undone = undo(&self.records, &job, key, &error);
        if tokio::time::timeout(time_to_record(deadline), undone).await.is_err() {
            error.log("a job that nobody will ask for is not undone");
        }
        Err(error.about(job.id))
    }

    /// Records a refusal, for a caller that is still there to hear it.
    async fn refuse(
        &self,
        job: Job,
        key: Option<&IdempotencyKey>,
        error: Error,
        deadline: OffsetDateTime,
    ) -> Error {
        let id = job.id;
        let sent_away = send_away(&self.records, &job);
        if tokio::time::timeout(time_to_record(deadline), sent_away).await.is_err() {
            tracing::warn!(job_id = %id, "a workflow that heard of a refusal is told of it again");
        }
        let event = Event::Refused { error: error.for_record(OffsetDateTime::now_utc()) };
        self.record(job, event, deadline).await;
        if error.retryable() {
            // The caller is told to come back, and then shall find the way free.
            let freed = free(&self.records, id, key);
            let _ = tokio::time::timeout(time_to_record(deadline), freed).await;
        }
        error.about(id)
    }
}

fn new_job(id: JobId, request: Request) -> NewJob {
    NewJob {
        id,
        provider: request.provider_name(),
        kind: request.order.kind,
        request: request.order.request,
        expected: request.order.expected,
        metadata: request.metadata,
        unpack: request.unpack,
        origin: Origin::Submitted,
    }
}
