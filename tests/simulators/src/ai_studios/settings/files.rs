//! Settings of the download origin (contract 6.4 and 9.1).

use serde::{Deserialize, Serialize};

use crate::acceptance_policy::AcceptancePolicy;

/// How videos are served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Files {
    /// A download with an `Authorization` header.
    pub(crate) authorization: AcceptancePolicy,
    /// MiB of padding: a `free` box after the small video.
    pub(crate) padding_megabytes: u32,
    pub(crate) name: FileName,
    /// How long a URL is valid after it was shown; `None` is forever.
    pub(crate) url_lifetime_seconds: Option<f64>,
    /// The first download revokes the URLs shown before it.
    pub(crate) first_urls_revoked: bool,
    pub(crate) ranges: bool,
    pub(crate) content_type: String,
}

/// What the file of an export is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FileName {
    /// The project, so that all of its exports have the same URL.
    Project,
    /// The export's `backendTaskId`.
    Task,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            authorization: AcceptancePolicy::Refuse,
            padding_megabytes: 0,
            name: FileName::Project,
            url_lifetime_seconds: None,
            first_urls_revoked: false,
            ranges: true,
            content_type: "video/mp4".to_owned(),
        }
    }
}
