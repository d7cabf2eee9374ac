//! Carries an operation out when nothing is in its way.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::abyssale::answer;
use crate::abyssale::banner_file;
use crate::abyssale::design::change;
use crate::abyssale::design::view;
use crate::abyssale::dynamic_image_operations;
use crate::abyssale::export_operations;
use crate::abyssale::generation::accept;
use crate::abyssale::generation::body;
use crate::abyssale::generation::operation::Operation;
use crate::abyssale::generation::sync;
use crate::abyssale::generation::view as generation_view;
use crate::abyssale::lettering;
use crate::abyssale::query::Query;
use crate::abyssale::refusal::Refusal;
use crate::abyssale::route::{DesignCall, HookCall, Route, SecretCall, WorkspaceCall};
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::subscription::Subscription;
use crate::abyssale::template;
use crate::abyssale::validate;
use crate::clock::Moment;

/// The answer to a call.
type Served = Result<Response<Bytes>, Refusal>;

/// `at_once` makes due without the usual latency what comes of the call.
pub(super) fn serve(
    simulator: &mut AbyssaleSimulator,
    route: Route,
    request: &Request<Bytes>,
    at_once: bool,
    at: Moment,
) -> Served {
    match route {
        Route::Ready => Ok(ok(simulator, json!({"status": "ok"}))),
        Route::Auth => Ok(ok(simulator, json!({"company": "Acme Inc."}))),
        Route::Export => {
            let body = validate::export(request, &simulator.state.knobs)?;
            export_operations::accept_export(simulator, body, at_once, at)
        }
        Route::Generate(design, Operation::Render) => {
            let body = body::read(request, Operation::Render, &simulator.state.knobs)?;
            let banner = sync::render(simulator, design, &body, at)?;
            Ok(ok(simulator, banner))
        }
        Route::Generate(design, operation) => {
            let body = body::read(request, operation, &simulator.state.knobs)?;
            accept::accept_generation(simulator, design, body, operation, at_once, at)
        }
        Route::Poll(id) => generation_view::poll(simulator, id, at),
        Route::Banner(id) => {
            let banner = simulator.state.workspace.banners.get(id, at.now);
            let version = banner.ok_or_else(Refusal::visual_not_found)?.version;
            let view =
                banner_file::banner_view(simulator, id, version, at).ok_or_else(Refusal::visual_not_found)?;
            Ok(ok(simulator, view))
        }
        Route::Design(call) => serve_designs(simulator, call, request, at),
        Route::Workspace(call) => serve_workspace(simulator, call, request, at),
        Route::Secret(call) => serve_secret(simulator, call, request, at),
        Route::Hook(call) => serve_hooks(simulator, call, request),
    }
}

/// 200. A bare list carries no stamp, and a Banner has a version of its own (contract 1.1).
fn ok(simulator: &AbyssaleSimulator, body: Value) -> Response<Bytes> {
    answer::json(StatusCode::OK, body, &simulator.state.knobs)
}

fn serve_designs(
    simulator: &mut AbyssaleSimulator,
    call: DesignCall,
    request: &Request<Bytes>,
    at: Moment,
) -> Served {
    let body = match call {
        DesignCall::List => return view::list_designs(simulator, request, at),
        DesignCall::DynamicImage(id) => {
            return dynamic_image_operations::dynamic_image(simulator, id, request, at);
        }
        DesignCall::Show(id) => view::design_view(simulator, id, request, at)?,
        DesignCall::Format(id, specifier) => view::format_detail(simulator, id, &specifier, at)?,
        DesignCall::Rename(id) => change::rename_design(simulator, id, request, at)?,
        DesignCall::Move(id) => change::move_design(simulator, id, request, at)?,
        DesignCall::Delete(id) => change::delete_design(simulator, id, at)?,
    };
    Ok(ok(simulator, body))
}

fn serve_workspace(
    simulator: &mut AbyssaleSimulator,
    call: WorkspaceCall,
    request: &Request<Bytes>,
    at: Moment,
) -> Served {
    let body = match call {
        WorkspaceCall::Fonts => {
            let query = Query::of(request);
            return query.paged(lettering::list(&simulator.draw, &query));
        }
        WorkspaceCall::Projects => return change::list_projects(simulator, request),
        WorkspaceCall::CreateProject => change::create_project(simulator, request, at)?,
        WorkspaceCall::Credits => credits(simulator),
        WorkspaceCall::Templates => template::list_templates(simulator, request)?,
        WorkspaceCall::TemplateCategories => template::list_categories(simulator),
        WorkspaceCall::UseTemplate(id) => template::use_template(simulator, id, request, at)?,
        WorkspaceCall::Duplication(id) => template::duplication(simulator, id, at)?,
    };
    Ok(ok(simulator, body))
}

fn serve_secret(
    simulator: &mut AbyssaleSimulator,
    call: SecretCall,
    request: &Request<Bytes>,
    at: Moment,
) -> Served {
    let body = match call {
        SecretCall::Show => simulator.secrets.get(at.now, &mut simulator.draw),
        SecretCall::Rotate => {
            let force = forced(request)?;
            simulator.secrets.rotate(force, at.now, &mut simulator.draw).map_err(|_| still_active())?
        }
        SecretCall::Revoke => simulator.secrets.revoke(at.now, &mut simulator.draw),
    };
    Ok(ok(simulator, body))
}

fn serve_hooks(simulator: &mut AbyssaleSimulator, call: HookCall, request: &Request<Bytes>) -> Served {
    let id = match call {
        HookCall::Subscribe => {
            let (hook_url, kind) = validate::subscription(request, &simulator.state.knobs)?;
            let id = simulator.draw.next_uuid("subscription");
            simulator.state.subscriptions.add(Subscription { id, hook_url, kind, design: None });
            id
        }
        HookCall::Show(id) if simulator.state.subscriptions.contains(id) => id,
        HookCall::Remove(id) if simulator.state.subscriptions.remove(id) => id,
        HookCall::Show(_) | HookCall::Remove(_) => {
            return Err(Refusal::not_found("not_found", "webhook"));
        }
    };
    Ok(ok(simulator, json!({"id": id})))
}

/// `GET /credits`; null is unlimited (contract 5.3).
fn credits(simulator: &AbyssaleSimulator) -> Value {
    let consumed = simulator.state.generations.credits_consumed;
    let limit = simulator.state.knobs.credits;
    json!({
        "generation_credits": {
            "available": limit.map(|limit| limit.saturating_sub(consumed)),
            "limit": limit,
            "consumed": consumed,
            "extra": 0,
        },
        "ai_credits": {"available": 100, "limit": 100, "consumed": 0, "extra": 0},
    })
}

/// `?force=true`; anything that is no boolean is refused (contract 6.6).
fn forced(request: &Request<Bytes>) -> Result<bool, Refusal> {
    match Query::of(request).get("force").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Refusal::bad("invalid_query_param", "force: Not a valid boolean.")),
    }
}

fn still_active() -> Refusal {
    let message = "The previous secret is still active.";
    Refusal::new(StatusCode::CONFLICT, "previous_secret_still_active", message)
}
