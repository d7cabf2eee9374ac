//! Documents that are uploaded before a video is made of them (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::field_check::FieldPolicies;
use crate::ai_studios::multipart;
use crate::ai_studios::settings::seconds;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::uploaded_document::UploadedDocument;
use crate::virtual_clock::Moment;

/// The file types of documents from which a video is made.
const DOCUMENT_TYPES: [&str; 9] = ["txt", "pdf", "xls", "xlsx", "doc", "docs", "docx", "ppt", "pptx"];

/// `POST /automation/docs-to-video/upload-files`.
pub(super) fn upload_documents(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    policies: FieldPolicies,
    at: Moment,
) -> Result<Value, ApiError> {
    let parts = multipart::parse_form(request)?;
    multipart::check_names(&parts, &[], &["files"], policies)?;
    let mut results = Vec::new();
    for part in &parts {
        let name = part.file().ok_or_else(|| ApiError::invalid("files must be files"))?;
        if !multipart::has_type(name, &DOCUMENT_TYPES) {
            return Err(ApiError::invalid("files has a document of an unknown type"));
        }
        let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let id = simulator.ids.next_hex("upload");
        let uri = format!("{}.{extension}", id.get(..32).unwrap_or(&id));
        results.push(json!({"uri": uri, "fileName": name}));
        simulator.state.uploads.push(UploadedDocument { uri, uploaded: at.now });
    }
    if results.is_empty() {
        return Err(ApiError::invalid("files is required"));
    }
    Ok(json!({"uploadResults": results}))
}

/// Checks that these documents were uploaded and still exist.
pub(super) fn check_uploaded(
    simulator: &AiStudiosSimulator,
    uris: &[&str],
    at: Moment,
) -> Result<(), ApiError> {
    let lifetime = simulator.state.settings.automation.upload_seconds;
    let exists = |uri: &str| {
        let document = simulator.state.uploads.iter().find(|document| document.uri == uri);
        document.is_some_and(|document| {
            lifetime.is_none_or(|lifetime| at.now < document.uploaded + seconds(lifetime))
        })
    };
    match uris.iter().position(|uri| !exists(uri)) {
        Some(number) => Err(ApiError::invalid(format!("files[{number}].uri does not exist"))),
        None => Ok(()),
    }
}
