//! Settings of the tools that answer with a generated file (contract 7).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How files are generated, shown and kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tools {
    /// How long the answer takes, in real time: these calls are synchronous.
    pub(crate) response_seconds: f64,
    /// How long a file exists; `None` is forever. The vendor says "can be deleted at any time".
    pub(crate) asset_lifetime_seconds: Option<f64>,
    pub(crate) url: UrlPresence,
    pub(crate) url_field: UrlField,
    pub(crate) image_type: ImageType,
    pub(crate) audio_type: AudioType,
    /// The `metaList` of an audio file, whose items no page describes.
    pub(crate) meta_list: Value,
    /// The cost of one file.
    pub(crate) credit: u32,
}

/// Whether an answer has its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UrlPresence {
    Present,
    Absent,
    Null,
}

/// The spelling of the field with a download URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UrlField {
    /// `downloadUrl`.
    Camel,
    /// `download_url`.
    Snake,
}

/// The file type of a generated image, which no page names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImageType {
    Png,
    Jpeg,
}

/// The file type of generated speech, which no page names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AudioType {
    Mp3,
    Wav,
}

impl UrlField {
    /// Returns the name of the field.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Camel => "downloadUrl",
            Self::Snake => "download_url",
        }
    }
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            response_seconds: 0.0,
            asset_lifetime_seconds: None,
            url: UrlPresence::Present,
            url_field: UrlField::Camel,
            image_type: ImageType::Png,
            audio_type: AudioType::Mp3,
            meta_list: Value::Array(Vec::new()),
            credit: 1,
        }
    }
}
