//! Builds responses with the provider's version stamp.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

pub(super) use crate::response::{
    bytes_response, custom_response, delayed_reply, encode_body, insert_header, json_response, reply,
    reset_connection,
};

use crate::abyssale::settings::Settings;

/// Adds the version stamp to an object that has no field `version` (contract 1.1).
pub(super) fn add_version_stamp(body: &mut Value, settings: &Settings) {
    if let (true, Some(object)) = (settings.version_stamp, body.as_object_mut()) {
        object.entry("version").or_insert_with(|| settings.api_version.clone().into());
    }
}

/// A JSON response of the API with the version stamp.
pub(super) fn stamped_json(status: StatusCode, mut body: Value, settings: &Settings) -> Response<Bytes> {
    add_version_stamp(&mut body, settings);
    json_response(status, &body)
}
