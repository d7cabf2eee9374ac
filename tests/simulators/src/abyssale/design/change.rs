//! Changes of designs and projects, and the event of a review (contract 3.4 and 5.3).

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::check::Fields;
use super::super::delivery::Content;
use super::super::project::Project;
use super::super::query::Query;
use super::super::refusal::{Problem, Refusal};
use super::super::{AbyssaleSimulator, Moment, validate};
use super::Design;

/// The status of a design that nobody reviews.
const NO_REVIEW: &str = "NONE";

impl AbyssaleSimulator {
    /// `PUT /designs/{id}/name`.
    pub(in super::super) fn rename_design(
        &mut self,
        id: Uuid,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let name = name(request, 1)?;
        let design = self.design_mut(id, at)?;
        design.name = name;
        design.updated_at = at.now.unix_timestamp();
        Ok(summary(design))
    }

    /// `PUT /designs/{id}/project`. It resets the review.
    pub(in super::super) fn move_design(
        &mut self,
        id: Uuid,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let project = project_id(request)?;
        self.design_mut(id, at)?;
        if self.state.workspace.designs.project(project).is_none() {
            return Err(Refusal::not_found("project_not_found", "project"));
        }
        let design = self.design_mut(id, at)?;
        design.project = project;
        let view = summary(design);
        if design.status != NO_REVIEW {
            self.review(id, NO_REVIEW, at);
        }
        Ok(view)
    }

    /// `DELETE /designs/{id}`. Its files stay.
    pub(in super::super) fn delete_design(&mut self, id: Uuid, at: Moment) -> Result<Value, Refusal> {
        let design = self.design_mut(id, at)?;
        design.deleted = true;
        Ok(summary(design))
    }

    fn design_mut(&mut self, id: Uuid, at: Moment) -> Result<&mut Design, Refusal> {
        self.state.workspace.designs.get_mut(id, at.now).ok_or_else(Refusal::template_not_found)
    }

    /// Gives a design a status and tells the subscriptions. False if there is no such design.
    pub(in super::super) fn review(&mut self, id: Uuid, status: &str, at: Moment) -> bool {
        let Some(design) = self.state.workspace.designs.get_mut(id, at.now) else { return false };
        design.status = status.to_owned();
        let content = Content::TemplateStatus { design: id, status: status.to_owned(), since: at.now };
        self.publish("template_status", Some(id), &content, at.now);
        true
    }

    /// `GET /projects`, ordered by name.
    pub(in super::super) fn list_projects(
        &self,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Refusal> {
        let query = Query::of(request);
        let phrase = query.get("name").unwrap_or_default().to_lowercase();
        let projects = self.state.workspace.designs.projects.iter();
        let mut found: Vec<&Project> =
            projects.filter(|project| project.name.to_lowercase().contains(&phrase)).collect();
        found.sort_by_key(|project| project.name.to_lowercase());
        query.paged(found.into_iter().map(Project::view).collect())
    }

    /// `POST /projects`, which answers 200.
    pub(in super::super) fn create_project(
        &mut self,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let name = name(request, 2)?;
        let known = self.state.workspace.designs.projects.iter().any(|project| project.name.trim() == name);
        if known {
            return Err(Refusal::bad("project_already_exists", "There is a project of this name."));
        }
        let id = self.draw.next_uuid("project");
        let project = Project { id, name, created_at: at.now.unix_timestamp() };
        let view = project.view();
        self.state.workspace.designs.projects.push(project);
        Ok(view)
    }
}

fn summary(design: &Design) -> Value {
    json!({"id": design.id, "name": design.name})
}

/// A `name` of `least` to 100 characters, trimmed.
pub(in super::super) fn name(request: &Request<Bytes>, least: usize) -> Result<String, Refusal> {
    let object = validate::object(request)?;
    let mut problems = Vec::new();
    if !object.contains_key("name") {
        problems.push(Problem::new("name", "missing_required", "Missing data for required field."));
    }
    let name = Fields::of(&object).text("name", &mut problems).map(str::trim).unwrap_or_default();
    if problems.is_empty() && !(least..=100).contains(&name.chars().count()) {
        let message = format!("Length must be between {least} and 100.");
        let problem = Problem::new("name", "out_of_range", &message);
        problems.push(problem.expected(json!({"min": least, "max": 100})));
    }
    if problems.is_empty() { Ok(name.to_owned()) } else { Err(Refusal::invalid(problems)) }
}

/// A `project_id` that is a UUID.
pub(in super::super) fn project_id(request: &Request<Bytes>) -> Result<Uuid, Refusal> {
    let object = validate::object(request)?;
    let mut problems = Vec::new();
    if !object.contains_key("project_id") {
        problems.push(Problem::new("project_id", "missing_required", "Missing data for required field."));
    }
    let id = Fields::of(&object).uuid("project_id", &mut problems);
    match id {
        Some(id) if problems.is_empty() => Ok(id),
        _ => Err(Refusal::invalid(problems)),
    }
}
