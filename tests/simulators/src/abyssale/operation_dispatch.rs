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
use crate::abyssale::generation::accept_generation::{self, GenerationRequest};
use crate::abyssale::generation::generation_body;
use crate::abyssale::generation::operation::GenerationOperation;
use crate::abyssale::generation::poll_response;
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
pub(super) fn dispatch(
    simulator: &mut AbyssaleSimulator,
    route: Route,
    request: &Request<Bytes>,
    event_timing: EventTiming,
    at: Moment,
) -> OperationResult {
    match route {
        Route::Ready => Ok(ok_response(simulator, json!({"status": "ok"}))),
        Route::Auth => Ok(ok_response(simulator, json!({"company": "Acme Inc."}))),
        Route::Export => {
            let body = request_body::validate_export(request, &simulator.state.settings)?;
            export_operations::accept_export(simulator, body, event_timing, at)
        }
        Route::Generate(design, GenerationOperation::Render) => {
            let body =
                generation_body::validate(request, GenerationOperation::Render, &simulator.state.settings)?;
            let banner = synchronous_render::render(simulator, design, &body, at)?;
            Ok(ok_response(simulator, banner))
        }
        Route::Generate(design, operation) => {
            let body = generation_body::validate(request, operation, &simulator.state.settings)?;
            let request = GenerationRequest { design, operation, body };
            accept_generation::accept_generation(simulator, request, event_timing, at)
        }
        Route::Poll(id) => poll_response::poll(simulator, id, at),
        Route::Banner(id) => {
            let is_deleted = simulator.state.settings.deleted_banners.contains(&id);
            let banner = simulator.state.workspace.banners.get(id, at.now).filter(|_| !is_deleted);
            let version = banner.ok_or_else(ApiError::visual_not_found)?.version;
            let view = banner_response::banner_view(simulator, id, version, at)
                .ok_or_else(ApiError::visual_not_found)?;
            Ok(ok_response(simulator, view))
        }
        Route::Design(call) => dispatch_design_call(simulator, call, request, at),
        Route::Workspace(call) => dispatch_workspace_call(simulator, call, request, at),
        Route::Secret(call) => dispatch_secret_call(simulator, call, request, at),
        Route::Hook(call) => dispatch_hook_call(simulator, call, request),
    }
}

/// 200. A plain list carries no version stamp, and a Banner has its own `version` (contract 1.1).
fn ok_response(simulator: &AbyssaleSimulator, body: Value) -> Response<Bytes> {
    api_response::stamped_json(StatusCode::OK, body, &simulator.state.settings)
}

fn dispatch_design_call(
    simulator: &mut AbyssaleSimulator,
    call: DesignCall,
    request: &Request<Bytes>,
    at: Moment,
) -> OperationResult {
    let body = match call {
        DesignCall::List => return design_response::list_designs(simulator, request, at),
        DesignCall::DynamicImage(id) => {
            return dynamic_image_operations::create_dynamic_image(simulator, id, request, at);
        }
        DesignCall::Show(id) => design_response::design_view(simulator, id, request, at)?,
        DesignCall::Format(id, specifier) => design_response::format_detail(simulator, id, &specifier, at)?,
        DesignCall::Rename(id) => design_operations::rename_design(simulator, id, request, at)?,
        DesignCall::Move(id) => design_operations::move_design(simulator, id, request, at)?,
        DesignCall::Delete(id) => design_operations::delete_design(simulator, id, at)?,
    };
    Ok(ok_response(simulator, body))
}

fn dispatch_workspace_call(
    simulator: &mut AbyssaleSimulator,
    call: WorkspaceCall,
    request: &Request<Bytes>,
    at: Moment,
) -> OperationResult {
    let body = match call {
        WorkspaceCall::Fonts => {
            let query = Query::of(request);
            return query.paginate(fonts::list_fonts(&simulator.ids, &query));
        }
        WorkspaceCall::Projects => return design_operations::list_projects(simulator, request),
        WorkspaceCall::CreateProject => design_operations::create_project(simulator, request, at)?,
        WorkspaceCall::Credits => credits(simulator),
        WorkspaceCall::Templates => workspace_template::list_templates(simulator, request)?,
        WorkspaceCall::TemplateCategories => workspace_template::list_template_categories(simulator),
        WorkspaceCall::UseTemplate(id) => workspace_template::use_template(simulator, id, request, at)?,
        WorkspaceCall::Duplication(id) => workspace_template::show_duplication(simulator, id, at)?,
    };
    Ok(ok_response(simulator, body))
}

fn dispatch_secret_call(
    simulator: &mut AbyssaleSimulator,
    call: SecretCall,
    request: &Request<Bytes>,
    at: Moment,
) -> OperationResult {
    let body = match call {
        SecretCall::Show => simulator.secrets.get(at.now, &mut simulator.ids),
        SecretCall::Rotate => {
            let force = read_force(request)?;
            simulator
                .secrets
                .rotate(force, at.now, &mut simulator.ids)
                .map_err(|_| previous_secret_still_active_error())?
        }
        SecretCall::Revoke => simulator.secrets.revoke(at.now, &mut simulator.ids),
    };
    Ok(ok_response(simulator, body))
}

fn dispatch_hook_call(
    simulator: &mut AbyssaleSimulator,
    call: HookCall,
    request: &Request<Bytes>,
) -> OperationResult {
    let id = match call {
        HookCall::Subscribe => {
            let (hook_url, kind) = request_body::validate_subscription(request, &simulator.state.settings)?;
            let id = simulator.ids.next_uuid("subscription");
            simulator.state.subscriptions.add(Subscription { id, hook_url, kind, design: None });
            id
        }
        HookCall::Show(id) => {
            let found = simulator.state.subscriptions.get(id);
            let found = found.ok_or_else(|| ApiError::not_found("not_found", "webhook"))?;
            let mut body = json!({"id": id});
            if simulator.state.settings.subscription_shows_url {
                body["hook_url"] = json!(found.hook_url);
            }
            return Ok(ok_response(simulator, body));
        }
        HookCall::Remove(id) if simulator.state.subscriptions.remove(id) => id,
        HookCall::Remove(_) => {
            return Err(ApiError::not_found("not_found", "webhook"));
        }
    };
    Ok(ok_response(simulator, json!({"id": id})))
}

/// `GET /credits`; null is unlimited (contract 13.5). Extra credits are spent after those of the period.
fn credits(simulator: &AbyssaleSimulator) -> Value {
    let settings = &simulator.state.settings;
    let consumed = simulator.state.generations.credits_consumed;
    let beyond = settings.credits.map_or(0, |limit| consumed.saturating_sub(limit));
    json!({
        "generation_credits": {
            "available": settings.credits.map(|limit| limit.saturating_sub(consumed)),
            "limit": settings.credits,
            "consumed": consumed,
            "extra": settings.extra_credits.saturating_sub(beyond),
        },
        "ai_credits": {
            "available": settings.ai_credits, "limit": settings.ai_credits, "consumed": 0, "extra": 0,
        },
    })
}

/// Reads `?force=true`. Anything that is not a boolean is an error (contract 6.6).
fn read_force(request: &Request<Bytes>) -> Result<bool, ApiError> {
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
