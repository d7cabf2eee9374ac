//! How work stands at a provider that was asked about it.

use model::{Error, Event, ProviderJobId};
use serde_json::{Map, Value};

/// The provider's word on work that is under way.
#[derive(Debug)]
pub enum PollStatus {
    /// It is still at it.
    Working {
        /// 0 to 100, when it says so.
        percent: Option<f64>,
        /// What to keep with the job for the next question about it; none when nothing changed.
        notes: Option<Map<String, Value>>,
    },
    /// It is at an end.
    Told(Event),
    /// It took the work, whose provider job id was not known, and is still at it.
    Found {
        /// Its id for the work.
        provider_job_id: ProviderJobId,
        /// What to keep with the job.
        notes: Option<Map<String, Value>>,
    },
    /// It does not know the work, or not any more, and nothing will come of it.
    Gone(Error),
}
