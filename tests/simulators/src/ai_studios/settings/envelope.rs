//! Settings of the envelope (contract 1.2 and 8).

use serde::{Deserialize, Serialize};

/// How a response is wrapped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope {
    /// Every error has HTTP status 200.
    pub(crate) errors_as_200: bool,
    pub(crate) code: CodeType,
    pub(crate) error: ErrorShape,
    pub(crate) success: SuccessShape,
    /// `true`: the project is in `data.project`. `false`: it is `data` itself.
    pub(crate) project_wrapped: bool,
}

/// The JSON type of `error.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CodeType {
    Number,
    Text,
}

/// The shape of `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ErrorShape {
    /// `{code, msg}`.
    Object,
    /// `{code, message}`.
    Message,
    /// The message alone.
    Text,
}

/// How success and failure are indicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SuccessShape {
    /// `success: true`.
    Flag,
    /// `success: "true"`.
    Text,
    /// `succeed: true`.
    Succeed,
    /// Not indicated: `data` or `error` alone.
    Missing,
    /// The value of `data`, without an envelope. Errors are as with `missing`.
    Bare,
}

impl Default for Envelope {
    fn default() -> Self {
        Self {
            errors_as_200: false,
            code: CodeType::Number,
            error: ErrorShape::Object,
            success: SuccessShape::Flag,
            project_wrapped: true,
        }
    }
}
