//! Deliveries: parse a queued delivery of a provider, find its job, record the delivery, apply its event to the job
//! and land the job if its files are ready.
//!
//! A delivery may arrive six times, over two routes, late, or before the response to Landfall's own request. Nothing
//! here checks whether a delivery was seen before: that would lose the work of a worker that crashed. The state of
//! the job shows what is done.

pub(crate) mod find_job;
pub(crate) mod import_external_job;
pub(crate) mod poll_after_callback;
pub(crate) mod process_delivery;
