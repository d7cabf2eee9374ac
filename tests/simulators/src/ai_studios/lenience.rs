//! Whether something doubtful is accepted.

use serde::{Deserialize, Serialize};

/// The value of a knob about something that the documents leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Lenience {
    Accept,
    Refuse,
}
