//! Actions of the Admin endpoint on projects and webhooks.

use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::admin_response::AdminError;
use crate::ai_studios::account::task_id;
use crate::ai_studios::export_run::ExportRun;
use crate::ai_studios::forged_webhook;
use crate::ai_studios::progress_fields::phase_word;
use crate::ai_studios::project::{Owner, Project};
use crate::ai_studios::project_creation;
use crate::ai_studios::settings;
use crate::ai_studios::settings::webhook::Forgery;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::webhook_delivery::{DeliveryState, WebhookContent};
use crate::delivery_attempt::AttemptKind;
use crate::response;
use crate::virtual_clock::Moment;

/// The body of `POST /projects`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectSeed {
    name: Option<String>,
    workspace_id: Option<String>,
    #[serde(default)]
    foreign: bool,
    /// Exported once before.
    #[serde(default)]
    exported: bool,
}

/// The body of `POST /deliver`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliverRequest {
    url: String,
    method: Option<String>,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    headers: Map<String, Value>,
}

/// The body of `POST /projects/{id}/forge`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgeRequest {
    forgery: Forgery,
}

pub(super) fn projects_view(simulator: &AiStudiosSimulator, at: Moment) -> Value {
    simulator
        .state
        .projects
        .existing(at.now)
        .map(|project| project_for_admin(simulator, project, at))
        .collect()
}

fn project_for_admin(simulator: &AiStudiosSimulator, project: &Project, at: Moment) -> Value {
    let run = |run: &ExportRun| {
        let status = run.status_at(at.now);
        json!({
            "backend_task_id": run.task,
            "state": phase_word(status.phase, &simulator.state.settings.invented.states),
            "progress": status.progress,
            "accepted_at": run.accepted.unix_timestamp(),
            "ends_at": run.ends_at().map(|end| end.unix_timestamp()),
            "resolution": run.resolution,
        })
    };
    json!({
        "id": project.id,
        "aliases": project.aliases,
        "name": project.name,
        "workspace_id": project.workspace,
        "foreign": project.owner == Owner::OtherAccount,
        "automation_job_id": project.creation.as_ref().map(|creation| creation.job.clone()),
        "scenario": project.scenario,
        "knobs": project.settings,
        "exports": project.runs.iter().map(run).collect::<Vec<_>>(),
    })
}

pub(super) fn seed_project(
    simulator: &mut AiStudiosSimulator,
    body: &Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let seed = ProjectSeed::deserialize(body).map_err(|error| AdminError::bad_request(error.to_string()))?;
    if seed.workspace_id.as_deref().is_some_and(|id| !simulator.account.has_workspace(id)) {
        return Err(AdminError::not_found("workspace"));
    }
    let index = project_creation::add_project(
        simulator,
        seed.name.as_deref().unwrap_or("Seeded"),
        seed.workspace_id,
        at,
    );
    let task = task_id(&simulator.ids.next_hex("task"));
    let project = simulator.state.projects.at_mut(index);
    if seed.foreign {
        project.owner = Owner::OtherAccount;
    }
    if seed.exported {
        project.runs.push(ExportRun::completed(task, at.now));
    }
    Ok(json!({"project_id": project.id}))
}

pub(super) fn delete_project(simulator: &mut AiStudiosSimulator, id: &str) -> Result<Value, AdminError> {
    match simulator.state.projects.delete(&[id]) {
        0 => Err(AdminError::not_found("project of the account")),
        deleted => Ok(json!({"deleted": deleted})),
    }
}

/// Changes the settings of a project. `{}` removes all of them, so that those of the account apply.
pub(super) fn change_project_settings(
    simulator: &mut AiStudiosSimulator,
    id: &str,
    changes: &Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let index =
        simulator.state.projects.index_of(id, at.now).ok_or_else(|| AdminError::not_found("project"))?;
    let account_groups = settings::account_groups(changes);
    if !account_groups.is_empty() {
        return Err(AdminError::bad_request(format!(
            "{} apply to the whole account: use PUT /knobs",
            account_groups.join(", ")
        )));
    }
    let mut requested = simulator.state.projects.at(index).settings.clone();
    if changes.as_object().is_some_and(Map::is_empty) {
        requested = Value::Null;
    } else if requested.is_null() {
        requested = changes.clone();
    } else {
        settings::merge_json(&mut requested, changes);
    }
    simulator.state.settings.with_changes(&requested).map_err(AdminError::bad_request)?;
    simulator.state.projects.at_mut(index).settings = requested.clone();
    Ok(requested)
}

pub(super) fn forge_webhook(
    simulator: &mut AiStudiosSimulator,
    id: &str,
    body: &Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let requested =
        ForgeRequest::deserialize(body).map_err(|error| AdminError::bad_request(error.to_string()))?;
    let index =
        simulator.state.projects.index_of(id, at.now).ok_or_else(|| AdminError::not_found("project"))?;
    let run = simulator.state.projects.at(index).runs.last();
    let latest = run.and_then(|run| Some((run.webhook_url.clone()?, run.task.clone())));
    let (url, task) = latest.ok_or_else(|| AdminError::not_found("export with a webhook of this project"))?;
    Ok(
        json!({"number": forged_webhook::schedule_forged_webhook(simulator, &url, &task, requested.forgery, at.now)}),
    )
}

/// Sends a webhook again at once, whatever its state.
pub(super) fn redeliver(
    simulator: &mut AiStudiosSimulator,
    number: &str,
    at: Moment,
) -> Result<Value, AdminError> {
    let number = number.parse().ok().filter(|number| simulator.state.outbox.get(*number).is_some());
    let number = number.ok_or_else(|| AdminError::not_found("delivery"))?;
    simulator.state.outbox.send_at(number, AttemptKind::Redelivery, at.now);
    Ok(json!({"number": number}))
}

/// Sends once what the body describes. A string is sent unchanged, anything else as JSON.
pub(super) fn send_custom_webhook(
    simulator: &mut AiStudiosSimulator,
    body: Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let requested: DeliverRequest =
        serde_json::from_value(body).map_err(|error| AdminError::bad_request(error.to_string()))?;
    if !requested.url.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some()) {
        return Err(AdminError::bad_request("url must be absolute"));
    }
    let method = requested.method.as_deref().map_or(Ok(Method::POST), str::parse);
    let method = method.map_err(|_| AdminError::bad_request("method is not one of HTTP"))?;
    let headers = requested.headers.iter().map(|(name, value)| parse_header(name, value));
    let headers = headers.collect::<Result<_, _>>()?;
    let content = WebhookContent::Custom { method, body: response::encode_body(&requested.body), headers };
    let number = simulator.state.outbox.add(requested.url, content, DeliveryState::Pending);
    simulator.state.outbox.send_at(number, AttemptKind::Scheduled, at.now);
    Ok(json!({"number": number}))
}

fn parse_header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), AdminError> {
    let wrong = || AdminError::bad_request(format!("{name} is not a header that can be sent"));
    let value = HeaderValue::from_bytes(&response::encode_body(value)).map_err(|_| wrong())?;
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
}
