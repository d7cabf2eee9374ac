//! Settings of the progress response (contract 3 and 9.4).

use serde::{Deserialize, Serialize};

/// The fields of a progress response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    pub(crate) number: NumberForm,
    /// Whether `state` is present.
    pub(crate) state: bool,
    /// `downloadUrl` before the end.
    pub(crate) early_url: EarlyUrl,
    /// The progress of a project that was never exported.
    pub(crate) unexported: Unexported,
    pub(crate) error: ErrorField,
}

/// The JSON form of `progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NumberForm {
    /// A number with two decimals.
    Float,
    /// A whole number.
    Integer,
    /// `"42.50"`.
    Text,
    /// `"42%"`.
    Percent,
}

/// How `downloadUrl` is represented before it has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EarlyUrl {
    Absent,
    Null,
    Empty,
}

/// The response for a project that was never exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unexported {
    /// `{progress: 0}`.
    Zero,
    /// 404.
    Missing,
}

/// How a failed export reports its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ErrorField {
    None,
    /// `error: {code, msg}`.
    Object,
    /// `error: "…"`.
    Text,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            number: NumberForm::Float,
            state: true,
            early_url: EarlyUrl::Absent,
            unexported: Unexported::Zero,
            error: ErrorField::None,
        }
    }
}
