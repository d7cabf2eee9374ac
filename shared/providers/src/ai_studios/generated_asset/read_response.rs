//! Reads the response to the request for an asset: its file, and what is said of it.

use http::StatusCode;
use model::{JobEvent, ProviderJobId, Source, SourceRole};
use serde_json::{Map, Value};

use crate::{
    DeliveryReport, MalformedDelivery,
    ai_studios::{
        envelope::{ExpectedPayload, open_envelope},
        file_name::file_name_of_url,
        lenient_values::{URL_FIELDS, read_text, read_url},
    },
};

/// The name under which such a response is logged with its job.
const EVENT_NAME: &str = "generated_asset";

/// The file that a response names.
pub(super) struct AssetFile {
    /// Where it can be downloaded.
    url: String,
    /// The provider's name for it.
    name: Option<String>,
    /// What is said of it, for the manifest.
    details: Map<String, Value>,
}

impl AssetFile {
    /// Reads the payload of a response. None when it names no file.
    pub(super) fn read(payload: &Value) -> Option<Self> {
        let url = read_url(payload, &URL_FIELDS)?;
        let stated = read_text(payload, &["fileName", "file_name"]);
        // The URL has the extension by which the type of a file is detected, if the stated name lacks it.
        let name = stated.filter(|name| name.contains('.')).or(file_name_of_url(&url)).or(stated);
        let (name, mut details) = (name.map(str::to_owned), read_metadata(payload));
        if let Some(stated) = stated {
            details.insert("file_name".into(), stated.into());
        }
        Some(Self { url, name, details })
    }

    /// Returns the id of the work. The provider names none, so it is the name of the file, or else the path of its URL.
    pub(super) fn provider_job_id(&self) -> ProviderJobId {
        let path = || url::Url::parse(&self.url).map(|url| url.path().to_owned()).unwrap_or_default();
        ProviderJobId::new(self.name.clone().unwrap_or_else(path))
    }
}

/// Reads the response to a request for an asset as a report about its job.
///
/// # Errors
/// [`MalformedDelivery`] when it names no file.
pub(crate) fn read_response(body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
    let payload = open_envelope(StatusCode::OK, body, ExpectedPayload::Object)
        .map_err(|error| MalformedDelivery(format!("an error in place of an asset: {}", error.message)))?;
    let file = AssetFile::read(&payload)
        .ok_or_else(|| MalformedDelivery("the response to the request for an asset names no file".into()))?;
    let provider_job_id = Some(file.provider_job_id());
    let AssetFile { url, name, details } = file;
    let source = Source { url, role: SourceRole::File, name, details };
    Ok(DeliveryReport {
        event_name: EVENT_NAME.to_owned(),
        provider_job_id,
        event: Some(JobEvent::FilesReady { sources: vec![source], missing: vec![] }),
        ..DeliveryReport::without_event()
    })
}

/// Reads the metadata of an audio (the provider's page "Export AI Audio"). Its form is not documented, so the plain values
/// of a single entry are taken as they are.
fn read_metadata(payload: &Value) -> Map<String, Value> {
    let entries = payload.get("metaList").and_then(Value::as_array);
    let Some([Value::Object(entry)]) = entries.map(Vec::as_slice) else { return Map::new() };
    let is_plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    entry
        .iter()
        .filter(|(_, value)| is_plain(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://cdn-studio.aistudios.com/images/a1.png?X-Signature=s";

    fn read(data: &Value) -> (Source, String) {
        let body = json!({ "success": true, "data": data }).to_string();
        let report = read_response(body.as_bytes()).expect("a report");
        assert!(!report.is_unverified && report.event_name == EVENT_NAME);
        let Some(JobEvent::FilesReady { mut sources, .. }) = report.event else { panic!("no files") };
        let id = report.provider_job_id.expect("an id").as_str().to_owned();
        (sources.pop().expect("a source"), id)
    }

    #[test]
    fn a_response_names_one_file() {
        for (data, name, id, details) in [
            (json!({ "downloadUrl": URL }), Some("a1.png"), "a1.png", json!({})),
            (
                json!({ "downloadUrl": URL, "fileName": "b.wav", "metaList": [{ "duration": 2.5, "words": [1] }] }),
                Some("b.wav"),
                "b.wav",
                json!({ "file_name": "b.wav", "duration": 2.5 }),
            ),
            (
                json!({ "downloadUrl": URL, "fileName": "b", "metaList": [{ "a": 1 }, { "a": 2 }] }),
                Some("a1.png"),
                "a1.png",
                json!({ "file_name": "b" }),
            ),
            (json!({ "downloadUrl": "https://h/f/1?t=s" }), None, "/f/1", json!({})),
        ] {
            let (source, read_id) = read(&data);
            assert_eq!((source.name.as_deref(), read_id.as_str()), (name, id), "{data}");
            assert_eq!(Value::Object(source.details), details, "{data}");
        }
    }

    #[test]
    fn a_response_without_a_file_is_malformed() {
        for body in [r#"{"success":true,"data":{}}"#, r#"{"success":false,"error":{"msg":"no"}}"#, "", "[]"] {
            assert!(read_response(body.as_bytes()).is_err(), "{body}");
        }
    }
}
