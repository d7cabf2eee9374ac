//! The response of a command.

use model::{DeliveryView, Job, JobList, JobView, LinkView};
use serde_json::{Value, json};

use crate::jobs::list_jobs::JobPage;

/// The response of a command.
#[derive(Debug)]
pub(crate) enum CommandResponse {
    /// The job of a submit request: a new one, or the one that the same request created before.
    Submitted(Job),
    /// A job whose processing continues, or the job that replaces it.
    Accepted(Job),
    /// A job in its present state.
    Job(Job),
    /// A job and the deliveries that arrived for it.
    JobWithDeliveries(Job, Vec<DeliveryView>),
    /// A page of jobs.
    Jobs(JobPage),
    /// A presigned URL of a file.
    Link(LinkView),
}

impl CommandResponse {
    /// The response as JSON. HTTP and direct invocation return the same document.
    pub(crate) fn into_json(self) -> Value {
        match self {
            Self::Submitted(job) | Self::Accepted(job) | Self::Job(job) => json!(JobView::from(&job)),
            Self::JobWithDeliveries(job, deliveries) => {
                json!(JobView::from(&job).with_deliveries(deliveries))
            }
            Self::Jobs(JobPage { jobs, next_cursor, .. }) => {
                json!(JobList { jobs: jobs.iter().map(JobView::from).collect(), next_cursor })
            }
            Self::Link(link) => json!(link),
        }
    }
}
