//! Dubbing: one video in several languages, which the provider renders by itself. The languages are items of a folder,
//! each with its own progress and video (contract 7; the provider's page "Export AI Dubbing"). There is no callback.

mod evaluate_folder;
mod folder;
mod item_language;
mod poll;
mod stored_state;
mod submit;

pub(super) use poll::DubbingPoll;
pub(super) use submit::DubbingSubmission;
