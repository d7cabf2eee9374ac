//! Templates of the workspace, and copying them into a project (contract 5.3).

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::design::Design;
use crate::abyssale::design::design_operations;
use crate::abyssale::design::seed_designs;
use crate::abyssale::design_duplication::DesignDuplication;
use crate::abyssale::file_type::DesignType;
use crate::abyssale::list_query::{Query, invalid_parameter};
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::uuid_format::parse_uuid;
use crate::virtual_clock::Moment;

/// Results are kept for seven days, as for generations.
const RETENTION: Duration = Duration::days(7);

/// Name of each template, and the index of its design among the seeded ones.
const TEMPLATES: [(&str, usize); 3] = [("Spring template", 0), ("Teaser template", 3), ("Flyer template", 4)];

/// The categories. A template belongs to the category of its index, the remaining ones to the last category.
const CATEGORIES: [(&str, &str); 2] = [("Campaigns", "#0B6E4F"), ("Print and motion", "#D7263D")];

fn template_id(simulator: &AbyssaleSimulator, index: usize) -> Uuid {
    simulator.ids.seeded_uuid("workspace template", index as u64)
}

fn template_category(simulator: &AbyssaleSimulator, index: usize) -> (Uuid, &'static str) {
    let index = index.min(CATEGORIES.len() - 1);
    (simulator.ids.seeded_uuid("template category", index as u64), CATEGORIES[index].0)
}

/// Returns the seeded design of a template, even if it was deleted since.
fn template_design(simulator: &AbyssaleSimulator, index: usize) -> Option<&Design> {
    simulator.state.workspace.designs.all.get(TEMPLATES.get(index)?.1)
}

/// `GET /workspace-templates`; an unknown type is ignored.
pub(super) fn list_templates(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
) -> Result<Value, ApiError> {
    let query = Query::of(request);
    let category = match query.get("category_id") {
        Some(text) => {
            Some(parse_uuid(text).ok_or_else(|| invalid_parameter("category_id", "Not a valid UUID."))?)
        }
        None => None,
    };
    let kind = DesignType::ALL.into_iter().find(|kind| query.get("type") == Some(kind.name()));
    let indexes = (0..TEMPLATES.len())
        .filter(|index| category.is_none_or(|id| template_category(simulator, *index).0 == id));
    Ok(indexes.filter_map(|index| template_view(simulator, index, kind)).collect())
}

fn template_view(simulator: &AbyssaleSimulator, index: usize, kind: Option<DesignType>) -> Option<Value> {
    let design =
        template_design(simulator, index).filter(|design| kind.is_none_or(|kind| kind == design.kind))?;
    let (category_id, category_name) = template_category(simulator, index);
    let preview = design.sheets.first().map(|sheet| sheet.uid)?;
    Some(json!({
        "id": template_id(simulator, index),
        "name": TEMPLATES[index].0,
        "type": design.kind.name(),
        "created_at": seed_designs::CREATED_AT,
        "updated_at": seed_designs::CREATED_AT,
        "preview_url": format!("{}/previews/{preview}.jpg", simulator.origins.files),
        "category_id": category_id,
        "category_name": category_name,
    }))
}

/// `GET /workspace-template-categories`.
pub(super) fn list_template_categories(simulator: &AbyssaleSimulator) -> Value {
    let view = |(index, (name, color)): (usize, &(&str, &str))| json!({"id": template_category(simulator, index).0, "name": name, "color": color, "created_at": seed_designs::CREATED_AT});
    CATEGORIES.iter().enumerate().map(view).collect()
}

/// `POST /workspace-templates/{id}/use`.
pub(super) fn use_template(
    simulator: &mut AbyssaleSimulator,
    template: Uuid,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    let project = design_operations::read_project_id(request)?;
    let named = crate::abyssale::request_body::parse_object(request)?.contains_key("name");
    let name = if named { Some(design_operations::read_name(request, 2)?) } else { None };
    let index = (0..TEMPLATES.len()).find(|index| template_id(simulator, *index) == template);
    let original = index.and_then(|index| template_design(simulator, index)).cloned();
    let unknown = || ApiError::not_found("workspace_template_not_found", "workspace template");
    let original = original.ok_or_else(unknown)?;
    if simulator.state.workspace.designs.project(project).is_none() {
        return Err(ApiError::not_found("project_not_found", "project"));
    }
    let ends_at = at.now + seconds(simulator.state.settings.duplication_latency_seconds);
    let name = name.unwrap_or_else(|| original.name.clone());
    let copy = copy_template(simulator, &original, project, &name, ends_at);
    let duplication = DesignDuplication {
        id: simulator.ids.next_uuid("duplication"),
        project,
        original: original.id,
        copy,
        name,
        created_at: at.now,
        ends_at,
    };
    let id = duplication.id;
    simulator.state.duplications.push(duplication);
    Ok(json!({"duplication_request_id": id}))
}

/// Adds the copy to the designs from `appears_at` on, unless the settings make it fail.
fn copy_template(
    simulator: &mut AbyssaleSimulator,
    original: &Design,
    project: Uuid,
    name: &str,
    appears_at: OffsetDateTime,
) -> Option<Uuid> {
    if simulator.state.settings.duplication_fails {
        return None;
    }
    let id = simulator.ids.next_uuid("design");
    let made = appears_at.unix_timestamp();
    let mut copy = Design {
        id,
        name: name.to_owned(),
        project,
        created_at: made,
        updated_at: made,
        appears_at: Some(appears_at),
        deleted: false,
        ..original.clone()
    };
    copy.sheets.iter_mut().for_each(|sheet| sheet.uid = simulator.ids.next_uuid("sheet"));
    simulator.state.workspace.designs.all.push(copy);
    Some(id)
}

/// `GET /design-duplication-requests/{id}`.
pub(super) fn show_duplication(
    simulator: &AbyssaleSimulator,
    id: Uuid,
    at: Moment,
) -> Result<Value, ApiError> {
    let found = simulator.state.duplications.iter().find(|known| known.id == id);
    let found =
        found.ok_or_else(|| ApiError::not_found("duplication_request_not_found", "duplication request"))?;
    if at.now > found.created_at + RETENTION {
        let message = "The duplication request is gone.";
        return Err(ApiError::new(StatusCode::GONE, "duplication_request_gone", message));
    }
    let status = match found.copy {
        _ if at.now < found.created_at + (found.ends_at - found.created_at) / 2 => "INIT",
        _ if at.now < found.ends_at => "IN_PROGRESS",
        Some(_) => "COMPLETED",
        None => "ERROR",
    };
    let mut view = json!({
        "request_id": found.id,
        "status": status,
        "created_at_ts": found.created_at.unix_timestamp(),
        "target_project": simulator.state.workspace.designs.project(found.project).map(crate::abyssale::project::Project::view),
        "designs": [],
    });
    let ended = found.ends_at.unix_timestamp();
    match (status, found.copy) {
        ("COMPLETED", Some(copy)) => {
            view["completed_at_ts"] = json!(ended);
            view["designs"] = json!([{
                "original_design_id": found.original,
                "target_design_id": copy,
                "target_design_name": found.name,
            }]);
        }
        ("ERROR", _) => view["errored_at_ts"] = json!(ended),
        _ => {}
    }
    Ok(view)
}
