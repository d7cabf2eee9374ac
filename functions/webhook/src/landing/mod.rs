//! The worker: bring the files of a finished job into the bucket, under a lease, and record how it ended.

pub mod archive;
pub(crate) mod cancelled_landing;
pub(crate) mod completeness;
pub(crate) mod file_set;
pub(crate) mod landing_context;
pub(crate) mod lease_renewal;
pub(crate) mod manifest;
pub(crate) mod stalled_landing;
pub mod transfer;
pub(crate) mod truncation;

use std::time::Duration;

use job_store::{Lease, LeaseAttempt};
use model::{Change, Error, ErrorClass, Event, Job, JobId, SlowAttempt, SourceRole};
use providers::PollStatus;
use queues::DeliveryQueueMessage;
use runtime::{Segment, SegmentId};
use time::OffsetDateTime;

use crate::{
    landing::{
        completeness::LandingOutcome,
        landing_context::bring,
        lease_renewal::{LeasedOutcome, watch},
        transfer::{LandingProgress, SourceRate},
    },
    sweep::poll::PollOutcome,
    worker::{Receipt, RetryLater, Worker},
};

/// How often the provider is asked for other places of files that are gone.
const MAX_SOURCE_REFRESHES: u32 = 3;
/// The wait before a file is fetched again from where it was not.
const SAME_PLACE: Duration = Duration::from_secs(1);
/// What is left of the invocation for bringing the files in.
const MIN_TIME_LEFT: time::Duration = time::Duration::seconds(30);

/// Why a landing ended before its end.
struct Stopped {
    error: Error,
    /// Set when the source was too slow.
    slow: Option<SlowAttempt>,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self { error, slow: None }
    }
}

impl Worker {
    /// Lands a job if its files are ready, and nobody else is at it. `callback` is what made them ready.
    pub(crate) async fn land(
        &self,
        id: JobId,
        receipt: &Receipt,
        callback: Option<&SegmentId>,
    ) -> Result<(), RetryLater> {
        let now = OffsetDateTime::now_utc();
        let (lease, job, again) = match self.records.lease(id, self.config.lease, now).await? {
            LeaseAttempt::Held { lease, job, again } => (lease, job, again),
            // Its message may be the only one that is left, so this one must not be dropped.
            LeaseAttempt::Busy(wait) => return Err(RetryLater::after(wait + Duration::from_millis(500))),
            LeaseAttempt::Idle(job) => {
                self.clear_up(&job).await;
                self.tell(&job).await;
                return Ok(());
            }
        };
        runtime::set_provider(job.provider.as_str());
        let segment = Segment::of(job.trace.as_ref(), "Landfall landing").after(callback);
        // Side by side: files need not wait until others know that they are coming.
        // Boxed, since both together are more than a small stack holds.
        let landing = Box::pin(self.land_leased(&lease, &job, again, receipt));
        let ((), ended) = tokio::join!(Box::pin(self.tell(&job)), landing);
        let landed = match ended {
            Ok(LeasedOutcome::Done(event)) => self.finish(&lease, event).await.map(Some),
            Ok(LeasedOutcome::OutOfTime) => self.go_on_later(&lease).await.map(|()| None),
            Err(Stopped { error: lost, .. }) if lost.class == ErrorClass::LandingBusy => Err(lost),
            Err(stopped) if stopped.error.retryable() => Err(self.postpone(&lease, stopped).await),
            Err(Stopped { error, .. }) => {
                error.log("landing failed for good");
                let error = error.for_record(OffsetDateTime::now_utc());
                let event = Event::LandingFailed { archive: None, error };
                self.finish(&lease, event).await.map(Some)
            }
        };
        self.trace_landing(segment, id, landed.as_ref());
        match landed {
            Err(lost) if lost.class == ErrorClass::LandingBusy => self.lost(id, lost).await,
            landed => landed.map(|_| ()).map_err(RetryLater::from),
        }
    }

    /// Tells the trace of the job's request of a landing.
    fn trace_landing(&self, mut segment: Segment, id: JobId, landed: Result<&Option<Job>, &Error>) {
        segment.note("job_id", id.to_string());
        match landed {
            Ok(Some(job)) => {
                segment.note("status", job.status.as_str());
                segment.note("bytes", job.transfer.map_or(0, |transfer| transfer.bytes));
                segment.note("files", job.files_total);
            }
            Ok(None) => segment.note("status", "to be continued"),
            Err(error) => {
                segment.note("error", error.class.name());
                segment.failed();
            }
        }
        self.tracer.send(segment);
    }

    /// Brings the files in, from where the provider says they are now if they are gone from where they were.
    async fn land_leased(
        &self,
        lease: &Lease,
        job: &Job,
        again: bool,
        receipt: &Receipt,
    ) -> Result<LeasedOutcome<Event>, Stopped> {
        let (mut fresh, mut left) = (None, MAX_SOURCE_REFRESHES);
        loop {
            let (job, again) = (fresh.as_ref().unwrap_or(job), again || left < MAX_SOURCE_REFRESHES);
            match self.bring_watched(lease, job, again, left > 0, receipt).await {
                Err(gone) if gone.error.class == ErrorClass::SourceGone && left > 0 => {
                    gone.error.log("files are gone, the provider is asked where they are now");
                    match self.where_now(lease, job, receipt).await? {
                        Some(job) => (fresh, left) = (Some(job), left - 1),
                        None if job.sources.iter().all(|source| source.role == SourceRole::Archive) => {
                            return Err(gone);
                        }
                        // What is gone stays gone, and the rest of the set lands.
                        None => left = 0,
                    }
                }
                ended => return ended,
            }
        }
    }

    /// Brings the files in while renewing lease and message; stops when the lease or the time is lost.
    async fn bring_watched(
        &self,
        lease: &Lease,
        job: &Job,
        again: bool,
        renewable: bool,
        receipt: &Receipt,
    ) -> Result<LeasedOutcome<Event>, Stopped> {
        let meter = LandingProgress::new(SourceRate::new(self.config.min_rate, job.slow_attempts));
        let landing = Box::pin(bring(self, job, again, renewable, &meter));
        let landed = watch(self, lease, receipt, &meter, landing).await.map_err(|error| {
            let slow = meter.source_rate().too_slow() > 0;
            Stopped { error, slow: slow.then(|| SlowAttempt { progressed: meter.has_progressed() }) }
        })?;
        let LeasedOutcome::Done(landed) = landed else {
            return Ok(LeasedOutcome::OutOfTime);
        };
        Ok(LeasedOutcome::Done(match landed {
            LandingOutcome::Whole { haul } => Event::Landed { haul },
            LandingOutcome::Short { haul, error } => {
                let error = error.for_record(OffsetDateTime::now_utc());
                Event::LandedPartly { haul, error }
            }
            LandingOutcome::Refused { archive, error } => {
                error.log("what came cannot be used");
                let error = error.for_record(OffsetDateTime::now_utc());
                Event::LandingFailed { archive, error }
            }
        }))
    }

    /// Asks the provider where the files of a job are. Nothing when it cannot be asked, or does not say.
    async fn where_now(&self, lease: &Lease, job: &Job, receipt: &Receipt) -> Result<Option<Job>, Error> {
        let provider = providers::find(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "the job's provider is not known any more"))?;
        let latest = receipt.deadline - MIN_TIME_LEFT;
        let finished = match Box::pin(self.inquire(provider, job, latest)).await? {
            PollOutcome::Answered(PollStatus::Told(event @ Event::Finished { .. })) => event,
            PollOutcome::Unanswered(error, _) if error.retryable() => return Err(error),
            PollOutcome::NoTime => {
                let message = "there was no time left to ask where the files are";
                return Err(Error::new(ErrorClass::SourceUnavailable, message));
            }
            PollOutcome::Answered(_) | PollOutcome::Unanswered(..) | PollOutcome::CannotBe => {
                return Ok(None);
            }
        };
        let finished = self.short(job.id, finished).await?;
        let now = OffsetDateTime::now_utc();
        let (fresh, _) = self.records.apply_leased(lease, &finished, now).await?;
        if fresh.sources == job.sources {
            // The same place: it may have been announced a moment too soon.
            tokio::time::sleep(SAME_PLACE).await;
        }
        Ok(Some(fresh))
    }

    async fn finish(&self, lease: &Lease, event: Event) -> Result<Job, Error> {
        let now = OffsetDateTime::now_utc();
        let (job, change) = match self.records.apply_leased(lease, &event, now).await {
            Err(rejected) if rejected.class == ErrorClass::StorageRejected => {
                // What the table does not take it never takes; that it did not fits in any case.
                rejected.log("the end of a landing cannot be recorded");
                let event = Event::LandingFailed { archive: None, error: rejected.for_record(now) };
                self.records.apply_leased(lease, &event, now).await?
            }
            applied => applied?,
        };
        if change == Change::Moved
            && let Some(transfer) = &job.transfer
        {
            let (count, value) = (transfer.bytes, transfer.seconds);
            tracing::info!(metric = "BytesLanded", count, "what the provider sent");
            tracing::info!(metric = "LandingSeconds", value, "how long it took");
        }
        self.tell(&job).await;
        Ok(job)
    }

    /// Queues the rest for another invocation. The queue has it before this one's message is done with.
    async fn go_on_later(&self, lease: &Lease) -> Result<(), Error> {
        tracing::info!(metric = "LandingsContinued", count = 1, "the landing goes on in another invocation");
        self.records.release(lease, OffsetDateTime::now_utc()).await?;
        self.inbox.send(&DeliveryQueueMessage::Continuation(lease.job), 0).await
    }

    /// Notes on the job what stopped it, and gives the lease back so that the next attempt need not wait.
    async fn postpone(&self, lease: &Lease, stopped: Stopped) -> Error {
        let Stopped { error, slow } = stopped;
        let now = OffsetDateTime::now_utc();
        let note = Event::LandingPostponed { error: error.for_record(now), slow };
        if let Err(unrecorded) = self.records.apply_leased(lease, &note, now).await {
            unrecorded.log("why a landing was postponed is not recorded");
        }
        if let Err(unreleased) = self.records.release(lease, now).await {
            unreleased.log("a lease is left to run out");
        }
        error
    }
}
