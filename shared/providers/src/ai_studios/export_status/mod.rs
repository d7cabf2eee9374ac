//! The status of a project's creation and of its export: what the API reports about it, and what that means for the job (contract 3).

mod end_events;
pub(super) mod evaluate_poll;
mod finished_video;
pub(super) mod progress;
pub(super) mod status_rules;
