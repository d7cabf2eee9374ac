//! What came of a command, for whoever gave it.

use model::{DeliveryView, Job, JobList, JobView, LinkView};
use serde_json::{Value, json};

use crate::jobs::list_jobs::Page;

/// What came of a command.
#[derive(Debug)]
pub(crate) enum CommandResponse {
    /// A job that was asked for, or the one that was made before of the same request.
    Made(Job),
    /// A job that goes on, or the one that was made in its place.
    GoesOn(Job),
    /// A job as it is.
    Job(Job),
    /// A job and what was delivered for it.
    Whole(Job, Vec<DeliveryView>),
    /// Jobs.
    Jobs(Page),
    /// A link to a file.
    Link(LinkView),
}

impl CommandResponse {
    /// The answer as JSON, the same over HTTP and to a direct invocation.
    pub(crate) fn into_json(self) -> Value {
        match self {
            Self::Made(job) | Self::GoesOn(job) | Self::Job(job) => json!(JobView::from(&job)),
            Self::Whole(job, deliveries) => json!(JobView::from(&job).with_deliveries(deliveries)),
            Self::Jobs(Page { jobs, next_cursor, .. }) => {
                json!(JobList { jobs: jobs.iter().map(JobView::from).collect(), next_cursor })
            }
            Self::Link(link) => json!(link),
        }
    }
}
