//! Projects that automation tools make: creation first, then an export like any other (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ai_studios::api_error::Refusal;
use crate::ai_studios::export_operations;
use crate::ai_studios::multipart;
use crate::ai_studios::progress_fields::{number, whole};
use crate::ai_studios::project::{Creation, HALF};
use crate::ai_studios::project_creation;
use crate::ai_studios::request_body::Body;
use crate::ai_studios::route::Tool;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// Kinds of documents that a video is made of.
const DOCUMENTS: [&str; 9] = ["txt", "pdf", "xls", "xlsx", "doc", "docs", "docx", "ppt", "pptx"];

/// The four tools. Making a project of documents gives no job id (contract 8, C28).
pub(super) fn automate(
    simulator: &mut AiStudiosSimulator,
    tool: Tool,
    body: &Body,
    at: Moment,
) -> Result<Value, Refusal> {
    let name = match tool {
        Tool::Scripts => "scripts",
        Tool::Topic => "topic",
        Tool::Url => "url",
        Tool::Documents => "files",
    };
    let filled = match body.get(name) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty() && matches!(tool, Tool::Scripts | Tool::Documents),
        Some(_) | None => false,
    };
    if !filled {
        return Err(Refusal::invalid(format!("{name} is required")));
    }
    if tool == Tool::Url {
        body.web_address("url")?;
    }
    let place = project_creation::add_project(simulator, &format!("From {name}"), None, at);
    let job = (tool != Tool::Documents).then(|| simulator.draw.next_hex("automation job"));
    let project = simulator.state.projects.at_mut(place);
    project.creation = Some(Creation { job: job.clone(), started: at.now });
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
) -> Result<Value, Refusal> {
    let parts = multipart::read(request)?;
    let mut uploaded = Vec::new();
    for part in parts.iter().filter(|part| part.name == "files") {
        let name = part.file_name.as_deref().unwrap_or_default();
        let kind = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if !DOCUMENTS.contains(&kind.as_str()) {
            return Err(Refusal::invalid("files holds a document of an unknown kind"));
        }
        let uri = format!("upload/{}.{kind}", simulator.draw.next_hex("upload"));
        uploaded.push(json!({"uri": uri, "fileName": name}));
    }
    if uploaded.is_empty() {
        return Err(Refusal::invalid("files is required"));
    }
    Ok(json!({"uploadResults": uploaded}))
}

/// `GET /automation/progress`, in its three spellings.
pub(super) fn creation(
    simulator: &AiStudiosSimulator,
    id: Option<String>,
    query: &str,
    at: Moment,
) -> Result<Value, Refusal> {
    let queried = || {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "projectId").map(|(_, value)| value.into_owned())
    };
    let id = id.or_else(queried).ok_or_else(|| Refusal::invalid("projectId is required"))?;
    let project = simulator.state.projects.at(export_operations::own_project(simulator, &id, at)?);
    let creation = project.creation.as_ref().ok_or_else(Refusal::no_project)?;
    let progress = creation.progress(&simulator.state.knobs.automation, at.now);
    let states = &simulator.state.knobs.invented.states;
    let state = match progress {
        100.0.. => &states.finish,
        HALF.. => &states.building,
        _ => &states.creating,
    };
    let form = simulator.state.knobs.progress.number;
    Ok(json!({"state": state, "progress": number(f64::from(whole(progress)), form)}))
}
