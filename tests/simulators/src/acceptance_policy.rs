//! Whether a simulator accepts input that the provider's documents leave open.

use serde::{Deserialize, Serialize};

/// Whether a call with doubtful input is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AcceptancePolicy {
    /// The call proceeds.
    Accept,
    /// The call is answered with an error.
    Refuse,
}
