//! The input and the options of the automation tools (contract 7).

use serde_json::{Value, json};

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::field_check::{DocumentedField, FieldForm, optional, required};
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::route::AutomationTool;

/// The options of every tool.
const COMMON_OPTIONS: [DocumentedField; 11] = [
    optional("language", FieldForm::Text),
    optional("objective", FieldForm::Text),
    optional("audience", FieldForm::Text),
    optional("tone", FieldForm::Text),
    optional("speed", FieldForm::Range(0.5, 1.5)),
    optional("media", FieldForm::OneOf(&["search", "free", "premium", "generative"])),
    optional("useGenerativeHighQuality", FieldForm::Flag),
    optional("style", FieldForm::OneOf(&STYLES)),
    optional("templateId", FieldForm::Text),
    optional("model", FieldForm::Text),
    optional("voiceOnly", FieldForm::Flag),
];
const STYLES: [&str; 10] = [
    "realistic",
    "digitalPainting",
    "sketch",
    "oilPainting",
    "pixelArt",
    "watercolor",
    "lowPoly",
    "cyberpunk",
    "fantasy",
    "anime",
];
/// Every tool but the one for documents has it.
const DURATION: DocumentedField =
    optional("duration", FieldForm::NumberOf(&[30.0, 60.0, 90.0, 120.0, 150.0, 180.0]));
/// Only the tool for scripts has it.
const SCRIPT_OPTION: DocumentedField = optional("scriptOption", FieldForm::OneOf(&["ai", "original"]));
const OPTIONS: DocumentedField = optional("options", FieldForm::Object);
/// An item of `files`.
const FILE_FIELDS: [DocumentedField; 2] =
    [required("uri", FieldForm::Text), required("fileName", FieldForm::Text)];

/// Returns the name of the tool's input.
pub(super) fn input_name(tool: AutomationTool) -> &'static str {
    match tool {
        AutomationTool::Scripts => "scripts",
        AutomationTool::Topic => "topic",
        AutomationTool::Url => "url",
        AutomationTool::Documents => "files",
    }
}

/// Checks the body of a tool. `unfit` is what happens to options that are valid only with other ones.
pub(super) fn check_tool(
    tool: AutomationTool,
    body: &RequestBody,
    unfit: AcceptancePolicy,
) -> Result<(), ApiError> {
    let form = match tool {
        AutomationTool::Scripts | AutomationTool::Topic => FieldForm::Text,
        AutomationTool::Url => FieldForm::HttpUrl,
        AutomationTool::Documents => FieldForm::List,
    };
    body.check(&[&[required(input_name(tool), form), OPTIONS]])?;
    let none = json!({});
    let options = body.get("options").filter(|options| options.is_object()).unwrap_or(&none);
    let mut table = COMMON_OPTIONS.to_vec();
    match tool {
        AutomationTool::Scripts => table.extend([DURATION, SCRIPT_OPTION]),
        AutomationTool::Topic | AutomationTool::Url => table.push(DURATION),
        AutomationTool::Documents => {}
    }
    body.check_inner(options, "options.", &table)?;
    let generative = options["media"] == "generative";
    let misplaced =
        ["useGenerativeHighQuality", "style"].into_iter().find(|name| options.get(name).is_some());
    match misplaced.filter(|_| !generative && unfit == AcceptancePolicy::Refuse) {
        Some(name) => Err(ApiError::invalid(format!("options.{name} requires options.media generative"))),
        None => Ok(()),
    }
}

/// Checks `files` and returns the uploads that they name.
pub(super) fn read_files(body: &RequestBody) -> Result<Vec<&str>, ApiError> {
    let files = body.get("files").and_then(Value::as_array).filter(|files| !files.is_empty());
    let files = files.ok_or_else(|| ApiError::invalid("files is required"))?;
    let mut uris = Vec::new();
    for (number, file) in files.iter().enumerate() {
        body.check_inner(file, &format!("files[{number}]."), &FILE_FIELDS)?;
        uris.extend(file["uri"].as_str());
    }
    Ok(uris)
}
