//! Jobs that wait for their turn at the provider.

use std::time::Duration;

use model::{Change, Error, ErrorClass, Event, Job, JobError, Status};
use time::OffsetDateTime;

use crate::{
    App,
    submission::{record_outcome::time_to_record, submit_attempt::Postponement},
};

/// The longest that a job waits that the provider refuses for the moment, again and again.
const MAX_WAIT: time::Duration = time::Duration::hours(24);

/// How long an invocation that the queue made waits for a turn. While as many jobs as the queue hands out at once
/// wait so, the provider's line never runs empty, and it is longer than a caller's own invocation would wait, so
/// that new jobs queue behind old ones.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// Nobody is still about to send a message for a job that is this old.
const LOST_MESSAGE: Duration = Duration::from_secs(90);

/// How a job that was to wait ended up.
pub(crate) enum DeferOutcome {
    /// It waits.
    Waiting(Job),
    /// It went on without us: its callback came, for example.
    Moved(Job),
}

impl App {
    /// Sends a waiting job to the queue. It is looked at when the line at the provider is half as long as the
    /// invocation that looks would wait, so that a job that must wait longer is not looked at again and again.
    pub(crate) async fn enqueue(&self, job: &Job, free_at: OffsetDateTime) -> Result<(), Error> {
        self.submissions.send(job.id, free_at - TIMEOUT / 2, OffsetDateTime::now_utc()).await
    }

    /// A waiting job that its caller asks for again long after it was made may have lost its message: whoever made it
    /// died before sending it. One message too many does no harm.
    ///
    /// Whoever waits by this request waits for that job from now on, and is told at once if it is at its end: a workflow
    /// that retries comes with a new token.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]: they do not wait, and the caller is to come back.
    pub(crate) async fn found(
        &self,
        before: Job,
        request: &Job,
        deadline: OffsetDateTime,
    ) -> Result<Job, Error> {
        runtime::set_job(before.id);
        let (now, waiters) = (OffsetDateTime::now_utc(), &request.audience.waiters);
        let mut job = before;
        if !waiters.is_empty() {
            let admitted = self.records.admit(job.id, waiters, now);
            let admitted = tokio::time::timeout(time_to_record(deadline), admitted).await;
            let admitted =
                admitted.unwrap_or_else(|_| Err(not_in_time())).map_err(|error| error.about(job.id))?;
            job = admitted.unwrap_or(job);
            self.tell(&job, deadline).await;
        }
        if job.status == Status::Waiting
            && now - job.updated_at > LOST_MESSAGE
            && let Err(error) = self.enqueue(&job, now).await
        {
            error.log("a waiting job is not sent again");
        }
        Ok(job)
    }

    /// Puts a job that is being asked for back, since the provider is known to have done no work.
    pub(crate) async fn defer(
        &self,
        job: &Job,
        later: &Postponement,
        deadline: OffsetDateTime,
    ) -> Result<DeferOutcome, Error> {
        let now = OffsetDateTime::now_utc();
        let event = Event::Deferred { error: later.why.as_ref().map(|why| waits_for(why, now)) };
        let recorded =
            tokio::time::timeout(time_to_record(deadline), self.records.apply(job.id, &event, now));
        let (job, change) = recorded.await.unwrap_or_else(|_| Err(not_in_time()))?;
        let waits = change == Change::Moved || job.status == Status::Waiting;
        Ok(if waits { DeferOutcome::Waiting(job) } else { DeferOutcome::Moved(job) })
    }
}

/// What the provider said, as a job remembers it that goes on by itself.
pub(crate) fn waits_for(why: &Error, now: OffsetDateTime) -> JobError {
    JobError { retryable: true, ..why.for_record(now) }
}

/// Whether a job that was refused for the moment has waited long enough.
pub(crate) fn waited_out(job: &Job, later: &Postponement) -> bool {
    later.why.is_some() && later.at - job.created_at > MAX_WAIT
}

fn not_in_time() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the job table did not answer in time; try again")
        .retry_after(5)
}
