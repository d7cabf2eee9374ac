//! A message of our own: a landing goes on in this invocation, or a job that was retried is asked about.

use model::{JobId, Status};
use time::{Duration, OffsetDateTime};

use crate::worker::{ComesBack, Receipt, Worker};

/// How long a question waits for its turn at the provider. The sweep asks when it does not come.
const PATIENCE: Duration = Duration::seconds(20);
/// What is left of the invocation after the last request.
const RESERVE: Duration = Duration::seconds(25);

impl Worker {
    /// Goes on with a job.
    pub(crate) async fn go_on(&self, id: JobId, receipt: &Receipt) -> Result<(), ComesBack> {
        let job = self.records.get(id).await?.filter(|job| job.retries.rounds > 0);
        let Some(job) = job else { return self.land(id, receipt, None).await };
        match job.status {
            Status::Submitted | Status::Unknown | Status::Rendering => {
                let latest = (receipt.deadline - RESERVE).min(OffsetDateTime::now_utc() + PATIENCE);
                // What is found is landed by a message of its own.
                self.ask(job, latest).await.map(|_| ()).map_err(ComesBack::from)
            }
            Status::Waiting
            | Status::Submitting
            | Status::Received
            | Status::Landing
            | Status::Stored
            | Status::Partial
            | Status::Failed
            | Status::Expired
            | Status::Cancelled => self.land(id, receipt, None).await,
        }
    }
}
