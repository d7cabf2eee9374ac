//! Polling: query the provider for the status of a job's work within the shared rate limit, apply the status to the
//! job, and schedule the next poll or let the job expire. The sweep polls jobs that are due, an unverified callback
//! triggers a poll, and a landing polls for new URLs of files that are no longer at their old ones.

pub(crate) mod expired_job;
pub(crate) mod next_poll_time;
pub(crate) mod poll_job;
pub(crate) mod poll_outcome;
pub(crate) mod poll_request;
pub(crate) mod update_job_after_poll;
