//! The status of an export: what the API reports about it, and what that means for the job (contract 3).

pub(super) mod evaluate_poll;
pub(super) mod progress;
pub(super) mod status_rules;
