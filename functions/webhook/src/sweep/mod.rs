//! The worker: look after jobs that stayed silent too long.
//!
//! A schedule runs it every minute. It finds the jobs that are due by an index, settles those whose maker died, sends
//! those on that a queue lost, asks the provider about work that can be asked about, and lets the rest expire. Every job
//! that was looked at is due later than before, so a sweep always comes to an end. It also tells others what a crash or
//! an outage left untold, and gives those who wait for a job a sign of life.

pub(crate) mod oldest_active_job;
pub(crate) mod poll;
pub(crate) mod poll_schedule;

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use model::{Change, Error, ErrorClass, Event, Job, JobId, Status};
use providers::PollStatus;
use queues::DeliveryQueueMessage;
use serde::Serialize;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use tracing::Instrument;

use crate::{notifications::UnreachableTargets, sweep::poll::PollOutcome, worker::Worker};

/// Jobs looked after at once. The provider's pace is kept by everybody's turns, whatever this is.
const CONCURRENCY: usize = 4;
/// Jobs of one partition of the index that are fetched at once.
const PAGE: i32 = 25;
/// What is left of the time for the last job that is begun.
const RESERVE: Duration = Duration::seconds(25);
/// No invocation lives this long, so whoever was asking the provider is gone.
const NOBODY_ASKS_ANY_MORE: Duration = Duration::seconds(90);
/// How long a job is put off that cannot be looked after: until the next sweep.
const PUT_OFF: Duration = Duration::seconds(50);
/// The longest look ahead: a week.
const MAX_LOOKAHEAD_SECONDS: u64 = 7 * 24 * 3600;

/// What the jobs of one look at the index have in common.
#[derive(Debug)]
struct Round {
    /// Jobs that are due later are left alone.
    until: OffsetDateTime,
    /// When the last job is begun.
    latest: OffsetDateTime,
    /// Who could not be told before.
    deaf: UnreachableTargets,
}

/// A sweep, as it is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sweep {
    /// Jobs that will be due within this time are looked after, too.
    ahead: Duration,
}

/// What a sweep did.
#[derive(Debug, Default, Serialize)]
pub(crate) struct SweepReport {
    checked: u64,
    moved: u64,
    /// Whether jobs that are due were left for the next sweep.
    unfinished: bool,
}

impl Sweep {
    /// Reads `{"command": "sweep"}`, which may name seconds to look ahead: `"ahead_seconds": 3600`.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`] naming the field.
    pub(crate) fn read(command: &str, mut fields: Map<String, Value>) -> Result<Self, Error> {
        if command != "sweep" {
            return Err(Error::invalid("command", "expected \"sweep\""));
        }
        let ahead = match fields.remove("ahead_seconds") {
            None | Some(Value::Null) => 0,
            Some(value) => value
                .as_u64()
                .filter(|seconds| *seconds <= MAX_LOOKAHEAD_SECONDS)
                .ok_or_else(|| Error::invalid("ahead_seconds", "expected seconds from 0 to 604800"))?,
        };
        match fields.keys().next() {
            Some(unknown) => Err(Error::invalid(unknown, "unknown field")),
            None => Ok(Self { ahead: Duration::seconds(ahead.cast_signed()) }),
        }
    }
}

impl Worker {
    /// Looks after the jobs that are due, as many as the time allows.
    pub(crate) async fn sweep(&self, sweep: Sweep, deadline: OffsetDateTime) -> Result<SweepReport, Error> {
        let now = OffsetDateTime::now_utc();
        let latest = (deadline - RESERVE).min(now + self.config.sweep.longest).max(now);
        let (mut swept, mut seen) = (SweepReport::default(), HashSet::new());
        let mut round = Round { until: now, latest, deaf: UnreachableTargets::default() };
        loop {
            let until = OffsetDateTime::now_utc() + sweep.ahead;
            round.until = until;
            let due: Vec<JobId> = self.records.due(until, PAGE).await?;
            // Looked at already, and still in the index because it lags, or because looking ahead finds it again.
            let new: Vec<JobId> = due.into_iter().filter(|id| seen.insert(*id)).collect();
            if new.is_empty() {
                break;
            }
            let looked =
                stream::iter(new).map(|id| self.look_after(id, &round).instrument(runtime::work_item_span()));
            let looked: Vec<SweepOutcome> = looked.buffer_unordered(CONCURRENCY).collect().await;
            let count =
                |which: &[SweepOutcome]| looked.iter().filter(|looked| which.contains(looked)).count() as u64;
            swept.checked += count(&[SweepOutcome::Moved, SweepOutcome::Stayed]);
            swept.moved += count(&[SweepOutcome::Moved]);
            // One that cannot be looked after must not keep the others from it, neither now nor in every sweep.
            swept.unfinished |= count(&[SweepOutcome::Failed, SweepOutcome::NotNow]) > 0;
            if OffsetDateTime::now_utc() >= latest || count(&[SweepOutcome::NotNow]) > 0 {
                swept.unfinished = true;
                break;
            }
        }
        let (checked, moved) = (swept.checked, swept.moved);
        tracing::info!(metric = "JobsSwept", count = checked, moved, unfinished = swept.unfinished, "swept");
        self.measure_the_oldest().await;
        Ok(swept)
    }

    async fn look_after(&self, id: JobId, round: &Round) -> SweepOutcome {
        runtime::set_job(id);
        match self.look_at(id, round).await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::error!(
                    error = error.class.name(),
                    causes = error.causes(),
                    "a job cannot be looked after"
                );
                self.put_off(id).await;
                SweepOutcome::Failed
            }
        }
    }

    /// Makes room at the head of the index, where such jobs would gather and keep others from being found.
    async fn put_off(&self, id: JobId) {
        let now = OffsetDateTime::now_utc();
        if let Err(error) = self.checked(id, now, now + PUT_OFF, false).await {
            error.log("a job that cannot be looked after stays at the head of those that are due");
        }
    }

    async fn look_at(&self, id: JobId, round: &Round) -> Result<SweepOutcome, Error> {
        let now = OffsetDateTime::now_utc();
        let Some(job) = self.records.get(id).await? else { return Ok(SweepOutcome::Stayed) };
        runtime::set_provider(job.provider.as_str());
        if job.due().is_none_or(|at| at > round.until) {
            return Ok(SweepOutcome::Stayed);
        }
        if now >= round.latest {
            return Ok(SweepOutcome::NotNow);
        }
        if job.outbox.due.is_some_and(|at| at <= round.until) {
            self.make_up(&job, &round.deaf).await?;
        }
        if job.audience.sign_at.is_some_and(|at| at <= round.until) {
            self.give_sign(&job, &round.deaf.workflows).await?;
        }
        if job.check.at.is_none_or(|at| at > round.until) {
            return Ok(SweepOutcome::Stayed);
        }
        match job.status {
            Status::Waiting => {
                let looked = self.is_sent_again(&job, now).await?;
                self.submissions.send(id, now, now).await.map(|()| looked)
            }
            Status::Submitting if now - job.updated_at > NOBODY_ASKS_ANY_MORE => {
                self.happened(&job, interrupted(now)).await
            }
            Status::Submitting => self.later(&job, now, job.updated_at + NOBODY_ASKS_ANY_MORE).await,
            Status::Received => {
                let looked = self.is_sent_again(&job, now).await?;
                self.inbox.send(&DeliveryQueueMessage::Continuation(id), 0).await.map(|()| looked)
            }
            Status::Submitted | Status::Unknown | Status::Rendering => self.ask(job, round.latest).await,
            Status::Landing => self.look_at_landing(&job, round.until, now).await,
            // No longer silent; the index lags.
            Status::Stored | Status::Partial | Status::Failed | Status::Expired | Status::Cancelled => {
                Ok(SweepOutcome::Stayed)
            }
        }
    }

    /// Asks about work that the provider has, or lets it expire.
    pub(crate) async fn ask(&self, job: Job, latest: OffsetDateTime) -> Result<SweepOutcome, Error> {
        let provider = providers::find(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "the job's provider is not known any more"))?;
        let inquired = self.inquire(provider, &job, latest).await?;
        let now = OffsetDateTime::now_utc();
        let end = poll_schedule::end(provider, &job, &inquired, self.config.sweep.expiry);
        match inquired {
            PollOutcome::NoTime => Ok(SweepOutcome::NotNow),
            PollOutcome::Answered(PollStatus::Told(event)) => self.happened(&job, event).await,
            PollOutcome::Answered(PollStatus::Gone(error)) => {
                let error = error.for_record(now);
                self.happened(&job, Event::Failed { error, missing: vec![] }).await
            }
            _ if now >= end => self.happened(&job, expired(&job, now)).await,
            PollOutcome::CannotBe => self.later(&job, now, end).await,
            PollOutcome::Answered(PollStatus::Found { provider_job_id, notes }) => {
                self.note(&job, notes, now).await?;
                self.happened(&job, Event::Accepted { provider_job_id }).await
            }
            PollOutcome::Answered(PollStatus::Working { percent, notes }) => {
                self.note(&job, notes, now).await?;
                if let Some(percent) = percent {
                    let (job, _) = self.records.apply(job.id, &Event::Progressed { percent }, now).await?;
                    self.tell(&job).await;
                }
                self.later(&job, now, poll_schedule::next(provider, &job, now).min(end)).await
            }
            PollOutcome::Unanswered(error, wait) => {
                error.log("the provider does not say how work stands");
                let next = poll_schedule::next_unanswered(provider, &job, now).max(now + wait);
                self.checked(job.id, now, next.min(end), false).await
            }
        }
    }

    async fn note(
        &self,
        job: &Job,
        notes: Option<Map<String, Value>>,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        match notes {
            Some(notes) => self.records.apply(job.id, &Event::Noted { notes }, now).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Notes that a job's message is about to be sent again. Before that, so that whoever takes the message up has the last
    /// word on when the job is looked at next.
    async fn is_sent_again(&self, job: &Job, now: OffsetDateTime) -> Result<SweepOutcome, Error> {
        self.checked(job.id, now, poll_schedule::lost_message(job, now), false).await
    }

    async fn later(
        &self,
        job: &Job,
        now: OffsetDateTime,
        next: OffsetDateTime,
    ) -> Result<SweepOutcome, Error> {
        self.checked(job.id, now, next, true).await
    }

    /// Notes when a job is looked at next, and whether there was an answer this time.
    async fn checked(
        &self,
        id: JobId,
        now: OffsetDateTime,
        next: OffsetDateTime,
        answered: bool,
    ) -> Result<SweepOutcome, Error> {
        self.records.apply(id, &Event::Checked { next, answered }, now).await.map(|_| SweepOutcome::Stayed)
    }

    /// Lets something happen to a job, and lands it when that made its files ready.
    async fn happened(&self, job: &Job, event: Event) -> Result<SweepOutcome, Error> {
        let event = self.short(job.id, event).await?;
        let (after, change) = self.records.apply(job.id, &event, OffsetDateTime::now_utc()).await?;
        if after.status == Status::Received {
            self.inbox.send(&DeliveryQueueMessage::Continuation(job.id), 0).await?;
        }
        let (before, status) = (job.status.as_str(), after.status.as_str());
        tracing::info!(before, status, "a silent job was settled");
        self.tell(&after).await;
        Ok(if change == Change::Moved { SweepOutcome::Moved } else { SweepOutcome::Stayed })
    }
}

/// What came of looking at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SweepOutcome {
    /// It moved on.
    Moved,
    /// It is looked at again later.
    Stayed,
    /// It could not be looked at: something of ours is in trouble, or its record is damaged.
    Failed,
    /// It was not looked at: the time is over.
    NotNow,
}

fn interrupted(now: OffsetDateTime) -> Event {
    let message =
        "the request to the provider was interrupted; the work may be under way, and is not asked for again";
    Event::OutcomeUnknown { error: Error::new(ErrorClass::ProviderOutcomeUnknown, message).for_record(now) }
}

fn expired(job: &Job, now: OffsetDateTime) -> Event {
    let hours = (now - job.created_at).whole_hours();
    // Not every work has a callback.
    let message = match job.provider_job_id {
        Some(_) => {
            format!("nothing was heard of the work for {hours} hours; it lands if word of it still comes")
        }
        None => format!(
            "whether the provider took the work was never learnt, and nothing was heard of it for {hours} hours; it \
             lands if word of it still comes"
        ),
    };
    Event::Expired { error: Error::new(ErrorClass::ProviderSilent, message).for_record(now) }
}
