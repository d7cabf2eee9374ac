//! What can be done with a job that exists: show it, list jobs, link to its files, try it again, cancel it, and replay
//! a delivery of it.

pub(crate) mod cancel_replay;
pub(crate) mod cursor;
pub(crate) mod download_link;
pub(crate) mod list_jobs;
pub(crate) mod list_query;
pub(crate) mod retry;
