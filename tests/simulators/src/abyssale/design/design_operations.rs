//! Changes of designs and projects, and the event of a review (contract 3.4 and 5.3).

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::abyssale::api_error::{ApiError, FieldError};
use crate::abyssale::design::Design;
use crate::abyssale::field_validation::BodyFields;
use crate::abyssale::list_query::Query;
use crate::abyssale::project::Project;
use crate::abyssale::request_body;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::WebhookContent;
use crate::abyssale::webhook_scheduling;
use crate::virtual_clock::Moment;

/// The status of a design without a review.
const NO_REVIEW: &str = "NONE";

/// `PUT /designs/{id}/name`.
pub(crate) fn rename_design(
    simulator: &mut AbyssaleSimulator,
    id: Uuid,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    let name = read_name(request, 1)?;
    let design = design_mut(simulator, id, at)?;
    design.name = name;
    design.updated_at = at.now.unix_timestamp();
    Ok(design_summary(design))
}

/// `PUT /designs/{id}/project`. It resets the review.
pub(crate) fn move_design(
    simulator: &mut AbyssaleSimulator,
    id: Uuid,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    let project = read_project_id(request)?;
    design_mut(simulator, id, at)?;
    if simulator.state.workspace.designs.project(project).is_none() {
        return Err(ApiError::not_found("project_not_found", "project"));
    }
    let design = design_mut(simulator, id, at)?;
    design.project = project;
    let view = design_summary(design);
    if design.status != NO_REVIEW {
        set_review_status(simulator, id, NO_REVIEW, at);
    }
    Ok(view)
}

/// `DELETE /designs/{id}`. Its files stay available.
pub(crate) fn delete_design(
    simulator: &mut AbyssaleSimulator,
    id: Uuid,
    at: Moment,
) -> Result<Value, ApiError> {
    let design = design_mut(simulator, id, at)?;
    design.deleted = true;
    Ok(design_summary(design))
}

fn design_mut(simulator: &mut AbyssaleSimulator, id: Uuid, at: Moment) -> Result<&mut Design, ApiError> {
    simulator.state.workspace.designs.get_mut(id, at.now).ok_or_else(ApiError::template_not_found)
}

/// Sets the status of a design and notifies the subscriptions. Returns false if there is no such design.
pub(crate) fn set_review_status(
    simulator: &mut AbyssaleSimulator,
    id: Uuid,
    status: &str,
    at: Moment,
) -> bool {
    let Some(design) = simulator.state.workspace.designs.get_mut(id, at.now) else { return false };
    design.status = status.to_owned();
    let content = WebhookContent::TemplateStatus { design: id, status: status.to_owned(), since: at.now };
    webhook_scheduling::schedule_for_subscriptions(simulator, "template_status", Some(id), &content, at.now);
    true
}

/// `GET /projects`, ordered by name.
pub(crate) fn list_projects(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let query = Query::of(request);
    let phrase = query.get("name").unwrap_or_default().to_lowercase();
    let projects = simulator.state.workspace.designs.projects.iter();
    let mut found: Vec<&Project> =
        projects.filter(|project| project.name.to_lowercase().contains(&phrase)).collect();
    found.sort_by_key(|project| project.name.to_lowercase());
    query.paginate(found.into_iter().map(Project::view).collect())
}

/// `POST /projects`, which responds with 200.
pub(crate) fn create_project(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    let name = read_name(request, 2)?;
    let known = simulator.state.workspace.designs.projects.iter().any(|project| project.name.trim() == name);
    if known {
        return Err(ApiError::bad_request("project_already_exists", "There is a project of this name."));
    }
    let id = simulator.ids.next_uuid("project");
    let project = Project { id, name, created_at: at.now.unix_timestamp() };
    let view = project.view();
    simulator.state.workspace.designs.projects.push(project);
    Ok(view)
}

fn design_summary(design: &Design) -> Value {
    json!({"id": design.id, "name": design.name})
}

/// Reads a `name` of `min` to 100 characters, trimmed.
pub(crate) fn read_name(request: &Request<Bytes>, min: usize) -> Result<String, ApiError> {
    let object = request_body::parse_object(request)?;
    let mut field_errors = Vec::new();
    if !object.contains_key("name") {
        field_errors.push(FieldError::new("name", "missing_required", "Missing data for required field."));
    }
    let name = BodyFields::of(&object).text("name", &mut field_errors).map(str::trim).unwrap_or_default();
    if field_errors.is_empty() && !(min..=100).contains(&name.chars().count()) {
        let message = format!("Length must be between {min} and 100.");
        let field_error = FieldError::new("name", "out_of_range", &message);
        field_errors.push(field_error.expected(json!({"min": min, "max": 100})));
    }
    if field_errors.is_empty() { Ok(name.to_owned()) } else { Err(ApiError::invalid(field_errors)) }
}

/// Reads a `project_id`, which must be a UUID.
pub(crate) fn read_project_id(request: &Request<Bytes>) -> Result<Uuid, ApiError> {
    let object = request_body::parse_object(request)?;
    let mut field_errors = Vec::new();
    if !object.contains_key("project_id") {
        field_errors.push(FieldError::new(
            "project_id",
            "missing_required",
            "Missing data for required field.",
        ));
    }
    let id = BodyFields::of(&object).uuid("project_id", &mut field_errors);
    match id {
        Some(id) if field_errors.is_empty() => Ok(id),
        _ => Err(ApiError::invalid(field_errors)),
    }
}
