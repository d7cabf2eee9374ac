//! Settings of the whole account: tokens and lists.

use serde::{Deserialize, Serialize};

use crate::acceptance_policy::AcceptancePolicy;

/// The lifetime of tokens (contract 9.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) token_ttl_seconds: f64,
    /// A token is valid only until the next one is issued.
    pub(crate) invalidate_on_reissue: bool,
    /// Every token is rejected.
    pub(crate) reject_always: bool,
    /// A token after the scheme `Bearer`.
    pub(crate) bearer: AcceptancePolicy,
    /// A rejected token is answered with an HTML page instead of the envelope.
    pub(crate) html_page: bool,
}

/// How a list is represented in a response (contract 1.2, 5.2 and 5.4: unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListShape {
    /// An array in `data`.
    Data,
    /// An array in a named field of `data`.
    Named,
    /// A bare array without an envelope.
    Bare,
    /// An object in `data` with the keys `"0"`, `"1"` and so on.
    Numeric,
}

/// The representation of each list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lists {
    pub(crate) workspaces: ListShape,
    pub(crate) projects: ListShape,
    pub(crate) templates: ListShape,
    pub(crate) dubbing: ListShape,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            token_ttl_seconds: 86_400.0,
            invalidate_on_reissue: false,
            reject_always: false,
            bearer: AcceptancePolicy::Refuse,
            html_page: false,
        }
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            workspaces: ListShape::Data,
            projects: ListShape::Data,
            templates: ListShape::Data,
            dubbing: ListShape::Data,
        }
    }
}
