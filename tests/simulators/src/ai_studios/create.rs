//! Projects made or changed through the API, and exported with the same call (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::account::object_id;
use super::body::Body;
use super::project::Project;
use super::refusal::Refusal;
use super::{AiStudiosSimulator, Moment, multipart};

impl AiStudiosSimulator {
    /// A new project; its place.
    pub(super) fn add_project(&mut self, name: &str, workspace: Option<String>, at: Moment) -> usize {
        let id = object_id(self.draw.next_hex("project"));
        let workspace = workspace.unwrap_or_else(|| self.account.workspaces[0].0.clone());
        let project = Project::new(id.clone(), name, &workspace, at.now);
        self.state.projects.add(project);
        self.state.projects.place(&id, at.now).expect("it was just added")
    }

    /// `POST /editor/project`.
    pub(super) fn create_project(&mut self, body: &Body, at: Moment) -> Result<Value, Refusal> {
        let scenes = body.get("scenes").filter(|scenes| scenes.is_array());
        let scenes = scenes.cloned().ok_or_else(|| Refusal::invalid("scenes is required"))?;
        let name = body.text("name")?.unwrap_or_else(|| "Default Template".to_owned());
        let orientation = body.text("orientation")?.unwrap_or_else(|| "landscape".to_owned());
        if !["landscape", "portrait"].contains(&orientation.as_str()) {
            return Err(Refusal::invalid("orientation is invalid"));
        }
        let place = self.made(&name, body, true, at)?;
        let project = self.state.projects.at_mut(place.0);
        (project.scenes, project.orientation) = (scenes, orientation);
        Ok(json!({"projectId": place.1}))
    }

    /// `POST /simple/video`. The documented default of `isExport` is false here.
    pub(super) fn chroma_key_video(&mut self, body: &Body, at: Moment) -> Result<Value, Refusal> {
        for name in ["language", "text", "model", "clothes"] {
            body.required(name)?;
        }
        let (_, id) = self.made("Chroma key video", body, false, at)?;
        Ok(json!({"projectId": id}))
    }

    /// `POST /simple/custom`.
    pub(super) fn custom_avatar_video(&mut self, body: &Body, at: Moment) -> Result<Value, Refusal> {
        for name in ["language", "text", "model"] {
            body.required(name)?;
        }
        let (place, id) = self.made("Custom avatar video", body, true, at)?;
        let task = self.state.projects.at(place).runs.last().map(|run| run.task.clone());
        let task = task.unwrap_or_else(|| super::account::task_id(&self.draw.next_hex("task")));
        Ok(json!({"projectId": id, "taskId": task}))
    }

    /// `POST /editor/project/{key}`: the updates are counted, not understood.
    pub(super) fn edit_project(&mut self, id: &str, body: &Body, at: Moment) -> Result<Value, Refusal> {
        let place = self.own_project(id, at)?;
        let updates = body.get("updates").and_then(|updates| updates.get("value")).and_then(Value::as_array);
        let updates = updates.ok_or_else(|| Refusal::invalid("updates.value is required"))?;
        let whole = |update: &Value| update["sceneIdx"].is_u64() && update["type"].is_string();
        if !updates.iter().all(whole) {
            return Err(Refusal::invalid("updates.value is invalid"));
        }
        self.exported_if_wanted(place, body, true, at)
    }

    /// `POST /editor/project/modify`, which only the Korean pages still describe.
    pub(super) fn modify_project(&mut self, body: &Body, at: Moment) -> Result<Value, Refusal> {
        let place = self.own_project(&body.required("projectId")?, at)?;
        if !body.get("updates").is_some_and(Value::is_object) {
            return Err(Refusal::invalid("updates is required"));
        }
        self.exported_if_wanted(place, body, false, at)
    }

    /// `POST /editor/project/pptpdf`.
    pub(super) fn project_from_file(
        &mut self,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let parts = multipart::read(request)?;
        let file = parts.iter().find(|part| part.name == "file").and_then(|part| part.file_name.clone());
        let file = file.ok_or_else(|| Refusal::invalid("file is required"))?;
        let known = ["pdf", "ppt", "pptx"].iter().any(|kind| file.to_ascii_lowercase().ends_with(kind));
        if !known {
            return Err(Refusal::invalid("file must be a pdf, ppt or pptx"));
        }
        let name = parts.iter().find(|part| part.name == "name").map_or(file, multipart::Part::text);
        let place = self.add_project(&name, None, at);
        Ok(json!({"projectId": self.state.projects.at(place).id}))
    }

    /// `DELETE /editor/project`.
    pub(super) fn delete_projects(&mut self, body: &Body) -> Result<Value, Refusal> {
        let ids = body.get("ids").and_then(Value::as_array);
        let ids = ids.ok_or_else(|| Refusal::invalid("ids is required"))?;
        let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        Ok(json!({"deletedCount": self.state.projects.delete(&ids)}))
    }

    /// A new project, exported if the body or the default says so; its place and the id to follow.
    fn made(
        &mut self,
        name: &str,
        body: &Body,
        exports: bool,
        at: Moment,
    ) -> Result<(usize, String), Refusal> {
        let (wanted, exports) = (self.wanted(body)?, body.flag("isExport", exports)?);
        let place = self.add_project(name, body.text("workspaceId")?, at);
        let id = self.state.projects.at(place).id.clone();
        Ok((place, if exports { self.start_export(place, wanted, at)? } else { id }))
    }

    fn exported_if_wanted(
        &mut self,
        place: usize,
        body: &Body,
        exports: bool,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let (wanted, exports) = (self.wanted(body)?, body.flag("isExport", exports)?);
        let project = self.state.projects.at_mut(place);
        project.updated = at.now;
        let id = project.id.clone();
        let id = if exports { self.start_export(place, wanted, at)? } else { id };
        Ok(json!({"projectId": id}))
    }
}
