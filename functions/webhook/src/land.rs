//! The worker: bring the files of a finished job into the bucket, under a lease, and record how it ended.

use std::time::Duration;

use inbox::Queued;
use model::{Event, Fault, Job, JobId, Status};
use records::{Lease, LeaseAttempt};
use time::OffsetDateTime;

use crate::{
    bring::bring,
    settle::Landing,
    transfer::Meter,
    watch::{Ended, watch},
    worker::{ComesBack, Receipt, Worker},
};

impl Worker {
    /// Lands a job if its files are ready, and nobody else is at it.
    pub(crate) async fn land(&self, id: JobId, receipt: &Receipt) -> Result<(), ComesBack> {
        let now = OffsetDateTime::now_utc();
        let (lease, job, again) = match self.records.lease(id, self.config.lease, now).await? {
            LeaseAttempt::Held { lease, job, again } => (lease, job, again),
            // Its message may be the only one that is left, so this one must not be dropped.
            LeaseAttempt::Busy(wait) => return Err(ComesBack::after(wait + Duration::from_millis(500))),
            LeaseAttempt::Idle(job) => {
                self.tell(&job).await;
                return Ok(());
            }
        };
        // Side by side: files need not wait until others know that they are coming.
        // Boxed, since both together are more than a small stack holds.
        let landing = Box::pin(self.land_leased(&lease, &job, again, receipt));
        let ((), ended) = tokio::join!(Box::pin(self.tell(&job)), landing);
        match ended {
            Ok(Ended::Done(event)) => self.finish(&lease, event).await.map_err(ComesBack::from),
            Ok(Ended::OutOfTime) => self.go_on_later(&lease).await.map_err(ComesBack::from),
            Err(fault) if fault.retryable() => Err(self.postpone(&lease, fault).await.into()),
            Err(fault) => {
                fault.log("landing failed for good");
                let error = fault.remembered(OffsetDateTime::now_utc());
                let event = Event::LandingFailed { archive: None, error };
                self.finish(&lease, event).await.map_err(ComesBack::from)
            }
        }
    }

    /// Brings the files in while renewing lease and message; stops when the lease or the time is lost.
    async fn land_leased(
        &self,
        lease: &Lease,
        job: &Job,
        again: bool,
        receipt: &Receipt,
    ) -> Result<Ended<Event>, Fault> {
        let meter = Meter::default();
        let landing = Box::pin(bring(self, job, again, &meter));
        let Ended::Done(landed) = watch(self, lease, receipt, &meter, landing).await? else {
            return Ok(Ended::OutOfTime);
        };
        Ok(Ended::Done(match landed {
            Landing::Whole { haul } => Event::Landed { haul },
            Landing::Short { haul, fault } => {
                let error = fault.remembered(OffsetDateTime::now_utc());
                Event::LandedPartly { haul, error }
            }
            Landing::Refused { archive, fault } => {
                fault.log("what came cannot be used");
                let error = fault.remembered(OffsetDateTime::now_utc());
                Event::LandingFailed { archive, error }
            }
        }))
    }

    async fn finish(&self, lease: &Lease, event: Event) -> Result<(), Fault> {
        let (job, _) = self.records.apply_leased(lease, &event, OffsetDateTime::now_utc()).await?;
        let bytes = job.archive.as_ref().map_or(0, |archive| archive.file.bytes);
        let metric = match job.status {
            Status::Stored => "StoredJobs",
            Status::Partial => "PartialJobs",
            _ => "FailedJobs",
        };
        tracing::info!(metric, count = 1, job_id = %job.id, status = job.status.as_str(), bytes, "job finished");
        self.tell(&job).await;
        Ok(())
    }

    /// Queues the rest for another invocation. The queue has it before this one's message is done with.
    async fn go_on_later(&self, lease: &Lease) -> Result<(), Fault> {
        tracing::info!(metric = "ContinuedLandings", count = 1, job_id = %lease.job, "the landing goes on in another invocation");
        self.records.release(lease, OffsetDateTime::now_utc()).await?;
        self.inbox.send(&Queued::Continuation(lease.job), 0).await
    }

    /// Notes on the job what stopped it, and gives the lease back so that the next attempt need not wait.
    async fn postpone(&self, lease: &Lease, fault: Fault) -> Fault {
        let now = OffsetDateTime::now_utc();
        let note = Event::LandingPostponed { error: fault.remembered(now) };
        if let Err(unrecorded) = self.records.apply_leased(lease, &note, now).await {
            unrecorded.log("why a landing was postponed is not recorded");
        }
        if let Err(unreleased) = self.records.release(lease, now).await {
            unreleased.log("a lease is left to run out");
        }
        fault
    }
}
