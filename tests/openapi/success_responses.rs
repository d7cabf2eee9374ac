//! Responses without an error, and the headers of all responses.

use serde_json::{Map, Value, json};

use crate::response_schemas::reference;

/// A JSON response.
pub(crate) fn json_response(description: &str, schema: &str) -> Value {
    json!({
        "description": description,
        "headers": { "Cache-Control": header("Cache-Control") },
        "content": { "application/json": { "schema": reference(schema) } },
    })
}

/// A response with a job that was created or changed, and its location.
pub(crate) fn job_response(description: &str) -> Value {
    let mut response = json_response(description, "Job");
    response["headers"]["Location"] = header("JobLocation");
    response["links"] = links();
    response
}

/// A redirect to a file.
pub(crate) fn redirect_response() -> Value {
    let mut response = json_response("A link to the file.", "Link");
    response["headers"]["Location"] = header("FileLocation");
    response
}

/// The response with this document.
pub(crate) fn document_response() -> Value {
    json!({
        "description": "This document.",
        "headers": { "Cache-Control": header("Cache-Control") },
        "content": { "application/json": { "schema": { "type": "object" } } },
    })
}

/// The operations that follow from the job of a response.
pub(crate) fn links() -> Value {
    let operations = ["getJob", "getArchive", "getManifest", "retryJob", "cancelJob", "replayDelivery"];
    let link = |operation: &str| json!({ "operationId": operation, "parameters": { "job_id": "$response.body#/job_id" } });
    operations
        .map(|operation| (operation.to_owned(), link(operation)))
        .into_iter()
        .collect::<Map<_, _>>()
        .into()
}

/// A reference to a header.
pub(crate) fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// The headers, by name.
pub(crate) fn headers() -> Value {
    json!({
        "Cache-Control": {
            "description": "The response must not be cached.", "required": true,
            "schema": { "type": "string", "const": "no-store" },
        },
        "JobLocation": {
            "description": "The path of the job.", "required": true,
            "schema": { "type": "string", "pattern": "^/jobs/[0-9a-f-]{36}$" },
        },
        "FileLocation": {
            "description": "A presigned URL of the file.", "required": true,
            "schema": { "type": "string", "format": "uri" },
        },
        "Retry-After": {
            "description": "Seconds to wait before a retry, if known.",
            "schema": { "type": "integer", "minimum": 1 },
        },
    })
}
