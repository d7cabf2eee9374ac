//! Templates of the workspace, and copying them into a project (contract 5.3).

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::design::{Design, change, seed};
use super::file_type::DesignType;
use super::knobs::seconds;
use super::query::{Query, invalid};
use super::refusal::Refusal;
use super::route::as_uuid;
use super::{AbyssaleSimulator, Moment};

/// Results are kept for seven days, as those of generations.
const RETENTION: Duration = Duration::days(7);

/// Each is a template of the design with this place among the seeded ones.
const TEMPLATES: [(&str, usize); 3] = [("Spring template", 0), ("Teaser template", 3), ("Flyer template", 4)];

/// The categories of templates; each template is in the one of its place, and the rest in the last.
const CATEGORIES: [(&str, &str); 2] = [("Campaigns", "#0B6E4F"), ("Print and motion", "#D7263D")];

/// A copy that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Duplication {
    id: Uuid,
    project: Uuid,
    original: Uuid,
    copy: Option<Uuid>,
    name: String,
    created_at: OffsetDateTime,
    ends_at: OffsetDateTime,
}

impl AbyssaleSimulator {
    fn template_id(&self, place: usize) -> Uuid {
        self.draw.seeded_uuid("workspace template", place as u64)
    }

    fn category(&self, place: usize) -> (Uuid, &'static str) {
        let place = place.min(CATEGORIES.len() - 1);
        (self.draw.seeded_uuid("template category", place as u64), CATEGORIES[place].0)
    }

    /// The seeded design that a template is made of, whatever became of it since.
    fn template_design(&self, place: usize) -> Option<&Design> {
        self.state.workspace.designs.all.get(TEMPLATES.get(place)?.1)
    }

    /// `GET /workspace-templates`; an unknown type is ignored.
    pub(super) fn list_templates(&self, request: &Request<Bytes>) -> Result<Value, Refusal> {
        let query = Query::of(request);
        let category = match query.get("category_id") {
            Some(text) => Some(as_uuid(text).ok_or_else(|| invalid("category_id", "Not a valid UUID."))?),
            None => None,
        };
        let kind = DesignType::ALL.into_iter().find(|kind| query.get("type") == Some(kind.name()));
        let places =
            (0..TEMPLATES.len()).filter(|place| category.is_none_or(|id| self.category(*place).0 == id));
        Ok(places.filter_map(|place| self.template_view(place, kind)).collect())
    }

    fn template_view(&self, place: usize, kind: Option<DesignType>) -> Option<Value> {
        let design =
            self.template_design(place).filter(|design| kind.is_none_or(|kind| kind == design.kind))?;
        let (category_id, category_name) = self.category(place);
        let preview = design.sheets.first().map(|sheet| sheet.uid)?;
        Some(json!({
            "id": self.template_id(place),
            "name": TEMPLATES[place].0,
            "type": design.kind.name(),
            "created_at": seed::MADE_AT,
            "updated_at": seed::MADE_AT,
            "preview_url": format!("{}/previews/{preview}.jpg", self.origins.files),
            "category_id": category_id,
            "category_name": category_name,
        }))
    }

    /// `GET /workspace-template-categories`.
    pub(super) fn list_categories(&self) -> Value {
        let view = |(place, (name, color)): (usize, &(&str, &str))| json!({"id": self.category(place).0, "name": name, "color": color, "created_at": seed::MADE_AT});
        CATEGORIES.iter().enumerate().map(view).collect()
    }

    /// `POST /workspace-templates/{id}/use`.
    pub(super) fn use_template(
        &mut self,
        template: Uuid,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let project = change::project_id(request)?;
        let named = super::validate::object(request)?.contains_key("name");
        let name = if named { Some(change::name(request, 2)?) } else { None };
        let place = (0..TEMPLATES.len()).find(|place| self.template_id(*place) == template);
        let original = place.and_then(|place| self.template_design(place)).cloned();
        let unknown = || Refusal::not_found("workspace_template_not_found", "workspace template");
        let original = original.ok_or_else(unknown)?;
        if self.state.workspace.designs.project(project).is_none() {
            return Err(Refusal::not_found("project_not_found", "project"));
        }
        let ends_at = at.now + seconds(self.state.knobs.duplication_latency_seconds);
        let name = name.unwrap_or_else(|| original.name.clone());
        let copy = self.copied(&original, project, &name, ends_at);
        let duplication = Duplication {
            id: self.draw.next_uuid("duplication"),
            project,
            original: original.id,
            copy,
            name,
            created_at: at.now,
            ends_at,
        };
        let id = duplication.id;
        self.state.duplications.push(duplication);
        Ok(json!({"duplication_request_id": id}))
    }

    /// Puts the copy among the designs from `appears_at` on, unless the knob lets it fail.
    fn copied(
        &mut self,
        original: &Design,
        project: Uuid,
        name: &str,
        appears_at: OffsetDateTime,
    ) -> Option<Uuid> {
        if self.state.knobs.duplication_fails {
            return None;
        }
        let id = self.draw.next_uuid("design");
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
        copy.sheets.iter_mut().for_each(|sheet| sheet.uid = self.draw.next_uuid("sheet"));
        self.state.workspace.designs.all.push(copy);
        Some(id)
    }

    /// `GET /design-duplication-requests/{id}`.
    pub(super) fn duplication(&self, id: Uuid, at: Moment) -> Result<Value, Refusal> {
        let found = self.state.duplications.iter().find(|known| known.id == id);
        let found = found
            .ok_or_else(|| Refusal::not_found("duplication_request_not_found", "duplication request"))?;
        if at.now > found.created_at + RETENTION {
            let message = "The duplication request is gone.";
            return Err(Refusal::new(StatusCode::GONE, "duplication_request_gone", message));
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
            "target_project": self.state.workspace.designs.project(found.project).map(super::project::Project::view),
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
}
