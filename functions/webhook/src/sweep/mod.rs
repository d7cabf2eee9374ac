//! The sweep: a schedule runs it every minute. It lists the jobs that are due from an index and checks each: it
//! retries pending notifications, sends heartbeats, requeues jobs whose message is lost, ends interrupted
//! submissions, polls the provider for work in progress, and lets the rest expire. Every checked job is due later
//! than before, so a sweep ends.

pub(crate) mod check_due_job;
pub(crate) mod oldest_active_job;
pub(crate) mod requeue_stalled_landing;
pub(crate) mod sweep_command;
pub(crate) mod sweep_jobs;
