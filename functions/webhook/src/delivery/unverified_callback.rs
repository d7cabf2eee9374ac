//! A delivery that nobody need believe: it makes the worker ask the provider, not more often than every few seconds, and
//! what it claims itself is shown as a claim at most.

use model::{Change, Error, Event, Job, JobId, Status};
use providers::DeliveryReport;
use queues::DeliveryQueueMessage;
use time::{Duration, OffsetDateTime};

use crate::worker::Worker;

/// The most progress that a claim is shown as: only the provider's own answer ends a job.
const MAX_REPORTED_PERCENT: f64 = 99.0;
/// How long a hint waits for its turn at the provider. The sweep asks when it does not come.
const TIMEOUT: Duration = Duration::seconds(20);
/// What is left of the invocation after the last request.
const RESERVE: Duration = Duration::seconds(25);

impl Worker {
    /// Keeps what a hint claims and asks the provider how the work stands, unless somebody just did.
    pub(crate) async fn hinted(
        &self,
        job: &Job,
        report: DeliveryReport,
        deadline: OffsetDateTime,
    ) -> Result<(), Error> {
        let at = OffsetDateTime::now_utc();
        if let Some(notes) = report.notes {
            self.records.apply(job.id, &Event::Noted { notes }, at).await?;
        }
        self.claimed(job, report.event, at).await?;
        self.follow(job.id, deadline).await
    }

    /// Asks the provider because of a hint, now or as soon as hints may make somebody ask again.
    pub(crate) async fn follow(&self, id: JobId, deadline: OffsetDateTime) -> Result<(), Error> {
        let at = OffsetDateTime::now_utc();
        let (job, change) = self.records.apply(id, &Event::Hinted { at }, at).await?;
        if change == Change::Nothing {
            tracing::info!(job_id = %id, "a hint asks nobody: somebody will ask soon");
            return Ok(());
        }
        // Of those that come together one finds its own time there.
        if job.check.hinted == Some(at) {
            return self.ask(job, (deadline - RESERVE).min(at + TIMEOUT)).await.map(|_| ());
        }
        // Whoever moved the job's next look forward sees to it; the schedule may be most of a minute away.
        let next = job.check.at.unwrap_or(at) - at;
        let delay = u32::try_from(next.whole_seconds() + 1).unwrap_or_default();
        self.inbox.send(&DeliveryQueueMessage::Hint(id), delay).await
    }

    /// Progress is shown on a job that the provider is known to have; a claim proves nothing about any other.
    async fn claimed(&self, job: &Job, event: Option<Event>, at: OffsetDateTime) -> Result<(), Error> {
        let Some(Event::Progressed { percent }) = event else { return Ok(()) };
        if !matches!(job.status, Status::Submitted | Status::Rendering) {
            return Ok(());
        }
        let claim = Event::Progressed { percent: percent.min(MAX_REPORTED_PERCENT) };
        let (job, _) = self.records.apply(job.id, &claim, at).await?;
        self.tell(&job).await;
        Ok(())
    }
}
