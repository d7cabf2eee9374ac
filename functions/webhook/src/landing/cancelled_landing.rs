//! A job that is cancelled while its files are on their way: the landing stops, and leaves no upload open.
//!
//! Cancelling takes the lease away with the status, so the landing learns of it when it next renews its lease, and in any
//! case before it writes the manifest, without which nothing counts as landed.

use model::{Error, ErrorClass, Job, JobId, Status};

use crate::worker::{RetryLater, Worker};

impl Worker {
    /// Stops a landing whose job was cancelled meanwhile.
    ///
    /// # Errors
    /// [`ErrorClass::LandingBusy`]: the files are not wanted any more.
    pub(crate) async fn still_wanted(&self, id: JobId) -> Result<(), Error> {
        match self.records.get(id).await?.map(|job| job.status) {
            Some(Status::Cancelled) | None => Err(Error::new(
                ErrorClass::LandingBusy,
                "the job was cancelled while its files were on their way",
            )),
            Some(_) => Ok(()),
        }
    }

    /// What becomes of a landing that lost its lease: it is done with if the job was cancelled, and comes back if
    /// another worker took it over.
    pub(crate) async fn lost(&self, id: JobId, error: Error) -> Result<(), RetryLater> {
        let job = self.records.get(id).await?;
        let Some(job) = job.filter(|job| job.status == Status::Cancelled) else { return Err(error.into()) };
        tracing::info!(metric = "LandingsCancelled", count = 1, job_id = %id, "the landing of a cancelled job stopped");
        self.objects.abort_all(&job.provider, id).await;
        Ok(())
    }

    /// Gives up what a landing left open that stopped between two invocations.
    pub(crate) async fn clear_up(&self, job: &Job) {
        if job.status == Status::Cancelled && job.transfer.is_some() {
            self.objects.abort_all(&job.provider, job.id).await;
        }
    }
}
