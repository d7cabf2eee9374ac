//! The only values of the simulator that no document of the vendor specifies (contract 9.7, rule 1).
//!
//! Only this group is invented. A client that depends on any of it is wrong.

use serde::{Deserialize, Serialize};

/// State words, error codes and the origin of media.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invented {
    pub(crate) states: States,
    pub(crate) codes: Codes,
    /// The origin of download URLs; `None` is the Files endpoint. Any other origin is only shown, never served.
    pub(crate) media_origin: Option<String>,
    /// The first path segment of a download URL.
    pub(crate) media_folder: String,
}

/// The words of `state` (contract 3.1). Only `exported` and `finish` are the vendor's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct States {
    pub(crate) waiting: String,
    pub(crate) exporting: String,
    pub(crate) exported: String,
    pub(crate) error: String,
    /// The first half of the creation by an automation tool.
    pub(crate) creating: String,
    /// The second half of it; the word comes from an integrator (contract 7).
    pub(crate) building: String,
    pub(crate) finish: String,
}

/// The values of `error.code`, modelled on the vendor's other API (contract 6.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Codes {
    pub(crate) invalid: u32,
    pub(crate) auth: u32,
    pub(crate) quota: u32,
    pub(crate) forbidden: u32,
    pub(crate) missing: u32,
    pub(crate) conflict: u32,
    pub(crate) throttled: u32,
    pub(crate) internal: u32,
}

impl Default for Invented {
    fn default() -> Self {
        Self {
            states: States {
                waiting: "waiting".to_owned(),
                exporting: "exporting".to_owned(),
                exported: "exported".to_owned(),
                error: "error".to_owned(),
                creating: "creating".to_owned(),
                building: "building audio".to_owned(),
                finish: "finish".to_owned(),
            },
            codes: Codes {
                invalid: 4000,
                auth: 4010,
                quota: 4020,
                forbidden: 4030,
                missing: 4040,
                conflict: 4090,
                throttled: 4290,
                internal: 5000,
            },
            media_origin: None,
            media_folder: "export".to_owned(),
        }
    }
}
