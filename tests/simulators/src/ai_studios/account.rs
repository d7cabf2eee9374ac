//! The simulated account: its key, its workspaces and its seeded projects.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::ai_studios::export_run::ExportRun;
use crate::ai_studios::project::{Owner, Project, Projects};
use crate::id_generator::{IdGenerator, hex};

/// Names of the seeded projects that were never exported.
const NAMES: [&str; 6] = [
    "Spring onboarding",
    "Product tour",
    "Quarterly results",
    "Safety briefing",
    "Recruiting",
    "Holiday greetings",
];

/// The identity of the account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) app_id: String,
    pub(super) user_key: String,
    pub(super) user_id: String,
    /// Ids and names; the first one is the personal workspace.
    pub(super) workspaces: Vec<(String, String)>,
    /// Ids and names of the templates of projects.
    pub(super) templates: Vec<(String, String)>,
    /// The seeded projects: never exported, exported before, and one of another account.
    pub(super) project_ids: Vec<String>,
    pub(super) exported_project_id: String,
    pub(super) foreign_project_id: String,
}

impl Account {
    pub(super) fn seeded(ids: &IdGenerator) -> Self {
        let workspace = |number, name: &str| (seeded_id(ids, "workspace", number), name.to_owned());
        let template = |number, name: &str| (seeded_id(ids, "template", number), name.to_owned());
        let project = |number| seeded_id(ids, "project", number);
        Self {
            app_id: "studio.acme-media".to_owned(),
            user_key: format!("uk_{}", truncate_id(hex(&ids.seeded("user key", 0)), 32)),
            user_id: format!("u-{}", truncate_id(hex(&ids.seeded("user", 0)), 8)),
            workspaces: vec![workspace(0, "Personal"), workspace(1, "Acme Media")],
            templates: vec![template(0, "Product launch"), template(1, "Training")],
            project_ids: (0..6).map(project).collect(),
            exported_project_id: project(6),
            foreign_project_id: project(7),
        }
    }

    pub(super) fn has_workspace(&self, id: &str) -> bool {
        self.workspaces.iter().any(|(known, _)| known == id)
    }

    /// Returns the seeded projects.
    pub(super) fn projects(&self, ids: &IdGenerator) -> Projects {
        let mut projects = Projects::default();
        let created = OffsetDateTime::UNIX_EPOCH + Duration::days(20_500);
        let personal = &self.workspaces[0].0;
        for (id, name) in self.project_ids.iter().zip(NAMES) {
            let mut project = Project::new(id.clone(), name, personal, created);
            project.scenes = json!([{"sceneIdx": 0, "scripts": [{"text": name}]}]);
            projects.add(project);
        }
        let mut exported = Project::new(self.exported_project_id.clone(), "Launch film", personal, created);
        exported.runs.push(ExportRun::completed(task_id(&hex(&ids.seeded("task", 0))), created));
        projects.add(exported);
        let mut foreign = Project::new(self.foreign_project_id.clone(), "Not yours", "", created);
        foreign.owner = Owner::OtherAccount;
        projects.add(foreign);
        projects
    }

    /// Returns the workspaces as the dropdown lists them (contract 5.4).
    pub(super) fn workspaces_view(&self) -> Vec<Value> {
        let view = |(id, name): &(String, String)| json!({"workspaceId": id, "workspaceName": name});
        self.workspaces.iter().map(view).collect()
    }

    /// Returns the templates as the dropdown lists them.
    pub(super) fn templates_view(&self) -> Vec<Value> {
        self.templates.iter().map(|(id, name)| json!({"id": id, "name": name})).collect()
    }
}

/// Returns a `backendTaskId`; its format is unknown (contract 4.1).
pub(super) fn task_id(drawn: &str) -> String {
    format!("bt-{}", drawn.get(..10).unwrap_or(drawn))
}

/// Returns 24 hex digits, the format of project and workspace ids in samples (contract 2).
pub(super) fn object_id(drawn: String) -> String {
    truncate_id(drawn, 24)
}

fn seeded_id(ids: &IdGenerator, label: &str, number: u64) -> String {
    object_id(hex(&ids.seeded(label, number)))
}

fn truncate_id(mut drawn: String, length: usize) -> String {
    drawn.truncate(length);
    drawn
}
