//! The Admin endpoint: routes its calls, and sets and shows the simulator's state. `README.md` describes each
//! call.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use time::Duration;

use crate::abyssale::admin_actions;
use crate::abyssale::admin_workspace;
use crate::abyssale::settings::MAX_SECONDS;
use crate::abyssale::signing_secret::SigningSecrets;
use crate::abyssale::state::{AbyssaleSimulator, SimulatorState};
use crate::admin_response::{AdminError, admin_response, parse_json_body};
use crate::simulator::{Reply, Simulator};
use crate::virtual_clock::Moment;

/// Handles a call of the Admin endpoint. These calls need no key and are not logged.
pub(super) fn handle_admin_request(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Reply {
    admin_response(route_call(simulator, request, at))
}

fn route_call(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, AdminError> {
    let segments: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
    let query = request.uri().query().unwrap_or_default();
    let method = request.method();
    match (method, segments.as_slice()) {
        (&Method::GET, []) => Ok(list_calls()),
        (&Method::GET, ["describe"]) => Ok(simulator.describe()),
        (&Method::GET, ["credentials"]) => Ok(simulator.credentials()),
        (&Method::GET, ["knobs"]) => Ok(json!(simulator.state.settings)),
        (&Method::PUT, ["knobs"]) => change_settings(simulator, &parse_json_body(request)?),
        (&Method::GET, ["faults"]) => Ok(simulator.state.faults.list()),
        (&Method::POST, ["faults"]) => queue_faults(simulator, parse_json_body(request)?),
        (&Method::DELETE, ["faults"]) => clear_faults(simulator, at),
        (&Method::PUT, ["archive"]) => admin_actions::set_next_archives(simulator, request, query),
        (&Method::PUT, ["file"]) => admin_actions::set_next_files(simulator, request, query),
        (&Method::GET, ["generations"]) => Ok(simulator.state.generations.list(at.now)),
        (&Method::GET, ["designs"]) => Ok(admin_workspace::designs_view(simulator, at)),
        (&Method::PUT, ["designs", id]) => {
            admin_workspace::set_design(simulator, id, &parse_json_body(request)?, at)
        }
        (&Method::GET, ["dynamic-images"]) => Ok(simulator.state.dynamic_images.list()),
        (&Method::GET, ["exports"]) => Ok(simulator.state.exports.list()),
        (&Method::POST, ["exports"]) => {
            admin_actions::export_in_platform(simulator, &parse_json_body(request)?, at)
        }
        (&Method::GET, ["subscriptions"]) => Ok(simulator.state.subscriptions.list()),
        (&Method::POST, ["subscriptions"]) => {
            admin_workspace::subscribe(simulator, &parse_json_body(request)?, at)
        }
        (&Method::DELETE, ["subscriptions", id]) => admin_workspace::unsubscribe(simulator, id),
        (&Method::GET, ["requests", "peak"]) => Ok(simulator.state.request_rate.peak(query)),
        (&Method::GET, ["requests"]) => Ok(simulator.state.request_log.list(query)),
        (&Method::GET, ["deliveries"]) => Ok(simulator.state.outbox.list()),
        (&Method::POST, ["deliveries", name, "redeliver"]) => {
            admin_actions::redeliver(simulator, name, query, at)
        }
        (&Method::POST, ["deliver"]) => {
            admin_actions::send_custom_delivery(simulator, parse_json_body(request)?, at)
        }
        (&Method::GET, ["clock"]) => Ok(clock_view(simulator)),
        (&Method::POST, ["clock", "advance"]) => advance_clock(simulator, &parse_json_body(request)?),
        (&Method::POST, ["reset"]) => Ok(reset(simulator, &parse_json_body(request).unwrap_or_default(), at)),
        _ => Err(AdminError::not_found("call; GET / lists them all")),
    }
}

fn change_settings(simulator: &mut AbyssaleSimulator, changes: &Value) -> Result<Value, AdminError> {
    simulator.state.settings =
        simulator.state.settings.with_changes(changes).map_err(AdminError::bad_request)?;
    Ok(json!(simulator.state.settings))
}

/// Queues one fault or a list of faults. If one is invalid, nothing is queued.
fn queue_faults(simulator: &mut AbyssaleSimulator, body: Value) -> Result<Value, AdminError> {
    let requested = match body {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut faults = std::mem::take(&mut simulator.state.faults);
    let previous = faults.clone();
    let queued: Result<Vec<()>, String> = requested.into_iter().map(|fault| faults.queue(fault)).collect();
    simulator.state.faults = if queued.is_ok() { faults } else { previous };
    queued.map_err(AdminError::bad_request)?;
    Ok(simulator.state.faults.list())
}

/// Clears the faults and releases the deliveries that a fault holds back.
fn clear_faults(simulator: &mut AbyssaleSimulator, at: Moment) -> Result<Value, AdminError> {
    simulator.state.faults = crate::abyssale::fault_queues::Faults::default();
    simulator.state.outbox.release_held(at.now);
    Ok(simulator.state.faults.list())
}

fn clock_view(simulator: &AbyssaleSimulator) -> Value {
    json!({
        "now": simulator.clock.last().now.unix_timestamp(),
        "ahead_seconds": simulator.clock.ahead_seconds(),
        "next_delivery_at": simulator.state.outbox.next_due().map(|due| due.unix_timestamp()),
    })
}

/// Advances the clock by `{"seconds": n}`, or to `{"to": "next_delivery"}`.
fn advance_clock(simulator: &mut AbyssaleSimulator, body: &Value) -> Result<Value, AdminError> {
    if body["to"] == "next_delivery" {
        let due = simulator.state.outbox.next_due().ok_or_else(|| AdminError::not_found("delivery"))?;
        simulator.clock.advance(due - simulator.clock.last().now);
        return Ok(clock_view(simulator));
    }
    let seconds = body["seconds"].as_f64().filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
    let seconds = seconds.ok_or_else(|| AdminError::bad_request("seconds must be a number from 0 to 1e9"))?;
    simulator.clock.advance(Duration::seconds_f64(seconds));
    Ok(clock_view(simulator))
}

/// Resets to the seeded workspace. The signing secrets stay, because receivers have them in their
/// configuration, unless the body is `{"secrets": true}`.
fn reset(simulator: &mut AbyssaleSimulator, body: &Value, at: Moment) -> Value {
    let outbox = simulator.state.outbox.cleared();
    simulator.state = SimulatorState { outbox, ..SimulatorState::seeded(&simulator.ids) };
    if body["secrets"] == true {
        simulator.secrets = SigningSecrets::default();
    } else {
        simulator.secrets.clear_cache();
    }
    simulator.clock.reset();
    json!({"reset_at": at.wall.unix_timestamp()})
}

/// Lists every call of the endpoint.
fn list_calls() -> Value {
    json!({
        "GET /describe": "URLs, key and seeded ids",
        "GET /credentials": "the secret a receiver needs; creates the signing secret",
        "GET /knobs": "every knob", "PUT /knobs": "set some of them",
        "GET /faults": "what is queued", "POST /faults": "queue one or a list", "DELETE /faults": "forget them",
        "PUT /archive[?count=N]": "the body is the archive of the next N exports",
        "GET /exports": "exports and the number of accepted posts",
        "POST /exports": "an export made in the platform: {banner_ids?, bare_file?}",
        "GET /generations": "generations, the number of accepted posts, of synchronous renders and of credits",
        "PUT /file[?count=N&format=]": "the body is the file of the next N generated banners",
        "GET /designs": "designs with the status of their review",
        "PUT /designs/{id}": "{status?, active?}; a status notifies the template_status subscriptions",
        "GET /dynamic-images": "dynamic images with the flags of the call that created them",
        "GET /subscriptions": "workspace subscriptions",
        "POST /subscriptions": "{hook_url, type, design_id?}", "DELETE /subscriptions/{id}": "remove one",
        "GET /requests/peak[?endpoint=&method=&path=&tier=&window=]": "the most requests in any period of real time, by default a second",
        "GET /requests[?endpoint=&method=&path=]": "requests to the API and Files endpoints",
        "GET /deliveries": "deliveries with every attempt",
        "POST /deliveries/{number or id}/redeliver[?times=N]": "send again, under the same delivery id",
        "POST /deliver": "send anything: {url, body?, headers?, sign?, secrets?, t?, delivery_id?}",
        "GET /clock": "virtual time", "POST /clock/advance": "{seconds} or {to: next_delivery}",
        "POST /reset": "reset all but the secrets; {secrets: true} resets these too",
    })
}
