//! The MD5 digests with which SQS clients verify messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Md5};
use serde_json::{Map, Value};

/// Computes `MD5OfBody`.
pub(crate) fn md5_of_body(body: &str) -> String {
    hex(&Md5::checksum(body.as_bytes()))
}

/// Computes `MD5OfMessageAttributes`: over the sorted names, each with type and value, all with their lengths.
pub(super) fn md5_of_attributes(attributes: &Map<String, Value>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut names: Vec<&String> = attributes.keys().collect();
    names.sort();
    let mut encoded = Vec::new();
    for name in names {
        let attribute = &attributes[name];
        append(&mut encoded, name.as_bytes());
        append(&mut encoded, attribute["DataType"].as_str().unwrap_or_default().as_bytes());
        if let Some(binary) = attribute["BinaryValue"].as_str() {
            encoded.push(2);
            append(&mut encoded, &STANDARD.decode(binary).unwrap_or_default());
        } else {
            encoded.push(1);
            append(&mut encoded, attribute["StringValue"].as_str().unwrap_or_default().as_bytes());
        }
    }
    Some(hex(&Md5::checksum(&encoded)))
}

fn append(encoded: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    encoded.extend(length.to_be_bytes());
    encoded.extend(bytes);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
