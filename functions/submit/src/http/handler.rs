//! Handles one HTTP request of the submit API.

use bytes::Bytes;
use model::{Error, ErrorClass};
use runtime::ApiGatewayResponse;
use time::{Duration, OffsetDateTime};

use crate::{
    clients::Clients,
    command_dispatch::run_command,
    http::{read_command::read_command, router::Route, write_response::write_response},
};

/// The OpenAPI document of this API. A test generates it from the types and compares the two.
const OPENAPI: &str = include_str!("../../openapi.json");

/// API Gateway responds with an error after 30 seconds, and then the caller never receives the job's id.
const TIMEOUT: Duration = Duration::seconds(27);

/// Handles a request. Every failure is a response as well.
pub(crate) async fn handle_request(
    clients: &Clients,
    request: &http::Request<Bytes>,
    deadline: OffsetDateTime,
) -> ApiGatewayResponse {
    let deadline = deadline.min(OffsetDateTime::now_utc() + TIMEOUT);
    let Some(route) = Route::find(request.uri().path()) else {
        return ApiGatewayResponse::from_error(&Error::new(
            ErrorClass::NotFound,
            "there is nothing at this path",
        ));
    };
    if !route.allows(request.method()) {
        let message = format!("expected the method {}", route.allowed_methods());
        return ApiGatewayResponse::from_error(&Error::new(ErrorClass::MethodNotAllowed, message))
            .with_header("allow", route.allowed_methods());
    }
    let result = match read_command(route, request) {
        Ok(None) => return ApiGatewayResponse::json_text(200, OPENAPI),
        Ok(Some(command)) => run_command(clients, command, deadline).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(response) => write_response(response),
        Err(error) => ApiGatewayResponse::from_error(&error),
    }
}
