//! The responses of a service that is switched off or rejects a request on purpose, in the protocol of the service.

use http::{HeaderValue, Response, StatusCode};
use s3s::Body;

use super::error::ServiceError;
use super::response::respond;
use super::sts;
use crate::cloud::faults::Rejection;
use crate::cloud::operation::Service;
use crate::cloud::s3::add_request_ids;

const STATUS: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Returns status 503 as the service sends it.
pub(crate) async fn service_unavailable(service: Service) -> Response<Body> {
    match service {
        Service::S3 => {
            let document =
                "<Error><Code>ServiceUnavailable</Code><Message>Switched off on purpose</Message></Error>";
            add_request_ids(respond(STATUS, "application/xml", document.into())).await
        }
        Service::Sts => sts::error_response(STATUS, "ServiceUnavailable", "Switched off on purpose"),
        Service::Lambda => {
            let document = r#"{"Type":"Service","Message":"Switched off on purpose"}"#;
            let mut response = respond(STATUS, "application/json", document.into());
            let code = HeaderValue::from_static("ServiceUnavailableException");
            response.headers_mut().insert("x-amzn-errortype", code);
            response
        }
        _ => ServiceError::unavailable().into_response(service),
    }
}

/// Returns the error response of a fault as the service sends it.
pub(crate) async fn rejected(service: Service, rejection: Rejection) -> Response<Body> {
    let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match service {
        Service::S3 => add_request_ids(respond(status, "application/xml", rejection.body().into())).await,
        _ => respond(status, "application/x-amz-json-1.0", rejection.body().into()),
    }
}
