//! Dispatches a valid API call to its operation.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::abyssale::api_error::ApiError;
use crate::abyssale::api_response;
use crate::abyssale::banner_response;
use crate::abyssale::design::design_operations;
use crate::abyssale::design::design_response;
use crate::abyssale::dynamic_image_operations;
use crate::abyssale::event_timing::EventTiming;
use crate::abyssale::export_operations;
use crate::abyssale::fonts;
use crate::abyssale::generation::accept_generation;
use crate::abyssale::generation::accept_generation::GenerationRequest;
use crate::abyssale::generation::generation_body;
use crate::abyssale::generation::operation::Operation;
use crate::abyssale::generation::poll_response as generation_view;
use crate::abyssale::generation::synchronous_render;
use crate::abyssale::list_query::Query;
use crate::abyssale::request_body;
use crate::abyssale::route::{DesignCall, HookCall, Route, SecretCall, WorkspaceCall};
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::subscription::Subscription;
use crate::abyssale::workspace_template;
use crate::virtual_clock::Moment;

/// The response or the error of an operation.
type OperationResult = Result<Response<Bytes>, ApiError>;

/// Carries out the operation of a route. `event_timing` decides when its event is due.
pub(super) fn serve(
    simulator: &mut AbyssaleSimulator,
    route: Route,
    request: &Request<Bytes>,
    event_timing: EventTiming,
    at: Moment,
) -> OperationResult {
    match route {
        Route::Ready => Ok(ok(simulator, json!({"status": "ok"}))),
        Route::Auth => Ok(ok(simulator, json!({"company": "Acme Inc."}))),
        Route::Export => {
            let body = request_body::export(request, &simulator.state.settings)?;
            export_operations::accept_export(simulator, body, event_timing, at)
        }
        Route::Generate(design, Operation::Render) => {
            let body = generation_body::read(request, Operation::Render, &simulator.state.settings)?;
            let banner = synchronous_render::render(simulator, design, &body, at)?;
            Ok(ok(simulator, banner))
        }
        Route::Generate(design, operation) => {
            let body = generation_body::read(request, operation, &simulator.state.settings)?;
            let request = GenerationRequest { design, operation, body };
            accept_generation::accept_generation(simulator, request, event_timing, at)
        }
        Route::Poll(id) => generation_view::poll(simulator, id, at),
        Route::Banner(id) => {
            let banner = simulator.state.workspace.banners.get(id, at.now);
            let version = banner.ok_or_else(ApiError::visual_not_found)?.version;
            let view = banner_response::banner_view(simulator, id, version, at)
                .ok_or_else(ApiError::visual_not_found)?;
            Ok(ok(simulator, view))
        }
        Route::Design(call) => serve_designs(simulator, call, request, at),
        Route::Workspace(call) => serve_workspace(simulator, call, request, at),
        Route::Secret(call) => serve_secret(simulator, call, request, at),
        Route::Hook(call) => serve_hooks(simulator, call, request),
    }
}

/// 200. A plain list carries no version stamp, and a Banner has its own `version` (contract 1.1).
fn ok(simulator: &AbyssaleSimulator, body: Value) -> Response<Bytes> {
    api_response::json(StatusCode::OK, body, &simulator.state.settings)
}

fn serve_designs(
    simulator: &mut AbyssaleSimulator,
    call: DesignCall,
    request: &Request<Bytes>,
    at: Moment,
) -> OperationResult {
    let body = match call {
        DesignCall::List => return design_response::list_designs(simulator, request, at),
        DesignCall::DynamicImage(id) => {
            return dynamic_image_operations::dynamic_image(simulator, id, request, at);
        }
        DesignCall::Show(id) => design_response::design_view(simulator, id, request, at)?,
        DesignCall::Format(id, specifier) => design_response::format_detail(simulator, id, &specifier, at)?,
        DesignCall::Rename(id) => design_operations::rename_design(simulator, id, request, at)?,
        DesignCall::Move(id) => design_operations::move_design(simulator, id, request, at)?,
        DesignCall::Delete(id) => design_operations::delete_design(simulator, id, at)?,
    };
    Ok(ok(simulator, body))
}

fn serve_workspace(
    simulator: &mut AbyssaleSimulator,
    call: WorkspaceCall,
    request: &Request<Bytes>,
    at: Moment,
) -> OperationResult {
    let body = match call {
        WorkspaceCall::Fonts => {
            let query = Query::of(request);
            return query.paged(fonts::list(&simulator.ids, &query));
        }
        WorkspaceCall::Projects => return design_operations::list_projects(simulator, request),
        WorkspaceCall::CreateProject => design_operations::create_project(simulator, request, at)?,
        WorkspaceCall::Credits => credits(simulator),
        WorkspaceCall::Templates => workspace_template::list_templates(simulator, request)?,
        WorkspaceCall::TemplateCategories => workspace_template::list_template_categories(simulator),
        WorkspaceCall::UseTemplate(id) => workspace_template::use_template(simulator, id, request, at)?,
        WorkspaceCall::Duplication(id) => workspace_template::duplication(simulator, id, at)?,
    };
    Ok(ok(simulator, body))
}

fn serve_secret(
    simulator: &mut AbyssaleSimulator,
    call: SecretCall,
    request: &Request<Bytes>,
    at: Moment,
) -> OperationResult {
    let body = match call {
        SecretCall::Show => simulator.secrets.get(at.now, &mut simulator.ids),
        SecretCall::Rotate => {
            let force = forced(request)?;
            simulator
                .secrets
                .rotate(force, at.now, &mut simulator.ids)
                .map_err(|_| previous_secret_still_active_error())?
        }
        SecretCall::Revoke => simulator.secrets.revoke(at.now, &mut simulator.ids),
    };
    Ok(ok(simulator, body))
}

fn serve_hooks(
    simulator: &mut AbyssaleSimulator,
    call: HookCall,
    request: &Request<Bytes>,
) -> OperationResult {
    let id = match call {
        HookCall::Subscribe => {
            let (hook_url, kind) = request_body::subscription(request, &simulator.state.settings)?;
            let id = simulator.ids.next_uuid("subscription");
            simulator.state.subscriptions.add(Subscription { id, hook_url, kind, design: None });
            id
        }
        HookCall::Show(id) if simulator.state.subscriptions.contains(id) => id,
        HookCall::Remove(id) if simulator.state.subscriptions.remove(id) => id,
        HookCall::Show(_) | HookCall::Remove(_) => {
            return Err(ApiError::not_found("not_found", "webhook"));
        }
    };
    Ok(ok(simulator, json!({"id": id})))
}

/// `GET /credits`; null is unlimited (contract 5.3).
fn credits(simulator: &AbyssaleSimulator) -> Value {
    let consumed = simulator.state.generations.credits_consumed;
    let limit = simulator.state.settings.credits;
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

/// Reads `?force=true`. Anything that is not a boolean is an error (contract 6.6).
fn forced(request: &Request<Bytes>) -> Result<bool, ApiError> {
    match Query::of(request).get("force").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(ApiError::bad_request("invalid_query_param", "force: Not a valid boolean.")),
    }
}

fn previous_secret_still_active_error() -> ApiError {
    let message = "The previous secret is still active.";
    ApiError::new(StatusCode::CONFLICT, "previous_secret_still_active", message)
}
