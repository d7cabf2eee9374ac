//! How the files of a job became known.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How the files or the result of a job became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CompletedBy {
    /// The provider's callback, or its delivery to a workspace subscription.
    Callback,
    /// A poll of the provider.
    Poll,
    /// The banners of an export whose callback is lost, or whose archive is short: they are read one by one.
    Banners,
    /// The response to the submission, for synchronous kinds of work.
    Response,
}

/// The text is none of these names.
#[derive(Debug, thiserror::Error)]
#[error("unknown way of completion")]
pub struct CompletedByParseError;

impl CompletedBy {
    /// Returns the name in JSON and in DynamoDB.
    pub fn as_str(self) -> &'static str {
        match self {
            CompletedBy::Callback => "callback",
            CompletedBy::Poll => "poll",
            CompletedBy::Banners => "banners",
            CompletedBy::Response => "response",
        }
    }
}

impl fmt::Display for CompletedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CompletedBy {
    type Err = CompletedByParseError;

    fn from_str(text: &str) -> Result<Self, CompletedByParseError> {
        let all = [CompletedBy::Callback, CompletedBy::Poll, CompletedBy::Banners, CompletedBy::Response];
        all.into_iter().find(|known| known.as_str() == text).ok_or(CompletedByParseError)
    }
}
