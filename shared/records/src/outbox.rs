//! What others are to be told of a job: kept in the job's own item until they have been.

use model::{Fault, FaultClass, Job, JobId, Told};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Records, job_item, records::TRIES};

impl Records {
    /// Notes what others have been told of a job, and forgets what all of them have.
    ///
    /// # Errors
    /// [`FaultClass::StorageUnavailable`]; then they are told again.
    pub async fn told(&self, id: JobId, told: Told) -> Result<(), Fault> {
        self.change_outbox(id, |job| job.outbox.note_told(told)).await
    }

    /// Lets the sweep come back later to a job of which others could not be told.
    ///
    /// # Errors
    /// [`FaultClass::StorageUnavailable`].
    pub async fn tell_later(&self, id: JobId, at: OffsetDateTime) -> Result<(), Fault> {
        let later = |job: &mut Job| {
            let due = &mut job.outbox.due;
            due.is_some_and(|due| due < at) && due.replace(at).is_some()
        };
        self.change_outbox(id, later).await
    }

    /// Writes a job if `change` says that it changed it. A change made twice is made once.
    async fn change_outbox(&self, id: JobId, mut change: impl FnMut(&mut Job) -> bool) -> Result<(), Fault> {
        let write = Uuid::now_v7().to_string();
        for attempt in 0..TRIES {
            let Some(item) = self.item(id).await? else { return Ok(()) };
            let mut job = job_item::read(&item)?;
            let read = job.version;
            if !change(&mut job) {
                return Ok(());
            }
            job.version += 1;
            if self.replace(&job, read, &item, &write).await? {
                return Ok(());
            }
            Self::make_way(attempt).await;
        }
        Err(Fault::new(FaultClass::StorageUnavailable, "too many writers at this job; try again")
            .retry_after(1))
    }
}
