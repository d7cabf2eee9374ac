//! The only things that the simulator says although no document of the vendor does (contract 9.7, rule 1).
//!
//! Nothing but this block is made up; a client that depends on any of it is wrong.

use serde::{Deserialize, Serialize};

/// Words, codes and the host of media.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invented {
    pub(crate) states: States,
    pub(crate) codes: Codes,
    /// Origin of download URLs; none is the Files endpoint. Anything else is only ever said, never served.
    pub(crate) media_origin: Option<String>,
    /// What the path of a download URL starts with.
    pub(crate) media_folder: String,
}

/// Words of `state` (contract 3.1). Only `exported` and `finish` are the vendor's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct States {
    pub(crate) waiting: String,
    pub(crate) exporting: String,
    pub(crate) exported: String,
    pub(crate) error: String,
    /// First half of the creation by an automation tool.
    pub(crate) creating: String,
    /// Second half of it; the word is that of an integrator (contract 7).
    pub(crate) building: String,
    pub(crate) finish: String,
}

/// Values of `error.code`, after those of the vendor's other API (contract 6.1).
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
