//! Classifies error responses (contract 6.2). The provider publishes no list of codes, so the words of messages are
//! matched too.

use http::StatusCode;
use model::{Error, ErrorClass, ProviderError};

/// The maximum length of a message, or of a body that cannot be parsed, in characters (contract 6.2).
const MAX_MESSAGE_CHARS: usize = 500;

/// A response that is not successful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorResponse {
    /// The HTTP status.
    pub(super) status: u16,
    /// `error.code`, a number or a text.
    pub(super) code: Option<String>,
    /// `error.msg`, or the beginning of another body.
    pub(super) message: String,
    /// Whether the API returned it, and not a gateway in front of the API.
    pub(super) is_enveloped: bool,
}

/// The kind of an error response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorKind {
    /// The token was rejected. Another one may be accepted.
    InvalidToken,
    /// Credits or plan are used up.
    Quota,
    /// The plan, the workspace or the owner does not allow the request.
    Forbidden,
    /// The project does not exist.
    NotFound,
    /// An export of the project is running.
    Conflict,
    /// There were too many requests.
    Throttled,
    /// The request breaks a rule.
    InvalidRequest,
    /// A temporary failure.
    Transient,
    /// Any other error of the API.
    Other,
}

impl ErrorResponse {
    /// Creates the error of a response in the API's envelope.
    pub(super) fn from_envelope(status: StatusCode, code: Option<String>, message: Option<&str>) -> Self {
        let status = status.as_u16();
        let message = message.map_or_else(|| format!("HTTP {status}"), truncate_message);
        Self { status, code, message, is_enveloped: true }
    }

    /// Creates the error of a response whose body is not the API's JSON.
    pub(super) fn from_other_body(status: StatusCode, body: &[u8]) -> Self {
        let start = String::from_utf8_lossy(&body[..body.len().min(4 * MAX_MESSAGE_CHARS)]);
        let message = match start.trim() {
            "" => format!("HTTP {} without a body", status.as_u16()),
            text => truncate_message(text),
        };
        Self { status: status.as_u16(), code: None, message, is_enveloped: false }
    }

    /// Returns the kind by the first row of the contract's table that matches (6.2).
    ///
    /// There is one deviation: with a 429 the words "limit exceeded" refer to the rate and not to credits.
    pub(super) fn kind(&self) -> ErrorKind {
        let code = self.code.as_deref().unwrap_or_default();
        let words = if self.is_enveloped { self.message.to_lowercase() } else { String::new() };
        let contains = |any: &[&str]| any.iter().any(|word| words.contains(word));
        let is_throttled = matches!(self.status, 408 | 425 | 429) || code == "4290";
        let is_invalid_token = matches!(code, "401" | "4010" | "1402")
            || contains(&["token", "jwt", "expired", "unauthor", "authenticat"]);
        let is_quota = contains(&["credit", "quota", "cube", "balance", "plan", "subscri"])
            || contains(&["limit exceeded"]) && !is_throttled;
        match self.status {
            401 => ErrorKind::InvalidToken,
            403 if !self.is_enveloped => ErrorKind::InvalidToken,
            _ if is_invalid_token => ErrorKind::InvalidToken,
            402 => ErrorKind::Quota,
            _ if is_quota => ErrorKind::Quota,
            403 => ErrorKind::Forbidden,
            _ if code == "4030" || contains(&["permission", "forbidden"]) => ErrorKind::Forbidden,
            404 | 410 => ErrorKind::NotFound,
            _ if code == "4040" || contains(&["not found", "not exist"]) => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            _ if contains(&["already", "in progress", "exporting"]) => ErrorKind::Conflict,
            _ if is_throttled => ErrorKind::Throttled,
            400 | 422 => ErrorKind::InvalidRequest,
            _ if code == "4000" || contains(&["required", "invalid"]) => ErrorKind::InvalidRequest,
            500.. => ErrorKind::Transient,
            _ if code == "5000" || !self.is_enveloped => ErrorKind::Transient,
            _ => ErrorKind::Other,
        }
    }

    /// Converts to an error whose message ends with the provider's message.
    pub(super) fn to_error(&self) -> Error {
        let words = &self.message;
        let (class, message) = match self.kind() {
            ErrorKind::InvalidToken => (
                ErrorClass::ProviderCredentials,
                "AI Studios does not accept the token that it gave for the configured app_id and user_key"
                    .to_owned(),
            ),
            ErrorKind::Quota => {
                (ErrorClass::ProviderQuota, format!("AI Studios' credits or plan are used up: {words}"))
            }
            ErrorKind::Forbidden => (
                ErrorClass::ProviderPlan,
                format!("AI Studios does not allow this for the plan, workspace or account: {words}"),
            ),
            ErrorKind::NotFound => (
                ErrorClass::ProviderRefusedRequest,
                format!("there is no such project at AI Studios: {words}"),
            ),
            ErrorKind::Conflict => (
                ErrorClass::ProviderConflict,
                format!("AI Studios is exporting the project already: {words}"),
            ),
            ErrorKind::Throttled => {
                (ErrorClass::ProviderThrottled, "AI Studios throttled the request".to_owned())
            }
            ErrorKind::Transient => (
                ErrorClass::ProviderUnavailable,
                format!("AI Studios returned an error or an unexpected response: HTTP {}", self.status),
            ),
            ErrorKind::InvalidRequest | ErrorKind::Other => {
                (ErrorClass::ProviderRefusedRequest, format!("AI Studios rejected the request: {words}"))
            }
        };
        Error::new(class, message).with_provider_error(self.to_provider_answer())
    }

    /// Converts to the provider's error response of the data model.
    pub(super) fn to_provider_answer(&self) -> ProviderError {
        let id = self.code.clone().unwrap_or_default();
        ProviderError { status: self.status, id, message: self.message.clone(), errors: vec![] }
    }
}

fn truncate_message(text: &str) -> String {
    text.chars().take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: &str, message: &str) -> ErrorKind {
        let status = StatusCode::from_u16(status).expect("a status");
        let code = Some(code.to_owned()).filter(|code| !code.is_empty());
        ErrorResponse::from_envelope(status, code, Some(message)).kind()
    }

    #[test]
    fn every_row_of_the_contracts_table_has_its_kind() {
        for (status, code, message, expected) in [
            (401, "", "no", ErrorKind::InvalidToken),
            (403, "", "jwt malformed", ErrorKind::InvalidToken),
            (200, "401", "no", ErrorKind::InvalidToken),
            (200, "4010", "no", ErrorKind::InvalidToken),
            (200, "1402", "no", ErrorKind::InvalidToken),
            (200, "", "AccessToken expired", ErrorKind::InvalidToken),
            (500, "", "Unauthorized", ErrorKind::InvalidToken),
            (400, "", "authentication failed", ErrorKind::InvalidToken),
            (402, "", "pay", ErrorKind::Quota),
            (200, "", "not enough credits", ErrorKind::Quota),
            (403, "", "your plan lacks this", ErrorKind::Quota),
            (200, "", "Subscription needed", ErrorKind::Quota),
            (200, "", "monthly limit exceeded", ErrorKind::Quota),
            (403, "", "no", ErrorKind::Forbidden),
            (200, "4030", "no", ErrorKind::Forbidden),
            (200, "", "permission denied", ErrorKind::Forbidden),
            (404, "", "no", ErrorKind::NotFound),
            (410, "", "no", ErrorKind::NotFound),
            (200, "4040", "no", ErrorKind::NotFound),
            (200, "", "project does not exist", ErrorKind::NotFound),
            (409, "", "no", ErrorKind::Conflict),
            (200, "", "export in progress", ErrorKind::Conflict),
            (408, "", "no", ErrorKind::Throttled),
            (425, "", "no", ErrorKind::Throttled),
            (429, "", "rate limit exceeded", ErrorKind::Throttled),
            (200, "4290", "slow down", ErrorKind::Throttled),
            (400, "", "no", ErrorKind::InvalidRequest),
            (422, "", "no", ErrorKind::InvalidRequest),
            (200, "4000", "no", ErrorKind::InvalidRequest),
            (200, "", "projectId is required", ErrorKind::InvalidRequest),
            (500, "", "no", ErrorKind::Transient),
            (503, "", "no", ErrorKind::Transient),
            (200, "5000", "no", ErrorKind::Transient),
            (200, "7", "no", ErrorKind::Other),
            (418, "", "no", ErrorKind::Other),
        ] {
            assert_eq!(kind(status, code, message), expected, "{status} {code} {message}");
        }
    }

    #[test]
    fn responses_of_a_gateway_are_classified_by_status_and_not_by_words() {
        let page = b"<html>token expired, credit, not found";
        for (status, expected) in [
            (200, ErrorKind::Transient),
            (302, ErrorKind::Transient),
            (401, ErrorKind::InvalidToken),
            (403, ErrorKind::InvalidToken),
            (404, ErrorKind::NotFound),
            (429, ErrorKind::Throttled),
            (502, ErrorKind::Transient),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(ErrorResponse::from_other_body(status, page).kind(), expected, "{status}");
        }
    }

    #[test]
    fn long_messages_are_truncated() {
        let error_response = ErrorResponse::from_envelope(StatusCode::OK, None, Some(&"é".repeat(900)));
        assert_eq!(error_response.message.chars().count(), MAX_MESSAGE_CHARS);
        let error_response = ErrorResponse::from_other_body(StatusCode::OK, &[b'x'; 9000]);
        assert_eq!(error_response.message.len(), MAX_MESSAGE_CHARS);
    }
}
