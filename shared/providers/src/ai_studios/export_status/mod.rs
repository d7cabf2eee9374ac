//! The status of an export: what the API reports about it, and what that means for the job (contract 3).

pub(super) mod decision;
pub(super) mod evaluation;
pub(super) mod progress;
