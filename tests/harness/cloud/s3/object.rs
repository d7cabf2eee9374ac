//! The metadata of an object.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto::{ETag, Timestamp};
use serde::{Deserialize, Serialize};

use super::checksum::ObjectChecksum;

/// The headers and tags that a client stores with an object.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ObjectAttributes {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) storage_class: Option<String>,
    pub(super) metadata: Option<HashMap<String, String>>,
    pub(super) tags: Vec<(String, String)>,
}

/// Reads [`ObjectAttributes`] from the input of any operation that creates an object.
macro_rules! object_attributes_of {
    ($input:expr) => {
        ObjectAttributes {
            content_type: $input.content_type.clone(),
            content_encoding: $input.content_encoding.as_deref().and_then(strip_aws_chunked),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            storage_class: $input.storage_class.as_ref().map(|class| class.as_str().to_owned()),
            metadata: $input.metadata.clone(),
            tags: $input.tagging.as_deref().map(parse_tags).unwrap_or_default(),
        }
    };
}

pub(super) use object_attributes_of;

/// Returns the content encoding without `aws-chunked`, which belongs to the transfer and is decoded already.
pub(super) fn strip_aws_chunked(header: &str) -> Option<String> {
    let own = header.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked");
    let own = own.collect::<Vec<_>>().join(",");
    (!own.is_empty()).then_some(own)
}

/// Parses an `x-amz-tagging` header, such as `a=1&b=2`.
pub(super) fn parse_tags(header: &str) -> Vec<(String, String)> {
    header
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name), percent_decode(value))
        })
        .collect()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    /// The name of this version's files, which sorts versions by age.
    pub(super) id: String,
    /// The version id in the API: `id`, or `null` if the bucket had no versioning.
    pub(super) version_id: String,
    pub(super) key: String,
    pub(super) modified_millis: u64,
    pub(super) is_delete_marker: bool,
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) checksum: Option<ObjectChecksum>,
    pub(super) attributes: ObjectAttributes,
}

impl Version {
    /// Returns the ETag for a response.
    pub(super) fn etag(&self) -> ETag {
        ETag::Strong(self.etag.clone())
    }

    /// Returns the version id for a response. It is absent for a version without versioning.
    pub(super) fn public_version_id(&self) -> Option<String> {
        (self.version_id != "null").then(|| self.version_id.clone())
    }
}

/// Returns the current time in milliseconds since 1970.
pub(super) fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Converts a stored time for a response.
pub(super) fn timestamp(millis: u64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(millis))
}

/// Converts a size for a response.
pub(super) fn as_i64(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
