//! Error responses of the AWS JSON protocols.

use http::{HeaderValue, Response, StatusCode};
use s3s::Body;
use serde_json::json;

use super::response::respond;
use crate::cloud::operation::Service;

/// Returns the content type of a service, whose version of the JSON protocol its model names.
pub(super) fn json_content_type(service: Service) -> &'static str {
    match service {
        Service::SecretsManager | Service::EventBridge => "application/x-amz-json-1.1",
        _ => "application/x-amz-json-1.0",
    }
}

/// An error of the client, unless the status differs.
#[derive(Debug)]
pub(crate) struct ServiceError {
    /// The error type of the service's API reference.
    code: String,
    message: String,
    /// The error code of the older query protocol of SQS, which clients still compare.
    query_code: Option<&'static str>,
    status: StatusCode,
}

impl ServiceError {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            query_code: None,
            status: StatusCode::BAD_REQUEST,
        }
    }

    /// Adds the error code of the query protocol.
    pub(super) fn with_query_code(mut self, query_code: &'static str) -> Self {
        self.query_code = Some(query_code);
        self
    }

    pub(super) fn unknown_operation(name: &str) -> Self {
        Self::new("UnknownOperationException", format!("{name} is not implemented by the local cloud"))
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::new("MissingParameter", format!("The request must contain the parameter {name}."))
    }

    /// The error of a service that is switched off: <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
    pub(super) fn unavailable() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            ..Self::new("ServiceUnavailable", "Switched off on purpose")
        }
    }

    pub(super) fn code(&self) -> &str {
        self.query_code.unwrap_or(&self.code)
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn into_response(self, service: Service) -> Response<Body> {
        // The errors in the model of Secrets Manager have a capital letter.
        let member = if service == Service::SecretsManager { "Message" } else { "message" };
        let body = json!({ "__type": self.code, member: self.message });
        let mut response = respond(self.status, json_content_type(service), body.to_string().into());
        let side = if self.status.is_server_error() { "Receiver" } else { "Sender" };
        if service == Service::Sqs
            && let Ok(value) = HeaderValue::from_str(&format!("{};{side}", self.code()))
        {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}

/// A disk error, the only error that the client does not cause.
impl From<std::io::Error> for ServiceError {
    fn from(error: std::io::Error) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new("InternalServerError", error.to_string())
        }
    }
}

/// The input does not have the format of the operation.
impl From<serde_json::Error> for ServiceError {
    fn from(error: serde_json::Error) -> Self {
        Self::new("SerializationException", error.to_string())
    }
}
