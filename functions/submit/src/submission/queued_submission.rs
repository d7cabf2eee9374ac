//! Use case: a job that waited is asked for in its turn.
//!
//! The queue may bring a message twice, late, or for a job that has gone on. Only the job's record says whether it
//! waits, and only the one who moves it from `waiting` to `submitting` asks. A turn is taken when the job is about
//! to be asked for and not when it is made, so a queue that stood still for a while has no turns that were missed.

use std::time::Duration;

use futures_util::future::join_all;
use job_store::Reservation;
use model::{Change, Error, ErrorClass, Event, Job, JobId};
use provider_client::{LOOKAHEAD, MAX_PAUSE, sleep_until};
use providers::{Provider, SubmitProtocol};
use queues::QueuedSubmission;
use runtime::{QueueMessage, QueueReply, Segment, work_item_span};
use time::OffsetDateTime;
use tracing::Instrument;

use crate::{
    App,
    submission::{
        deferred_submission::{DeferOutcome, TIMEOUT, waited_out},
        submit_attempt::{Postponement, SubmitAttempt, SubmitOutcome},
    },
};

/// The first wait before a message comes back that failed, in seconds; doubles up to the longest.
const FIRST_WAIT: u32 = 5;
const MAX_DELAY_SECONDS: u32 = 900;

/// How long a job is left alone for which there is no slot: until the next sweep, which sends it here again.
const NO_SLOT: time::Duration = time::Duration::seconds(50);

/// How long a job waits that was refused for the moment without a word on how long.
const LATER: u64 = 30;

impl App {
    /// Works through a batch side by side, since most of a job's time is waiting. What failed comes back.
    pub(crate) async fn work(&self, messages: Vec<QueueMessage>, deadline: OffsetDateTime) -> QueueReply {
        let dealt_with = |message| self.dealt_with(message, deadline).instrument(work_item_span());
        let worked = join_all(messages.into_iter().map(dealt_with)).await;
        let mut reply = QueueReply::default();
        worked.into_iter().flatten().for_each(|failed| reply.failed(failed));
        reply
    }

    /// Deals with one message. Returns its id when it failed.
    async fn dealt_with(&self, message: QueueMessage, deadline: OffsetDateTime) -> Option<String> {
        let Err(error) = self.take_up(&message.body, deadline).await else { return None };
        error.log("a waiting job was not dealt with, it comes back");
        let doublings = message.receive_count.saturating_sub(1).min(16);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(MAX_DELAY_SECONDS);
        if let Err(error) = self.submissions.hide(&message.receipt_handle, wait).await {
            error.log("a waiting job comes back only after the queue's own timeout");
        }
        Some(message.id)
    }

    async fn take_up(&self, body: &str, deadline: OffsetDateTime) -> Result<(), Error> {
        let id = QueuedSubmission::read(body)?.job_id;
        runtime::set_job(id);
        let Some(job) = self.records.get(id).await?.filter(|job| job.status == model::Status::Waiting) else {
            return Ok(());
        };
        let provider = providers::find(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "a waiting job names no known provider"))?;
        runtime::set_provider(provider.name());
        // Before the job is taken: one that cannot be asked for since something is not configured goes on waiting.
        let protocol = self.submit_protocol(provider, id, &job.kind, &job.request).await?;
        match self.admit(&job, provider).await {
            Ok(true) => self.ask_in_turn(job, provider, protocol, deadline).await,
            Ok(false) => self.left_alone(id).await,
            // Another job is at the same thing since the table forgot this one.
            Err(error) if error.class == ErrorClass::ProviderConflict => {
                self.end(job, &error, deadline).await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Asks for a job that waited, once its turn has come.
    async fn ask_in_turn(
        &self,
        job: Job,
        provider: &'static dyn Provider,
        mut protocol: Box<dyn SubmitProtocol>,
        deadline: OffsetDateTime,
    ) -> Result<(), Error> {
        let id = job.id;
        let rate_limiter = self.rate_limiter(provider, TIMEOUT, deadline);
        let turn = match rate_limiter.reserve(OffsetDateTime::now_utc()).await? {
            Reservation::At(turn) => turn,
            Reservation::NotBefore(free_at) => return self.enqueue(&job, free_at).await,
        };
        // A crash before this leaves a job that waits, and its message comes back.
        sleep_until(turn - LOOKAHEAD).await;
        let (job, change) = self.records.apply(id, &Event::Begun, OffsetDateTime::now_utc()).await?;
        if change != Change::Moved {
            rate_limiter.release(turn).await;
            return Ok(());
        }
        let segment = Segment::of(job.trace.as_ref(), "Landfall submission");
        let refused_before = job.error.as_ref().map(|error| error.class);
        let asking = SubmitAttempt {
            provider_client: self.provider_client(provider, Some(id), deadline),
            rate_limiter: &rate_limiter,
            records: &self.records,
            job: id,
            refused_before,
            waiting: false,
        };
        let asked = asking.lead(protocol.as_mut(), turn).await;
        self.trace(segment, Ok(&job));
        self.settle(job, asked, deadline).await
    }

    /// There is no slot for a job: it is looked at again with the next sweep.
    async fn left_alone(&self, id: JobId) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        let checked = Event::Checked { next: now + NO_SLOT, answered: true };
        self.records.apply(id, &checked, now).await.map(|_| ())
    }

    /// Records what came of asking for a job that waited.
    async fn settle(&self, job: Job, asked: SubmitOutcome, deadline: OffsetDateTime) -> Result<(), Error> {
        match asked {
            SubmitOutcome::Accepted(event) | SubmitOutcome::Unknown(event) => {
                self.record(job, event, deadline).await;
                Ok(())
            }
            SubmitOutcome::Done(accepted, outcome) => {
                self.done(job, accepted, outcome, deadline).await;
                Ok(())
            }
            SubmitOutcome::Later(later) => self.again(job, later, deadline).await,
            SubmitOutcome::Moved(_) => Ok(()),
            SubmitOutcome::Refused(error) if error.retryable() => {
                let wait = Duration::from_secs(error.retry_after.unwrap_or(LATER)).min(MAX_PAUSE);
                let at = OffsetDateTime::now_utc() + wait;
                self.again(job, Postponement { at, why: Some(error), recorded: false }, deadline).await
            }
            SubmitOutcome::Refused(error) => {
                self.end(job, &error, deadline).await;
                Ok(())
            }
        }
    }

    /// A job that was refused for the moment, or missed its turn, waits again. Not for ever: who waits longer than a
    /// day for a provider is better told than left to hope.
    async fn again(&self, job: Job, later: Postponement, deadline: OffsetDateTime) -> Result<(), Error> {
        if let Some(why) = later.why.as_ref().filter(|_| waited_out(&job, &later)) {
            self.end(job, why, deadline).await;
            return Ok(());
        }
        match self.defer(&job, &later, deadline).await? {
            DeferOutcome::Waiting(job) => self.enqueue(&job, later.at).await,
            DeferOutcome::Moved(_) => Ok(()),
        }
    }

    /// Records a refusal on the job, since its caller has gone.
    async fn end(&self, job: Job, error: &Error, deadline: OffsetDateTime) {
        error.log("a waiting job was refused");
        let event = Event::Refused { error: error.for_record(OffsetDateTime::now_utc()) };
        self.record(job, event, deadline).await;
    }
}
