//! Authentication by token at the API endpoint (contract 1.3 to 1.6 and 9.2).

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::access_token::TokenError;
use crate::ai_studios::api_error::{ApiError, ErrorKind};
use crate::ai_studios::field_check::FieldPolicies;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::response;
use crate::virtual_clock::Moment;

/// `POST /auth/token`.
pub(super) fn issue_token(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    let policies =
        FieldPolicies { wrong_types: AcceptancePolicy::Refuse, unknown_fields: AcceptancePolicy::Accept };
    let body = RequestBody::read(request, policies)?;
    let (app_id, user_key) = (body.required_text("appId")?, body.required_text("userKey")?);
    if app_id != simulator.account.app_id || user_key != simulator.account.user_key {
        return Err(ApiError::new(ErrorKind::Auth, "appId or userKey is wrong"));
    }
    Ok(json!({"token": simulator.tokens.issue(&app_id, &simulator.state.settings.auth, at.now)}))
}

/// Checks that the call carries a valid token, without an authentication scheme.
pub(super) fn check_token(
    simulator: &AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<(), ApiError> {
    let settings = &simulator.state.settings.auth;
    let rejected = |message: &str| Err(ApiError::new(ErrorKind::Auth, message));
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(given) = given.filter(|given| !given.is_empty()) else { return rejected("token is missing") };
    let token = match (given.strip_prefix("Bearer "), settings.bearer) {
        (Some(token), AcceptancePolicy::Accept) => token,
        (Some(_), AcceptancePolicy::Refuse) | (None, _) => given,
    };
    if settings.reject_always {
        return rejected("token is invalid");
    }
    match simulator.tokens.check(token, at.now) {
        Ok(()) => Ok(()),
        Err(TokenError::Unknown) => rejected("token is invalid"),
        Err(TokenError::Expired) => rejected("token is expired"),
    }
}

/// Returns the page that a gateway shows for a rejected token (contract 1.1).
pub(super) fn login_page() -> Response<Bytes> {
    let page = Bytes::from_static(b"<!doctype html><html><body><h1>401</h1>Please sign in</body></html>\n");
    let mut response = response::bytes_response(StatusCode::UNAUTHORIZED, None, page);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
