//! Projects made or edited through the API, and exported by the same call (contract 7).

use serde_json::{Value, json};

use crate::ai_studios::account::{object_id, task_id};
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::export_operations::{self, EXPORT_FIELDS, ExportOptions};
use crate::ai_studios::field_check::{DocumentedField, FieldForm, optional, required};
use crate::ai_studios::project::Project;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::scene_check;
use crate::ai_studios::settings::creation::TaskIdForm;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// `POST /editor/project`. Only the Chinese page has `dictionary`.
const PROJECT_FIELDS: [DocumentedField; 5] = [
    optional("name", FieldForm::Text),
    optional("orientation", FieldForm::OneOf(&["landscape", "portrait"])),
    optional("dictionary", FieldForm::Object),
    required("scenes", FieldForm::List),
    IS_EXPORT,
];
/// `POST /simple/video`. Only the Chinese page has `ttsType`.
const CHROMA_KEY_FIELDS: [DocumentedField; 6] = [
    required("language", FieldForm::Text),
    required("text", FieldForm::Text),
    required("model", FieldForm::Text),
    required("clothes", FieldForm::Text),
    optional("ttsType", FieldForm::Object),
    IS_EXPORT,
];
/// `POST /simple/custom`.
const CUSTOM_AVATAR_FIELDS: [DocumentedField; 4] = [
    required("language", FieldForm::Text),
    required("text", FieldForm::Text),
    required("model", FieldForm::Text),
    IS_EXPORT,
];
/// Whether the call also exports. Its default depends on the call.
pub(super) const IS_EXPORT: DocumentedField = optional("isExport", FieldForm::Flag);

/// Adds a project and returns its index.
pub(super) fn add_project(
    simulator: &mut AiStudiosSimulator,
    name: &str,
    workspace: Option<String>,
    at: Moment,
) -> usize {
    let id = object_id(simulator.ids.next_hex("project"));
    let workspace = workspace.unwrap_or_else(|| simulator.account.workspaces[0].0.clone());
    let project = Project::new(id.clone(), name, &workspace, at.now);
    simulator.state.projects.add(project);
    simulator.state.projects.index_of(&id, at.now).expect("it was just added")
}

/// `POST /editor/project`.
pub(super) fn create_project(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    body.check(&[&PROJECT_FIELDS, &EXPORT_FIELDS])?;
    let scenes = body.get("scenes").cloned().unwrap_or_default();
    scene_check::check_scenes(body, &scenes, simulator.state.settings.creation.scenes)?;
    let name = body.text("name")?.unwrap_or_else(|| "Default Template".to_owned());
    let orientation = body.text("orientation")?.unwrap_or_else(|| "landscape".to_owned());
    let export = read_export(simulator, body, true)?;
    let index = add_project(simulator, &name, body.text("workspaceId")?, at);
    let project = simulator.state.projects.at_mut(index);
    (project.scenes, project.orientation) = (scenes, orientation);
    Ok(json!({"projectId": export_as_requested(simulator, index, export, at)?}))
}

/// `POST /simple/video`. The documented default of `isExport` is false here.
pub(super) fn chroma_key_video(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    body.check(&[&CHROMA_KEY_FIELDS, &EXPORT_FIELDS])?;
    let export = read_export(simulator, body, false)?;
    let index = add_project(simulator, "Chroma key video", body.text("workspaceId")?, at);
    Ok(json!({"projectId": export_as_requested(simulator, index, export, at)?}))
}

/// `POST /simple/custom`.
pub(super) fn custom_avatar_video(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    body.check(&[&CUSTOM_AVATAR_FIELDS, &EXPORT_FIELDS])?;
    let export = read_export(simulator, body, true)?;
    let index = add_project(simulator, "Custom avatar video", body.text("workspaceId")?, at);
    let id = export_as_requested(simulator, index, export, at)?;
    let of_export = simulator.state.projects.at(index).runs.last().map(|run| run.task.clone());
    Ok(match (simulator.state.settings.creation.task_id, of_export) {
        (TaskIdForm::Absent, _) => json!({"projectId": id}),
        (TaskIdForm::Same, Some(task)) => json!({"projectId": id, "taskId": task}),
        (TaskIdForm::Other, _) | (TaskIdForm::Same, None) => {
            json!({"projectId": id, "taskId": task_id(&simulator.ids.next_hex("task"))})
        }
    })
}

/// Reads whether and how the call exports. An export that cannot be paid for is an error before a project is made.
pub(super) fn read_export(
    simulator: &AiStudiosSimulator,
    body: &RequestBody,
    by_default: bool,
) -> Result<Option<ExportOptions>, ApiError> {
    let options = export_operations::parse_export_options(simulator, body)?;
    if !body.boolean_or("isExport", by_default)? {
        return Ok(None);
    }
    let prices = &simulator.state.settings.export;
    simulator.state.exports.check_credit(prices.credits, prices.credit)?;
    Ok(Some(options))
}

/// Exports the project if the call says so, and returns the id to poll.
pub(super) fn export_as_requested(
    simulator: &mut AiStudiosSimulator,
    index: usize,
    export: Option<ExportOptions>,
    at: Moment,
) -> Result<String, ApiError> {
    match export {
        Some(options) => export_operations::start_export(simulator, index, options, at),
        None => Ok(simulator.state.projects.at(index).id.clone()),
    }
}
