//! Builds responses with the provider's version stamp.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

pub(super) use crate::response::{bytes, chosen, insert, late, lost, plain, plain_json, raw};

use crate::abyssale::settings::Settings;

/// Adds the version stamp to an object that has no field `version` (contract 1.1).
pub(super) fn stamp(body: &mut Value, settings: &Settings) {
    if let (true, Some(object)) = (settings.version_stamp, body.as_object_mut()) {
        object.entry("version").or_insert_with(|| settings.api_version.clone().into());
    }
}

/// A JSON response of the API with the version stamp.
pub(super) fn json(status: StatusCode, mut body: Value, settings: &Settings) -> Response<Bytes> {
    stamp(&mut body, settings);
    plain_json(status, &body)
}
