//! Translates an order into the request that the provider charges for: path and body (contract 2 and 7).

use model::{Error, ErrorClass};
use serde_json::{Map, Value, json};

use super::{
    lenient_values::read_text,
    order::{Kind, OPTIONS},
};
use crate::SubmitContext;

/// A request that the provider may charge for. It is sent at most once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WireRequest {
    /// The path below the API's prefix.
    pub(super) path: String,
    /// The JSON body.
    pub(super) body: Value,
    /// The project that it renders. None when it makes a new one.
    pub(super) project_id: Option<String>,
    /// Whether the job may wait for a running export of the project instead. A changed project has another video.
    pub(super) may_join: bool,
    /// Whether the provider only makes the project, and a later request exports it.
    pub(super) is_creation_only: bool,
}

impl WireRequest {
    /// Translates the next request of an order: an export once the provider has accepted an earlier request.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`] for an order that lacks a required field.
    pub(super) fn next(kind: Kind, context: &SubmitContext<'_>) -> Result<Self, Error> {
        let order = context.request;
        let project_id = || {
            let id = context.provider_job_id.map(|id| id.as_str()).or(read_text(order, &["project_id"]));
            let id = id.map(str::to_owned);
            id.ok_or_else(|| Error::new(ErrorClass::Internal, "the order has no project_id"))
        };
        if kind == Kind::Export || context.provider_job_id.is_some() {
            return Ok(export(project_id()?, context));
        }
        let mut body = Map::new();
        let path = match kind {
            Kind::Export | Kind::EditProject => {
                let id = project_id()?;
                body.insert("updates".into(), json!({ "value": wire_updates(order) }));
                let path = format!("/editor/project/{id}");
                return Ok(Self { project_id: Some(id), ..creation(path, with_export(body, context)) });
            }
            Kind::CreateProject => {
                copy(order, &mut body, &["name", "orientation", "scenes"]);
                "/editor/project"
            }
            Kind::SimpleVideo => {
                copy(order, &mut body, &["language", "text", "model", "clothes"]);
                "/simple/video"
            }
            Kind::CustomVideo => {
                copy(order, &mut body, &["language", "text", "model"]);
                "/simple/custom"
            }
            Kind::ScriptsToVideo => return Ok(automation("/automation/scripts_to_video", "scripts", order)),
            Kind::TopicToVideo => return Ok(automation("/automation/topic_to_video", "topic", order)),
            Kind::UrlToVideo => return Ok(automation("/automation/url_to_video", "url", order)),
            // Its input is the uploaded documents, which are added after their upload.
            Kind::DocsToVideo => return Ok(automation("/automation/docs-to-video", "files", order)),
            Kind::Dubbing | Kind::Generated(_) => {
                return Err(Error::new(ErrorClass::Internal, "such work has no project"));
            }
        };
        Ok(creation(path.to_owned(), with_export(body, context)))
    }
}

/// How an order treats exports that somebody else requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    /// The order requests its own.
    None,
    /// It waits for one and requests none.
    Only,
    /// It waits for one, or requests one where nobody did.
    OrExport,
}

impl Tracking {
    /// Reads a validated order.
    pub(super) fn of(order: &Value) -> Self {
        let is_set = |name: &str| order.get(name) == Some(&Value::Bool(true));
        match (is_set("track"), is_set("export")) {
            (false, _) => Tracking::None,
            (true, false) => Tracking::Only,
            (true, true) => Tracking::OrExport,
        }
    }
}

fn export(project_id: String, context: &SubmitContext<'_>) -> WireRequest {
    let mut body = Map::from_iter([("projectId".to_owned(), Value::from(project_id.clone()))]);
    add_export_options(&mut body, context);
    WireRequest {
        path: "/editor/project/export".into(),
        body: body.into(),
        project_id: Some(project_id),
        may_join: true,
        is_creation_only: false,
    }
}

fn creation(path: String, body: Map<String, Value>) -> WireRequest {
    WireRequest { path, body: body.into(), project_id: None, may_join: false, is_creation_only: false }
}

/// The options are those of the provider's pages. An automation has no export options (contract 7).
fn automation(path: &str, input: &str, order: &Value) -> WireRequest {
    let mut body = Map::new();
    copy(order, &mut body, &[input]);
    if let Some(Value::Object(options)) = order.get("options") {
        let wire = OPTIONS.iter().filter_map(|option| {
            options.get(option.name).map(|value| (option.wire_name.to_owned(), value.clone()))
        });
        body.insert("options".into(), wire.collect::<Map<_, _>>().into());
    }
    WireRequest { is_creation_only: true, ..creation(path.to_owned(), body) }
}

/// `isExport` is always sent: its documented default differs between the calls, and from the samples (contract 7).
fn with_export(mut body: Map<String, Value>, context: &SubmitContext<'_>) -> Map<String, Value> {
    body.insert("isExport".into(), true.into());
    add_export_options(&mut body, context);
    body
}

fn add_export_options(body: &mut Map<String, Value>, context: &SubmitContext<'_>) {
    body.insert("webhookUrl".into(), context.callback_url.as_str().into());
    for (name, wire_name) in [("workspace_id", "workspaceId"), ("resolution", "resolution")] {
        if let Some(value) = read_text(context.request, &[name]) {
            body.insert(wire_name.into(), value.into());
        }
    }
}

fn copy(order: &Value, body: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(value) = order.get(*name) {
            body.insert((*name).to_owned(), value.clone());
        }
    }
}

fn wire_updates(order: &Value) -> Vec<Value> {
    let updates = order.get("updates").and_then(Value::as_array);
    let wire = |update: &Value| json!({ "sceneIdx": update["scene_idx"], "type": update["type"], "values": update["values"] });
    updates.into_iter().flatten().map(wire).collect()
}
