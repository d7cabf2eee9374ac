//! Projects that automation tools make. After that they are exported like any other (contract 7).

use serde_json::{Value, json};

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::automation_options;
use crate::ai_studios::document_upload;
use crate::ai_studios::export_operations;
use crate::ai_studios::progress_fields::{FAILURE_MESSAGE, format_progress, whole_percent};
use crate::ai_studios::project::{CreationPhase, ProjectCreation};
use crate::ai_studios::project_creation;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::route::AutomationTool;
use crate::ai_studios::settings::progress::ErrorField;
use crate::ai_studios::settings::seconds;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// The four tools. Making a project from documents returns no job id (contract 8, C28).
pub(super) fn create_with_tool(
    simulator: &mut AiStudiosSimulator,
    tool: AutomationTool,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    let settings = &simulator.state.settings;
    automation_options::check_tool(tool, body, settings.automation.unfit_options)?;
    if tool == AutomationTool::Documents {
        document_upload::check_uploaded(simulator, &automation_options::read_files(body)?, at)?;
    }
    simulator.state.exports.charge(settings.export.credits, settings.automation.credit)?;
    let name = format!("From {}", automation_options::input_name(tool));
    let index = project_creation::add_project(simulator, &name, None, at);
    let job = (tool != AutomationTool::Documents).then(|| simulator.ids.next_hex("automation job"));
    let project = simulator.state.projects.at_mut(index);
    project.creation = Some(ProjectCreation { job: job.clone(), started: at.now });
    let mut data = json!({"projectId": project.id});
    if let Some(job) = job {
        data["automationJobId"] = job.into();
    }
    Ok(data)
}

/// `GET /automation/progress`, in its three spellings.
pub(super) fn show_creation_progress(
    simulator: &AiStudiosSimulator,
    id: Option<String>,
    query: &str,
    at: Moment,
) -> Result<Value, ApiError> {
    let queried = || {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "projectId").map(|(_, value)| value.into_owned())
    };
    let id = id.or_else(queried).ok_or_else(|| ApiError::invalid("projectId is required"))?;
    let project = simulator.state.projects.at(export_operations::find_own_project(simulator, &id, at)?);
    let creation = project.creation.as_ref().ok_or_else(ApiError::project_not_found)?;
    let settings = &simulator.state.settings;
    if at.now < creation.started + seconds(settings.automation.missing_seconds) {
        return Err(ApiError::project_not_found());
    }
    let (phase, progress) = creation.shown(&settings.automation, at.now);
    let states = &settings.invented.states;
    let state = match phase {
        CreationPhase::Creating => &states.creating,
        CreationPhase::Building => &states.building,
        CreationPhase::Finished => &states.finish,
        CreationPhase::Failed => &states.error,
    };
    let progress = format_progress(f64::from(whole_percent(progress)), settings.progress.number);
    let mut view = json!({"state": state, "progress": progress});
    match (phase, settings.progress.error) {
        (CreationPhase::Failed, ErrorField::Object) => {
            view["error"] = json!({"code": settings.invented.codes.internal, "msg": FAILURE_MESSAGE});
        }
        (CreationPhase::Failed, ErrorField::Text) => view["error"] = FAILURE_MESSAGE.into(),
        _ => {}
    }
    Ok(view)
}
