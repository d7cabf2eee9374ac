//! The errors of submissions, and what the caller can still do.

use model::{Error, ErrorClass, Violation};

use super::{
    error_response::{ErrorKind, ErrorResponse},
    export_status::progress::ExportProgress,
    wire_request::WireRequest,
};

/// Nothing was sent.
pub(super) fn unreachable_error() -> Error {
    let message = "AI Studios cannot be reached; nothing was submitted";
    Error::new(ErrorClass::ProviderUnavailable, message).with_retry_after(30)
}

/// An automation makes the tracked project, and nobody exports it.
pub(super) fn not_exported_error(creation: &ExportProgress) -> Error {
    let message = format!(
        "AI Studios makes this project by an automation ({}) and does not export it by itself: with \"export\": true \
         beside track, Landfall exports it when it is finished",
        creation.describe()
    );
    let missing = Violation::new("export", "expected true, since nobody exports the project");
    Error::new(ErrorClass::ProviderConflict, message).with_violations(vec![missing])
}

/// The provider may have accepted a request.
pub(super) fn outcome_unknown_error(what: &str, wire_request: &WireRequest) -> Error {
    let message = match &wire_request.project_id {
        Some(_) => format!("{what}; the export may be in progress, and polling its progress shows it"),
        None => format!(
            "{what}; the work may be in progress, but the id of its project is unknown, so it cannot be polled; look \
             for the project in AI Studios, and track it with kind export"
        ),
    };
    Error::new(ErrorClass::ProviderOutcomeUnknown, message)
}

/// The provider refused the export of a project that an earlier request of the job made.
pub(super) fn refused_export_error(error_response: &ErrorResponse, project_id: &str) -> Error {
    let mut error = error_response.to_error();
    let hint = format!(
        "; AI Studios has made the project {project_id}, and a job of kind export with this project_id exports it"
    );
    error.message.push_str(&hint);
    error
}

/// The provider refused a request. The error names the caller's field.
pub(super) fn refusal_error(error_response: &ErrorResponse, has_project_field: bool) -> Error {
    let error = error_response.to_error();
    if error_response.kind() != ErrorKind::NotFound || !has_project_field {
        return error;
    }
    error.with_violations(vec![Violation::new("project_id", "there is no such project at AI Studios")])
}
