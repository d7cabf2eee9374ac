//! What others are to be told of a job, and who waits for it: kept in the job's own item until they have been told.

use model::{Error, ErrorClass, Job, JobId, OutboxProgress, WorkflowWaiter};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{JobStore, job_item, job_store::MAX_ATTEMPTS};

impl JobStore {
    /// Notes what the event bus and the caller have been told of a job, and forgets what both have.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]; then they are told again.
    pub async fn told(&self, id: JobId, told: OutboxProgress) -> Result<(), Error> {
        let told = |job: &mut Job| {
            let due = job.outbox.due;
            job.told(told) || job.outbox.due != due
        };
        self.change_outbox(id, told).await.map(drop)
    }

    /// Lets the sweep come back later to a job of which others could not be told.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn postpone_notifications(&self, id: JobId, at: OffsetDateTime) -> Result<(), Error> {
        let later = |job: &mut Job| {
            let due = &mut job.outbox.due;
            due.is_some_and(|due| due < at) && due.replace(at).is_some()
        };
        self.change_outbox(id, later).await.map(drop)
    }

    /// Lets more workflows wait for a job. Returns the job as it is then, or nothing if there is none.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]; then they do not wait.
    pub async fn admit(
        &self,
        id: JobId,
        waiters: &[WorkflowWaiter],
        now: OffsetDateTime,
    ) -> Result<Option<Job>, Error> {
        self.change_outbox(id, |job| job.admit(waiters, now)).await
    }

    /// Forgets workflows that wait for a job no longer.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]; then they are told again.
    pub async fn remove_waiters(&self, id: JobId, waiters: &[WorkflowWaiter]) -> Result<(), Error> {
        self.change_outbox(id, |job| job.release(waiters)).await.map(drop)
    }

    /// Notes that those who wait for a job have had a sign of life and have the next one at this time.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn postpone_heartbeat(&self, id: JobId, at: OffsetDateTime) -> Result<(), Error> {
        let later = |job: &mut Job| {
            let sign = &mut job.audience.sign_at;
            sign.is_some_and(|sign| sign < at) && sign.replace(at).is_some()
        };
        self.change_outbox(id, later).await.map(drop)
    }

    /// Writes a job if `change` says that it changed it. A change made twice is made once.
    async fn change_outbox(
        &self,
        id: JobId,
        mut change: impl FnMut(&mut Job) -> bool,
    ) -> Result<Option<Job>, Error> {
        let write = Uuid::now_v7().to_string();
        for attempt in 0..MAX_ATTEMPTS {
            let Some(item) = self.item(id).await? else { return Ok(None) };
            let mut job = job_item::read(&item)?;
            let read = job.version;
            if !change(&mut job) {
                return Ok(Some(job));
            }
            job.version += 1;
            if self.replace(&job, read, &item, &write).await? {
                return Ok(Some(job));
            }
            Self::make_way(attempt).await;
        }
        Err(Error::new(ErrorClass::StorageUnavailable, "too many writers at this job; try again")
            .retry_after(1))
    }
}
