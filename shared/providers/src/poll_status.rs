//! The status of work, as a poll of the provider returns it.

use model::{Error, JobEvent, ProviderJobId};
use serde_json::{Map, Value};

/// The status of work at a provider.
#[derive(Debug)]
pub enum PollStatus {
    /// The work is in progress.
    InProgress {
        /// Progress from 0 to 100, when the provider reports it.
        percent: Option<f64>,
        /// What to store with the job for the next poll. None when nothing changed.
        provider_state: Option<Map<String, Value>>,
    },
    /// The work has ended with this event.
    Ended(JobEvent),
    /// The provider accepted work whose provider job id was unknown, and the work is in progress.
    Accepted {
        /// The provider's id for the work.
        provider_job_id: ProviderJobId,
        /// What to store with the job.
        provider_state: Option<Map<String, Value>>,
    },
    /// The request that the provider accepted is done, and the work needs another one, which
    /// [`crate::Provider::submit`] sends. The job waits for its submission like a new job.
    PhaseFinished,
    /// The provider does not know the work, or no longer does. It will not finish.
    NotFound(Error),
}
