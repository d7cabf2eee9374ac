//! Submits jobs to providers.
//!
//! `submit_job` validates the request, reserves a request time with the rate limiter, claims the idempotency key,
//! creates the job, acquires the locks, submits the work (`submit_attempt`) and records the outcome (`record_outcome`).
//! A job whose time has not come is deferred (`enqueue_submission`), and the submission queue delivers it again
//! (`submission_queue_consumer`).

pub(crate) mod caller_webhook_check;
pub(crate) mod concurrency_limit;
pub(crate) mod document_download;
pub(crate) mod enqueue_submission;
pub(crate) mod exclusive_lock;
pub(crate) mod idempotency;
pub(crate) mod notify_field;
pub(crate) mod notify_targets;
pub(crate) mod postpone_submission;
pub(crate) mod record_outcome;
pub(crate) mod submission_context;
pub(crate) mod submission_queue_consumer;
pub(crate) mod submit_attempt;
pub(crate) mod submit_job;
pub(crate) mod submit_request;
pub(crate) mod synchronous_job;
pub(crate) mod trace_segment;
