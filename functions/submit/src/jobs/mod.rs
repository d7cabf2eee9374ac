//! Use cases of jobs that exist: get, list, create a presigned URL of a file, retry, resubmit, cancel, replay a
//! delivery.
//!
//! Each file holds one use case. A use case reads the job, checks its status, writes the change to the job's record or
//! to the delivery queue, and returns the job. `list_query` and `cursor` belong to `list_jobs`.

pub(crate) mod cancel_job;
pub(crate) mod cursor;
pub(crate) mod download_link;
pub(crate) mod errors;
pub(crate) mod get_job;
pub(crate) mod list_jobs;
pub(crate) mod list_query;
pub(crate) mod replay_delivery;
pub(crate) mod resubmit_job;
pub(crate) mod retry_job;
