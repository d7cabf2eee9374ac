//! Projects made from a template or from a PDF or PPT. Neither call exports (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::api_error::{ApiError, ErrorKind};
use crate::ai_studios::field_check::{DocumentedField, FieldForm, FieldPolicies, optional, required};
use crate::ai_studios::multipart::{self, FormPart};
use crate::ai_studios::project_creation::{self, IS_EXPORT};
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::settings::creation::TemplateFields;
use crate::ai_studios::settings::seconds;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// `POST /editor/template/{templateId}`, without the avatar.
const TEMPLATE_FIELDS: [DocumentedField; 2] =
    [optional("name", FieldForm::Text), optional("workspaceId", FieldForm::Text)];
/// The avatar as the table names it, and as all samples do.
const TABLE_AVATAR: [DocumentedField; 2] =
    [optional("aiName", FieldForm::Text), optional("clothId", FieldForm::Text)];
const SAMPLE_AVATAR: [DocumentedField; 2] =
    [optional("model", FieldForm::Text), optional("clothes", FieldForm::Text)];
/// `POST /editor/template/modify`.
const MODIFY_FIELDS: [DocumentedField; 5] = [
    required("templateId", FieldForm::Text),
    optional("name", FieldForm::Text),
    required("updates", FieldForm::Object),
    IS_EXPORT,
    optional("webhookUrl", FieldForm::HttpUrl),
];
/// The file types that are converted.
const FILE_TYPES: [&str; 3] = ["pdf", "ppt", "pptx"];

/// `POST /editor/template/{templateId}`. The samples send the fields in the query.
pub(super) fn project_from_template(
    simulator: &mut AiStudiosSimulator,
    template: &str,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    match simulator.state.settings.creation.template_fields {
        TemplateFields::Both => body.check(&[&TEMPLATE_FIELDS, &TABLE_AVATAR, &SAMPLE_AVATAR])?,
        TemplateFields::Table => body.check(&[&TEMPLATE_FIELDS, &TABLE_AVATAR])?,
        TemplateFields::Sample => body.check(&[&TEMPLATE_FIELDS, &SAMPLE_AVATAR])?,
    }
    let workspace = find_workspace(simulator, body.text("workspaceId")?)?;
    let index = add_from_template(simulator, template, body.text("name")?, workspace, at)?;
    Ok(json!({"projectId": simulator.state.projects.at(index).id}))
}

/// `POST /editor/template/modify`, which only older Korean pages still describe.
pub(super) fn modify_template(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    body.check(&[&MODIFY_FIELDS])?;
    let export = project_creation::read_export(simulator, body, false)?;
    let template = body.required_text("templateId")?;
    let index = add_from_template(simulator, &template, body.text("name")?, None, at)?;
    Ok(json!({"projectId": project_creation::export_as_requested(simulator, index, export, at)?}))
}

fn add_from_template(
    simulator: &mut AiStudiosSimulator,
    template: &str,
    name: Option<String>,
    workspace: Option<String>,
    at: Moment,
) -> Result<usize, ApiError> {
    let known = simulator.account.templates.iter().find(|(id, _)| id == template);
    let (_, template_name) =
        known.ok_or_else(|| ApiError::new(ErrorKind::Missing, "template does not exist"))?;
    let name = name.unwrap_or_else(|| template_name.clone());
    Ok(project_creation::add_project(simulator, &name, workspace, at))
}

/// `POST /editor/project/pptpdf`.
pub(super) fn project_from_file(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    policies: FieldPolicies,
    at: Moment,
) -> Result<Value, ApiError> {
    let parts = multipart::parse_form(request)?;
    multipart::check_names(&parts, &["name", "workspaceId"], &["file"], policies)?;
    let file = parts.iter().find(|part| part.name == "file").and_then(FormPart::file);
    let file = file.ok_or_else(|| ApiError::invalid("file is required"))?;
    let settings = &simulator.state.settings.creation;
    let unnamed = !file.contains('.') && settings.unnamed_file == AcceptancePolicy::Accept;
    if !unnamed && !multipart::has_type(file, &FILE_TYPES) {
        return Err(ApiError::invalid("file must be a pdf, ppt or pptx"));
    }
    let text = |name: &str| parts.iter().find(|part| part.name == name).map(FormPart::text);
    let converted = at.now + seconds(settings.conversion_seconds);
    let workspace = find_workspace(simulator, text("workspaceId"))?;
    let name = text("name").unwrap_or_else(|| file.to_owned());
    let index = project_creation::add_project(simulator, &name, workspace, at);
    let project = simulator.state.projects.at_mut(index);
    project.converted = Some(converted);
    Ok(json!({"projectId": project.id}))
}

/// Returns the workspace if it belongs to the account.
fn find_workspace(
    simulator: &AiStudiosSimulator,
    workspace: Option<String>,
) -> Result<Option<String>, ApiError> {
    match workspace {
        Some(id) if !simulator.account.has_workspace(&id) => {
            Err(ApiError::new(ErrorKind::Forbidden, "no permission for this workspace"))
        }
        workspace => Ok(workspace),
    }
}
