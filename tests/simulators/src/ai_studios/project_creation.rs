//! Projects created or changed through the API, and exported by the same call (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ai_studios::account::object_id;
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::export_operations;
use crate::ai_studios::multipart;
use crate::ai_studios::project::Project;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

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
    let scenes = body.get("scenes").filter(|scenes| scenes.is_array());
    let scenes = scenes.cloned().ok_or_else(|| ApiError::invalid("scenes is required"))?;
    let name = body.text("name")?.unwrap_or_else(|| "Default Template".to_owned());
    let orientation = body.text("orientation")?.unwrap_or_else(|| "landscape".to_owned());
    if !["landscape", "portrait"].contains(&orientation.as_str()) {
        return Err(ApiError::invalid("orientation is invalid"));
    }
    let index = create_and_export(simulator, &name, body, true, at)?;
    let project = simulator.state.projects.at_mut(index.0);
    (project.scenes, project.orientation) = (scenes, orientation);
    Ok(json!({"projectId": index.1}))
}

/// `POST /simple/video`. The documented default of `isExport` is false here.
pub(super) fn chroma_key_video(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    for name in ["language", "text", "model", "clothes"] {
        body.required_text(name)?;
    }
    let (_, id) = create_and_export(simulator, "Chroma key video", body, false, at)?;
    Ok(json!({"projectId": id}))
}

/// `POST /simple/custom`.
pub(super) fn custom_avatar_video(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    for name in ["language", "text", "model"] {
        body.required_text(name)?;
    }
    let (index, id) = create_and_export(simulator, "Custom avatar video", body, true, at)?;
    let task = simulator.state.projects.at(index).runs.last().map(|run| run.task.clone());
    let task = task.unwrap_or_else(|| crate::ai_studios::account::task_id(&simulator.ids.next_hex("task")));
    Ok(json!({"projectId": id, "taskId": task}))
}

/// `POST /editor/project/{key}`: the updates are checked for their form only.
pub(super) fn edit_project(
    simulator: &mut AiStudiosSimulator,
    id: &str,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    let index = export_operations::find_own_project(simulator, id, at)?;
    let updates = body.get("updates").and_then(|updates| updates.get("value")).and_then(Value::as_array);
    let updates = updates.ok_or_else(|| ApiError::invalid("updates.value is required"))?;
    let whole = |update: &Value| update["sceneIdx"].is_u64() && update["type"].is_string();
    if !updates.iter().all(whole) {
        return Err(ApiError::invalid("updates.value is invalid"));
    }
    export_if_requested(simulator, index, body, true, at)
}

/// `POST /editor/project/modify`, which only the Korean pages still describe.
pub(super) fn modify_project(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    let index = export_operations::find_own_project(simulator, &body.required_text("projectId")?, at)?;
    if !body.get("updates").is_some_and(Value::is_object) {
        return Err(ApiError::invalid("updates is required"));
    }
    export_if_requested(simulator, index, body, false, at)
}

/// `POST /editor/project/pptpdf`.
pub(super) fn project_from_file(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    let parts = multipart::parse_form(request)?;
    let file = parts.iter().find(|part| part.name == "file").and_then(|part| part.file_name.clone());
    let file = file.ok_or_else(|| ApiError::invalid("file is required"))?;
    let known = ["pdf", "ppt", "pptx"].iter().any(|kind| file.to_ascii_lowercase().ends_with(kind));
    if !known {
        return Err(ApiError::invalid("file must be a pdf, ppt or pptx"));
    }
    let name = parts.iter().find(|part| part.name == "name").map_or(file, multipart::FormPart::text);
    let index = add_project(simulator, &name, None, at);
    Ok(json!({"projectId": simulator.state.projects.at(index).id}))
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

/// Creates a project and exports it if the body or the default says so. Returns its index and the id to poll.
fn create_and_export(
    simulator: &mut AiStudiosSimulator,
    name: &str,
    body: &RequestBody,
    export_by_default: bool,
    at: Moment,
) -> Result<(usize, String), ApiError> {
    let (options, exports) = (
        export_operations::parse_export_options(simulator, body)?,
        body.boolean_or("isExport", export_by_default)?,
    );
    let index = add_project(simulator, name, body.text("workspaceId")?, at);
    let id = simulator.state.projects.at(index).id.clone();
    Ok((index, if exports { export_operations::start_export(simulator, index, options, at)? } else { id }))
}

fn export_if_requested(
    simulator: &mut AiStudiosSimulator,
    index: usize,
    body: &RequestBody,
    export_by_default: bool,
    at: Moment,
) -> Result<Value, ApiError> {
    let (options, exports) = (
        export_operations::parse_export_options(simulator, body)?,
        body.boolean_or("isExport", export_by_default)?,
    );
    let project = simulator.state.projects.at_mut(index);
    project.updated = at.now;
    let id = project.id.clone();
    let id = if exports { export_operations::start_export(simulator, index, options, at)? } else { id };
    Ok(json!({"projectId": id}))
}
