//! What a job has for itself while the provider is at work on it: a place that no other job may be at, and one of the
//! slots of which there are only so many.

use model::{Error, ErrorClass, Job};
use providers::Provider;
use time::OffsetDateTime;

use crate::App;

impl App {
    /// Makes sure that the provider can be asked for a job: nobody else is at the same thing, and there is a slot. Returns
    /// whether there is; a job without one waits.
    ///
    /// # Errors
    /// [`ErrorClass::ProviderConflict`] when another job is at the same thing, and [`ErrorClass::StorageUnavailable`].
    pub(crate) async fn admit(&self, job: &Job, provider: &dyn Provider) -> Result<bool, Error> {
        self.take_place(job, provider).await?;
        self.take_slot(job, provider).await
    }

    /// Makes sure that no other job is at what this one has to have for itself.
    pub(crate) async fn take_place(&self, job: &Job, provider: &dyn Provider) -> Result<(), Error> {
        let Some(place) = provider.exclusive_resource(&job.request) else { return Ok(()) };
        let now = OffsetDateTime::now_utc();
        let Some(holder) = self.records.acquire_lock(&job.provider, &place, job.id, now).await? else {
            return Ok(());
        };
        let message = format!("job {holder} is at {place} and not at its end; submit again once it is");
        Err(Error::new(ErrorClass::ProviderConflict, message))
    }

    /// Makes sure that no more jobs are under way than the provider shall have at once. Returns whether there is room.
    async fn take_slot(&self, job: &Job, provider: &dyn Provider) -> Result<bool, Error> {
        let slots = self.config.providers.concurrent_jobs(provider.name());
        let Some(slots) = slots.filter(|_| provider.exclusive_resource(&job.request).is_some()) else {
            return Ok(true);
        };
        let now = OffsetDateTime::now_utc();
        let room = self.records.take_slot(&job.provider, slots, job.id, now).await?;
        if !room {
            tracing::info!(job_id = %job.id, slots, "as many jobs are under way as may be; the job waits");
        }
        Ok(room)
    }
}
