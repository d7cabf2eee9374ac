//! Settings for accepting an export (contract 9.3).

use serde::{Deserialize, Serialize};

use crate::acceptance_policy::AcceptancePolicy;

/// How an export is accepted and charged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Export {
    /// A POST for a project with a running export.
    pub(crate) while_running: WhileRunning,
    pub(crate) returned_id: ReturnedId,
    /// `workspaceId` and `resolution`, which the Chinese service does not accept (contract 8, C14).
    pub(crate) optional_fields: AcceptancePolicy,
    /// A value whose JSON type differs from the documented one.
    pub(crate) wrong_types: AcceptancePolicy,
    /// A field that no table of the vendor has. The real service may ignore it.
    pub(crate) unknown_fields: AcceptancePolicy,
    pub(crate) previous_url: PreviousUrl,
    /// The cost of one export.
    pub(crate) credit: u32,
    /// Credits of the account; `None` is unlimited.
    pub(crate) credits: Option<u32>,
    /// MiB of filler in the scenes of a project, as get-project shows it.
    pub(crate) scenes_megabytes: u32,
}

/// The effect of a POST while an export of the project runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhileRunning {
    /// The new export starts when the running one has ended.
    Queue,
    /// 409.
    Reject,
    /// The running export is cancelled.
    Replace,
}

/// The project id in the response to an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReturnedId {
    Same,
    /// Another id; both are valid.
    Alias,
}

/// How long get-project shows the URL of the previous export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PreviousUrl {
    UntilFirstTick,
    Cleared,
    /// Until the new export has ended.
    Kept,
}

impl Default for Export {
    fn default() -> Self {
        Self {
            while_running: WhileRunning::Queue,
            returned_id: ReturnedId::Same,
            optional_fields: AcceptancePolicy::Accept,
            wrong_types: AcceptancePolicy::Refuse,
            unknown_fields: AcceptancePolicy::Refuse,
            previous_url: PreviousUrl::UntilFirstTick,
            credit: 2,
            credits: None,
            scenes_megabytes: 0,
        }
    }
}
