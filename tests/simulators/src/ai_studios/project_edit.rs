//! Edits of projects, which export them by the same call, and their deletion (contract 7).

use serde_json::{Value, json};

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::export_operations::{self, EXPORT_FIELDS};
use crate::ai_studios::field_check::{DocumentedField, FieldForm, optional, required};
use crate::ai_studios::project_creation::{self, IS_EXPORT};
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::scene_check::CLIP_TYPES;
use crate::ai_studios::settings::creation::EditedProject;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// `POST /editor/project/{key}`.
const EDIT_FIELDS: [DocumentedField; 2] = [required("updates", FieldForm::Object), IS_EXPORT];
/// An item of `updates.value`.
const UPDATE_FIELDS: [DocumentedField; 3] = [
    required("sceneIdx", FieldForm::Integer),
    required("type", FieldForm::Text),
    required("values", FieldForm::Object),
];
/// `POST /editor/project/modify`.
const MODIFY_FIELDS: [DocumentedField; 4] = [
    required("projectId", FieldForm::Text),
    required("updates", FieldForm::Object),
    IS_EXPORT,
    optional("webhookUrl", FieldForm::HttpUrl),
];

/// `POST /editor/project/{key}`: the updates are checked for their form only.
pub(super) fn edit_project(
    simulator: &mut AiStudiosSimulator,
    id: &str,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    let index = export_operations::find_own_project(simulator, id, at)?;
    body.check(&[&EDIT_FIELDS, &EXPORT_FIELDS])?;
    let updates = body.get("updates").and_then(|updates| updates.get("value")).and_then(Value::as_array);
    let updates = updates.filter(|updates| !updates.is_empty());
    let updates = updates.ok_or_else(|| ApiError::invalid("updates.value is required"))?;
    for (number, update) in updates.iter().enumerate() {
        let path = format!("updates.value[{number}].");
        body.check_inner(update, &path, &UPDATE_FIELDS)?;
        let kind = update["type"].as_str().unwrap_or_default();
        if kind != "background" && !CLIP_TYPES.contains(&kind) {
            return Err(ApiError::invalid(format!("{path}type is invalid")));
        }
    }
    let export = project_creation::read_export(simulator, body, true)?;
    let index = match simulator.state.settings.creation.edit_returns {
        EditedProject::Same => index,
        EditedProject::New => copy_project(simulator, index, at),
    };
    simulator.state.projects.at_mut(index).updated = at.now;
    Ok(json!({"projectId": project_creation::export_as_requested(simulator, index, export, at)?}))
}

/// Adds a project with the content of another and returns its index.
fn copy_project(simulator: &mut AiStudiosSimulator, index: usize, at: Moment) -> usize {
    let source = simulator.state.projects.at(index).clone();
    let copy = project_creation::add_project(simulator, &source.name, Some(source.workspace), at);
    let project = simulator.state.projects.at_mut(copy);
    (project.scenes, project.orientation, project.settings) =
        (source.scenes, source.orientation, source.settings);
    copy
}

/// `POST /editor/project/modify`, which only older Korean pages still describe.
pub(super) fn modify_project(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    body.check(&[&MODIFY_FIELDS])?;
    let index = export_operations::find_own_project(simulator, &body.required_text("projectId")?, at)?;
    let export = project_creation::read_export(simulator, body, false)?;
    simulator.state.projects.at_mut(index).updated = at.now;
    Ok(json!({"projectId": project_creation::export_as_requested(simulator, index, export, at)?}))
}

/// `DELETE /editor/project`.
pub(super) fn delete_projects(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
) -> Result<Value, ApiError> {
    let ids = body.get("ids").and_then(Value::as_array);
    let ids = ids.ok_or_else(|| ApiError::invalid("ids is required"))?;
    let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
    Ok(json!({"deletedCount": simulator.state.projects.delete(&ids)}))
}
