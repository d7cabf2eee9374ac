//! The Admin endpoint: routes its calls, and sets and shows the simulator's state. `README.md` describes each
//! call.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use time::Duration;

use crate::admin_response::{AdminError, admin_response, parse_json_body};
use crate::ai_studios::admin_actions;
use crate::ai_studios::fault_queues::Faults;
use crate::ai_studios::scenario;
use crate::ai_studios::settings::MAX_SECONDS;
use crate::ai_studios::state::{AiStudiosSimulator, SimulatorState};
use crate::simulator::{Reply, Simulator};
use crate::virtual_clock::Moment;

/// Handles a call of the Admin endpoint. These calls need no token and are not logged.
pub(super) fn handle_admin_request(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Reply {
    admin_response(route_call(simulator, request, at))
}

fn route_call(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, AdminError> {
    let segments: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
    let query = request.uri().query().unwrap_or_default();
    let body = || parse_json_body(request);
    match (request.method(), segments.as_slice()) {
        (&Method::GET, []) => Ok(list_calls()),
        (&Method::GET, ["describe"]) => Ok(simulator.describe()),
        (&Method::GET, ["credentials"]) => Ok(simulator.credentials()),
        (&Method::GET, ["knobs"]) => Ok(json!(simulator.state.settings)),
        (&Method::PUT, ["knobs"]) => change_settings(simulator, &body()?),
        (&Method::GET, ["scenarios"]) => Ok(scenario::list_scenarios()),
        (&Method::PUT, ["scenario"]) => scenario::apply_scenario(simulator, &body()?),
        (&Method::GET, ["faults"]) => Ok(simulator.state.faults.list()),
        (&Method::POST, ["faults"]) => queue_faults(simulator, body()?),
        (&Method::DELETE, ["faults"]) => {
            simulator.state.faults = Faults::default();
            Ok(simulator.state.faults.list())
        }
        (&Method::GET, ["projects"]) => Ok(admin_actions::projects_view(simulator, at)),
        (&Method::POST, ["projects"]) => admin_actions::seed_project(simulator, &body()?, at),
        (&Method::DELETE, ["projects", id]) => admin_actions::delete_project(simulator, id),
        (&Method::PUT, ["projects", id, "scenario"]) => {
            scenario::apply_scenario_to_project(simulator, id, &body()?, at)
        }
        (&Method::PUT, ["projects", id, "knobs"]) => {
            admin_actions::change_project_settings(simulator, id, &body()?, at)
        }
        (&Method::POST, ["projects", id, "forge"]) => {
            admin_actions::forge_webhook(simulator, id, &body()?, at)
        }
        (&Method::GET, ["exports"]) => Ok(simulator.state.exports.view()),
        (&Method::GET, ["creations"]) => Ok(simulator.state.creations.view()),
        (&Method::GET, ["tokens"]) => Ok(json!({"issued": simulator.tokens.count()})),
        (&Method::POST, ["tokens", "revoke"]) => {
            simulator.tokens.revoke();
            Ok(json!({"issued": simulator.tokens.count()}))
        }
        (&Method::GET, ["requests", "peak"]) => Ok(simulator.state.request_rate.peak(query)),
        (&Method::GET, ["requests"]) => Ok(simulator.state.request_log.list(query)),
        (&Method::GET, ["deliveries"]) => Ok(simulator.state.outbox.list()),
        (&Method::POST, ["deliveries", number, "redeliver"]) => {
            admin_actions::redeliver(simulator, number, at)
        }
        (&Method::POST, ["deliver"]) => admin_actions::send_custom_webhook(simulator, body()?, at),
        (&Method::GET, ["clock"]) => Ok(clock_view(simulator)),
        (&Method::POST, ["clock", "advance"]) => advance_clock(simulator, &body()?),
        (&Method::POST, ["reset"]) => Ok(reset(simulator, at)),
        _ => Err(AdminError::not_found("call; GET / lists them all")),
    }
}

fn change_settings(simulator: &mut AiStudiosSimulator, changes: &Value) -> Result<Value, AdminError> {
    simulator.state.settings =
        simulator.state.settings.with_changes(changes).map_err(AdminError::bad_request)?;
    Ok(json!(simulator.state.settings))
}

fn queue_faults(simulator: &mut AiStudiosSimulator, body: Value) -> Result<Value, AdminError> {
    simulator.state.faults.queue_all(body).map_err(AdminError::bad_request)?;
    Ok(simulator.state.faults.list())
}

fn clock_view(simulator: &AiStudiosSimulator) -> Value {
    json!({
        "now": simulator.clock.last().now.unix_timestamp(),
        "ahead_seconds": simulator.clock.ahead_seconds(),
        "next_delivery_at": simulator.state.outbox.next_due().map(|due| due.unix_timestamp()),
    })
}

/// Advances the clock by `{"seconds": n}`, or to `{"to": "next_delivery"}` or `{"to": "last_export"}`.
fn advance_clock(simulator: &mut AiStudiosSimulator, body: &Value) -> Result<Value, AdminError> {
    let now = simulator.clock.last().now;
    let due = match body["to"].as_str() {
        Some("next_delivery") => {
            simulator.state.outbox.next_due().ok_or_else(|| AdminError::not_found("delivery"))?
        }
        Some("last_export") => {
            simulator.state.projects.last_export_end().ok_or_else(|| AdminError::not_found("export"))?
        }
        Some(_) => return Err(AdminError::bad_request("to must be next_delivery or last_export")),
        None => {
            let seconds = body["seconds"].as_f64();
            let seconds = seconds.filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
            let seconds =
                seconds.ok_or_else(|| AdminError::bad_request("seconds must be a number from 0 to 1e9"))?;
            now + Duration::seconds_f64(seconds)
        }
    };
    simulator.clock.advance(due - now);
    Ok(clock_view(simulator))
}

/// Resets to the seeded account. Tokens stay, because receivers cache them.
fn reset(simulator: &mut AiStudiosSimulator, at: Moment) -> Value {
    let outbox = simulator.state.outbox.cleared();
    simulator.state = SimulatorState { outbox, ..SimulatorState::seeded(&simulator.account, &simulator.ids) };
    simulator.clock.reset();
    json!({"reset_at": at.wall.unix_timestamp()})
}

/// Lists every call of the endpoint.
fn list_calls() -> Value {
    json!({
        "GET /describe": "URLs, credentials and seeded ids",
        "GET /credentials": "the provider's section of a receiver's secret",
        "GET /knobs": "every knob", "PUT /knobs": "set some of them: {group: {knob: value}}",
        "GET /scenarios": "the catalogue",
        "PUT /scenario": "{scenario, variant?} for every project; replaces all knobs and faults",
        "PUT /projects/{id}/scenario": "{scenario, variant?} for one project",
        "PUT /projects/{id}/knobs": "knobs for one project; {} removes them",
        "GET /faults": "what is queued", "POST /faults": "queue one or a list", "DELETE /faults": "forget them",
        "GET /projects": "projects with their exports",
        "POST /projects": "seed one: {name?, workspace_id?, foreign?, exported?}",
        "DELETE /projects/{id}": "delete the project",
        "POST /projects/{id}/forge": "send a forged webhook of its latest export: {forgery}",
        "GET /exports": "accepted posts, credits and each export",
        "GET /creations": "accepted calls that make a project, a dubbing or a file, with answers and prices",
        "GET /tokens": "how many were issued", "POST /tokens/revoke": "revoke every issued token",
        "GET /requests/peak[?endpoint=&method=&path=]": "the most requests in any one second of real time",
        "GET /requests[?endpoint=&method=&path=]": "requests to the API and Files endpoints",
        "GET /deliveries": "webhooks with every attempt",
        "POST /deliveries/{number}/redeliver": "send again",
        "POST /deliver": "send anything: {url, method?, body?, headers?}",
        "GET /clock": "virtual time",
        "POST /clock/advance": "{seconds}, {to: next_delivery} or {to: last_export}",
        "POST /reset": "reset all but the tokens",
    })
}
