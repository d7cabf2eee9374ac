//! The export call of the API, and the start of an export (contract 2 and 9.3).

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::account::{object_id, task_id};
use crate::ai_studios::api_error::{ApiError, ErrorKind};
use crate::ai_studios::export_run::ExportRun;
use crate::ai_studios::field_check::{DocumentedField, FieldForm, optional, required};
use crate::ai_studios::project::Owner;
use crate::ai_studios::project_settings;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::settings::export::{ReturnedId, WhileRunning};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::webhook_scheduling;
use crate::virtual_clock::Moment;

/// The fields that every call takes that can export.
pub(super) const EXPORT_FIELDS: [DocumentedField; 3] = [
    optional("workspaceId", FieldForm::Text),
    optional("resolution", FieldForm::OneOf(&["4k", "1080", "720", "480"])),
    optional("webhookUrl", FieldForm::HttpUrl),
];

/// The options of an export.
#[derive(Debug, Clone)]
pub(super) struct ExportOptions {
    workspace: Option<String>,
    resolution: String,
    webhook_url: Option<String>,
}

/// Reads [`EXPORT_FIELDS`] of a body that was checked against them.
pub(super) fn parse_export_options(
    simulator: &AiStudiosSimulator,
    body: &RequestBody,
) -> Result<ExportOptions, ApiError> {
    let optional = simulator.state.settings.export.optional_fields;
    for name in ["workspaceId", "resolution"] {
        if optional == AcceptancePolicy::Refuse && body.get(name).is_some() {
            return Err(ApiError::invalid(format!("{name} is invalid")));
        }
    }
    let resolution = body.text("resolution")?.unwrap_or_else(|| "1080".to_owned());
    let workspace = body.text("workspaceId")?;
    if workspace.as_deref().is_some_and(|id| !simulator.account.has_workspace(id)) {
        return Err(ApiError::new(ErrorKind::Forbidden, "no permission for this workspace"));
    }
    Ok(ExportOptions { workspace, resolution, webhook_url: body.text("webhookUrl")? })
}

/// `POST /editor/project/export`.
pub(super) fn accept_export(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    body.check(&[&[required("projectId", FieldForm::Text)], &EXPORT_FIELDS])?;
    let id = body.required_text("projectId")?;
    let options = parse_export_options(simulator, body)?;
    let index = find_own_project(simulator, &id, at)?;
    let project = simulator.state.projects.at(index);
    if options.workspace.as_ref().is_some_and(|workspace| *workspace != project.workspace) {
        return Err(ApiError::new(ErrorKind::Forbidden, "no permission for this project in this workspace"));
    }
    let automation = &simulator.state.settings.automation;
    if project.is_being_made(automation, at.now) && automation.early_export == AcceptancePolicy::Refuse {
        return Err(ApiError::invalid("the project is still being created"));
    }
    let id = start_export(simulator, index, options, at)?;
    Ok(json!({"projectId": id}))
}

/// Returns the index of a project that exists and belongs to the account.
pub(super) fn find_own_project(
    simulator: &AiStudiosSimulator,
    id: &str,
    at: Moment,
) -> Result<usize, ApiError> {
    let index = simulator.state.projects.index_of(id, at.now).ok_or_else(ApiError::project_not_found)?;
    match simulator.state.projects.at(index).owner {
        Owner::Account => Ok(index),
        Owner::OtherAccount => Err(ApiError::new(ErrorKind::Forbidden, "no permission for this project")),
    }
}

/// Charges and starts an export. Returns the id to poll.
pub(super) fn start_export(
    simulator: &mut AiStudiosSimulator,
    index: usize,
    options: ExportOptions,
    at: Moment,
) -> Result<String, ApiError> {
    let settings = project_settings::settings_for_project(simulator, index);
    let exports = &mut simulator.state.exports;
    exports.check_credit(settings.export.credits, settings.export.credit)?;
    let project = simulator.state.projects.at_mut(index);
    let mut starts = at.now;
    if project.running_export(at.now).is_some() {
        match settings.export.while_running {
            WhileRunning::Reject => {
                return Err(ApiError::new(ErrorKind::Conflict, "the project is already exporting"));
            }
            WhileRunning::Replace => project.runs.retain(|run| !run.is_running(at.now)),
            WhileRunning::Queue => starts = later_of(starts, project.runs.last()),
        }
    }
    let task = task_id(&simulator.ids.next_hex("task"));
    project.runs.push(ExportRun {
        task: task.clone(),
        accepted: at.now,
        starts,
        timeline: settings.timeline.clone(),
        resolution: options.resolution.clone(),
        webhook_url: options.webhook_url,
        credit: settings.export.credit,
        polls_at_hundred: 0,
    });
    project.updated = at.now;
    let mut id = project.id.clone();
    if settings.export.returned_id == ReturnedId::Alias {
        id = object_id(simulator.ids.next_hex("alias"));
        project.aliases.push(id.clone());
    }
    exports.accepted_posts += 1;
    exports.credits += settings.export.credit;
    exports.log.push(json!({
        "project_id": project.id,
        "returned_id": id,
        "backend_task_id": task,
        "resolution": options.resolution,
        "workspace_id": options.workspace,
        "accepted_at": at.now.unix_timestamp(),
    }));
    webhook_scheduling::schedule_webhooks(simulator, index, &task, &settings, at);
    Ok(id)
}

/// Returns the later of now and the end of the previous export.
fn later_of(now: OffsetDateTime, before: Option<&ExportRun>) -> OffsetDateTime {
    before.map_or(now, |run| run.next_may_start_at().max(now))
}
