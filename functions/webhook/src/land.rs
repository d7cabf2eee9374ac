//! The worker: bring the files of a finished job into the bucket, under a lease, and record how it ended.

use std::time::Duration;

use model::{Event, Fault, Job, JobId, Status};
use records::{Lease, LeaseAttempt};
use time::OffsetDateTime;

use crate::{
    bring::{Landing, bring},
    watch::{Watched, watch},
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
            LeaseAttempt::Idle(_) => return Ok(()),
        };
        match self.land_leased(&lease, &job, again, receipt).await {
            Ok(event) => self.finish(&lease, event).await.map_err(ComesBack::from),
            Err(fault) if fault.retryable() => Err(self.postpone(&lease, fault).await.into()),
            Err(fault) => {
                fault.log("landing failed for good");
                let error = fault.remembered(OffsetDateTime::now_utc());
                self.finish(&lease, Event::LandingFailed { error }).await.map_err(ComesBack::from)
            }
        }
    }

    /// Brings the files in while renewing lease and message; stops when the lease or the time is lost.
    async fn land_leased(&self, lease: &Lease, job: &Job, again: bool, receipt: &Receipt) -> Result<Event, Fault> {
        let watched = Watched::default();
        let landing = bring(self, job, again, &watched);
        let landed = watch(self, lease, receipt, &watched, landing).await?;
        Ok(match landed {
            Landing::Whole { archive, files } => Event::Landed { archive: Some(archive), files },
            Landing::Short { archive, files, fault } => {
                let error = fault.remembered(OffsetDateTime::now_utc());
                Event::LandedPartly { archive: Some(archive), files, error }
            }
        })
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
        Ok(())
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
