//! Projects that automation tools create. After creation they are exported like any other (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::export_operations;
use crate::ai_studios::multipart;
use crate::ai_studios::progress_fields::{format_progress, whole_percent};
use crate::ai_studios::project::{CREATION_STALL_PERCENT, ProjectCreation};
use crate::ai_studios::project_creation;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::route::AutomationTool;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// The file types of documents from which a video is made.
const DOCUMENT_TYPES: [&str; 9] = ["txt", "pdf", "xls", "xlsx", "doc", "docs", "docx", "ppt", "pptx"];

/// The four tools. Creating a project from documents returns no job id (contract 8, C28).
pub(super) fn create_with_tool(
    simulator: &mut AiStudiosSimulator,
    tool: AutomationTool,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    let name = match tool {
        AutomationTool::Scripts => "scripts",
        AutomationTool::Topic => "topic",
        AutomationTool::Url => "url",
        AutomationTool::Documents => "files",
    };
    let filled = match body.get(name) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => {
            !list.is_empty() && matches!(tool, AutomationTool::Scripts | AutomationTool::Documents)
        }
        Some(_) | None => false,
    };
    if !filled {
        return Err(ApiError::invalid(format!("{name} is required")));
    }
    if tool == AutomationTool::Url {
        body.http_url("url")?;
    }
    let index = project_creation::add_project(simulator, &format!("From {name}"), None, at);
    let job = (tool != AutomationTool::Documents).then(|| simulator.ids.next_hex("automation job"));
    let project = simulator.state.projects.at_mut(index);
    project.creation = Some(ProjectCreation { job: job.clone(), started: at.now });
    let mut data = json!({"projectId": project.id});
    if let Some(job) = job {
        data["automationJobId"] = job.into();
    }
    Ok(data)
}

/// `POST /automation/docs-to-video/upload-files`.
pub(super) fn upload_documents(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
) -> Result<Value, ApiError> {
    let parts = multipart::parse_form(request)?;
    let mut uploaded = Vec::new();
    for part in parts.iter().filter(|part| part.name == "files") {
        let name = part.file_name.as_deref().unwrap_or_default();
        let kind = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if !DOCUMENT_TYPES.contains(&kind.as_str()) {
            return Err(ApiError::invalid("files holds a document of an unknown kind"));
        }
        let uri = format!("upload/{}.{kind}", simulator.ids.next_hex("upload"));
        uploaded.push(json!({"uri": uri, "fileName": name}));
    }
    if uploaded.is_empty() {
        return Err(ApiError::invalid("files is required"));
    }
    Ok(json!({"uploadResults": uploaded}))
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
    let progress = creation.progress(&simulator.state.settings.automation, at.now);
    let states = &simulator.state.settings.invented.states;
    let state = match progress {
        100.0.. => &states.finish,
        CREATION_STALL_PERCENT.. => &states.building,
        _ => &states.creating,
    };
    let form = simulator.state.settings.progress.number;
    Ok(json!({"state": state, "progress": format_progress(f64::from(whole_percent(progress)), form)}))
}
