//! The API endpoint: faults, token, routing, then the operation.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use serde_json::Value;

use crate::ai_studios::api_error::{ApiError, ErrorKind};
use crate::ai_studios::envelope;
use crate::ai_studios::fault_types::CallFault;
use crate::ai_studios::operation_dispatch;
use crate::ai_studios::project_settings;
use crate::ai_studios::route::Route;
use crate::ai_studios::settings::{Settings, seconds};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::token_auth;
use crate::request_echo;
use crate::response;
use crate::simulator::{Endpoint, Reply};
use crate::virtual_clock::Moment;

/// Handles a call of the API and logs it.
pub(super) fn handle_api_request(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Reply {
    let (method, path) = (request.method(), request.uri().path());
    let index = find_project(simulator, request, at);
    let project = index.map(|index| simulator.state.projects.at(index).id.clone());
    let fault = simulator.state.faults.take_for_call(method, path, project.as_deref());
    if matches!(fault, Some(CallFault::RevokeTokens)) {
        simulator.tokens.revoke();
    }
    let settings = index.map_or_else(
        || simulator.state.settings.clone(),
        |index| project_settings::settings_for_project(simulator, index),
    );
    let works = fault.as_ref().is_none_or(CallFault::performs_work);
    let response = works.then(|| process_call(simulator, request, &settings, at));
    let reply = match (fault, response) {
        (Some(CallFault::Echo { status, writing, page }), _) => response::reply(echo_response(
            status,
            &request_echo::echo_line(request, writing),
            page,
            &settings,
        )),
        (Some(fault), response) => apply_fault(fault, response.unwrap_or_default(), &settings),
        (None, Some(response)) if is_slow(request, &settings) => {
            response::delayed_reply(response, seconds(settings.tools.response_seconds))
        }
        (None, Some(response)) => response::reply(response),
        (None, None) => response::reset_connection(),
    };
    simulator.state.request_log.record(Endpoint::Api, request, &reply, at);
    simulator.state.request_rate.record(Endpoint::Api, method, path, at.wall);
    reply
}

/// Whether the answer waits for the work that it names.
fn is_slow(request: &Request<Bytes>, settings: &Settings) -> bool {
    settings.tools.response_seconds > 0.0 && Route::find(request).is_ok_and(|route| route.is_synchronous())
}

/// Returns the index of the project that a call names in its path, its query or its body.
fn find_project(simulator: &AiStudiosSimulator, request: &Request<Bytes>, at: Moment) -> Option<usize> {
    let index_of = |id: &str| simulator.state.projects.index_of(id, at.now);
    if let Some(index) = request.uri().path().rsplit('/').find_map(index_of) {
        return Some(index);
    }
    let query = request.uri().query().unwrap_or_default();
    if let Some((_, id)) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "projectId")
    {
        return index_of(&id);
    }
    let body: Value = serde_json::from_slice(request.body()).ok()?;
    index_of(body.get("projectId")?.as_str()?)
}

/// Processes the call as the provider does without a fault.
fn process_call(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    settings: &Settings,
    at: Moment,
) -> Response<Bytes> {
    let route = match Route::find(request) {
        Ok(route) => route,
        Err(api_error) => return envelope::error_response(&api_error, settings),
    };
    if route != Route::IssueToken
        && let Err(api_error) = token_auth::check_token(simulator, request, at)
    {
        return if settings.auth.html_page {
            token_auth::login_page()
        } else {
            envelope::error_response(&api_error, settings)
        };
    }
    match operation_dispatch::dispatch(simulator, route, request, at) {
        Ok(payload) => envelope::success_response(payload, settings),
        Err(api_error) => envelope::error_response(&api_error, settings),
    }
}

/// Returns the response that a fault makes of the regular one.
fn apply_fault(fault: CallFault, regular_response: Response<Bytes>, settings: &Settings) -> Reply {
    response::reply(match fault {
        CallFault::LostResponse | CallFault::Reset => return response::reset_connection(),
        CallFault::Late { seconds: wait } => return response::delayed_reply(regular_response, seconds(wait)),
        CallFault::RevokeTokens | CallFault::Echo { .. } => regular_response,
        CallFault::Answer { status, body, content_type, headers, .. } => {
            response::custom_response(status, &body, content_type.as_deref(), &headers)
        }
        CallFault::Error { status, message, retry_after, as_200, .. } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = envelope::error_response(
                &ApiError { status, kind: ErrorKind::from_status(status), message },
                settings,
            );
            if as_200 {
                *response.status_mut() = StatusCode::OK;
            }
            if let Some(wait) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
            }
            response
        }
        CallFault::GatewayPage { status } => gateway_page(status),
    })
}

/// Returns an error with this text, in the envelope or as an HTML page.
fn echo_response(status: u16, text: &str, page: bool, settings: &Settings) -> Response<Bytes> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if page {
        let mut response =
            response::bytes_response(status, None, format!("<html><body>{text}</body></html>").into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        return response;
    }
    envelope::error_response(
        &ApiError { status, kind: ErrorKind::from_status(status), message: text.to_owned() },
        settings,
    )
}

/// Returns the error page of a gateway in front of the API (contract 1.1).
fn gateway_page(status: u16) -> Response<Bytes> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let reason = status.canonical_reason().unwrap_or("Error");
    let page =
        format!("<html>\r\n<head><title>{status}</title></head>\r\n<body>{reason}</body>\r\n</html>\r\n");
    let mut response = response::bytes_response(status, None, Bytes::from(page));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
