//! What a refusal means (contract 6.2). The vendor publishes no list of codes, so words are looked at too.

use http::StatusCode;
use model::{Error, ErrorClass, ProviderAnswer};

/// How much of a message, or of a body that cannot be read, is kept, in characters (contract 6.2).
const MAX_MESSAGE_BYTES: usize = 500;

/// An answer that is no good one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: u16,
    /// `error.code`, number or text.
    pub(super) code: Option<String>,
    /// `error.msg`, or the beginning of what came instead.
    pub(super) message: String,
    /// Whether the API said it, and not something in front of it.
    pub(super) enveloped: bool,
}

/// What to make of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The token is not accepted; another one may be.
    Auth,
    /// Credits or plan are used up.
    Quota,
    /// Plan, workspace or owner do not allow it.
    Forbidden,
    /// There is no such project.
    NotFound,
    /// An export of it is running.
    Conflict,
    /// Too many requests.
    Throttled,
    /// The request breaks a rule.
    Invalid,
    /// Trouble in passing.
    Transient,
    /// Anything else that the API refused.
    Provider,
}

impl Refusal {
    /// The API's own words.
    pub(super) fn said(status: StatusCode, code: Option<String>, message: Option<&str>) -> Self {
        let status = status.as_u16();
        let message = message.map_or_else(|| format!("HTTP {status}"), shortened);
        Self { status, code, message, enveloped: true }
    }

    /// Something that is not the API's JSON.
    pub(super) fn unreadable(status: StatusCode, body: &[u8]) -> Self {
        let start = String::from_utf8_lossy(&body[..body.len().min(4 * MAX_MESSAGE_BYTES)]);
        let message = match start.trim() {
            "" => format!("HTTP {} without a body", status.as_u16()),
            text => shortened(text),
        };
        Self { status: status.as_u16(), code: None, message, enveloped: false }
    }

    /// The first row of the contract's table that fits (6.2).
    ///
    /// One departure: the words "limit exceeded" on a 429 speak of the rate and not of credits.
    pub(super) fn class(&self) -> Class {
        let code = self.code.as_deref().unwrap_or_default();
        let words = if self.enveloped { self.message.to_lowercase() } else { String::new() };
        let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
        let throttled = matches!(self.status, 408 | 425 | 429) || code == "4290";
        let token = matches!(code, "401" | "4010" | "1402")
            || says(&["token", "jwt", "expired", "unauthor", "authenticat"]);
        let spent = says(&["credit", "quota", "cube", "balance", "plan", "subscri"])
            || says(&["limit exceeded"]) && !throttled;
        match self.status {
            401 => Class::Auth,
            403 if !self.enveloped => Class::Auth,
            _ if token => Class::Auth,
            402 => Class::Quota,
            _ if spent => Class::Quota,
            403 => Class::Forbidden,
            _ if code == "4030" || says(&["permission", "forbidden"]) => Class::Forbidden,
            404 | 410 => Class::NotFound,
            _ if code == "4040" || says(&["not found", "not exist"]) => Class::NotFound,
            409 => Class::Conflict,
            _ if says(&["already", "in progress", "exporting"]) => Class::Conflict,
            _ if throttled => Class::Throttled,
            400 | 422 => Class::Invalid,
            _ if code == "4000" || says(&["required", "invalid"]) => Class::Invalid,
            500.. => Class::Transient,
            _ if code == "5000" || !self.enveloped => Class::Transient,
            _ => Class::Provider,
        }
    }

    /// The refusal as a failure of ours, told in a sentence that ends with the provider's words.
    pub(super) fn error(&self) -> Error {
        let words = &self.message;
        let (class, message) = match self.class() {
            Class::Auth => (
                ErrorClass::ProviderCredentials,
                "AI Studios does not accept the token that it gave for the configured app_id and user_key"
                    .to_owned(),
            ),
            Class::Quota => {
                (ErrorClass::ProviderQuota, format!("AI Studios' credits or plan are used up: {words}"))
            }
            Class::Forbidden => (
                ErrorClass::ProviderPlan,
                format!("AI Studios does not allow it to this plan, workspace or account: {words}"),
            ),
            Class::NotFound => (
                ErrorClass::ProviderRefusedRequest,
                format!("there is no such project at AI Studios: {words}"),
            ),
            Class::Conflict => (
                ErrorClass::ProviderConflict,
                format!("AI Studios is exporting the project already: {words}"),
            ),
            Class::Throttled => {
                (ErrorClass::ProviderThrottled, "AI Studios asks to come back later".to_owned())
            }
            Class::Transient => {
                (ErrorClass::ProviderUnavailable, format!("AI Studios is in trouble: HTTP {}", self.status))
            }
            Class::Invalid | Class::Provider => {
                (ErrorClass::ProviderRefusedRequest, format!("AI Studios refused the request: {words}"))
            }
        };
        Error::new(class, message).with_provider_answer(self.answer())
    }

    /// The provider's own words.
    pub(super) fn answer(&self) -> ProviderAnswer {
        let id = self.code.clone().unwrap_or_default();
        ProviderAnswer { status: self.status, id, message: self.message.clone(), errors: vec![] }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_MESSAGE_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, code: &str, message: &str) -> Class {
        let status = StatusCode::from_u16(status).expect("a status");
        let code = Some(code.to_owned()).filter(|code| !code.is_empty());
        Refusal::said(status, code, Some(message)).class()
    }

    #[test]
    fn every_row_of_the_table_has_its_class() {
        for (status, code, message, expected) in [
            (401, "", "no", Class::Auth),
            (403, "", "jwt malformed", Class::Auth),
            (200, "401", "no", Class::Auth),
            (200, "4010", "no", Class::Auth),
            (200, "1402", "no", Class::Auth),
            (200, "", "Token expired", Class::Auth),
            (500, "", "Unauthorized", Class::Auth),
            (400, "", "authentication failed", Class::Auth),
            (402, "", "pay", Class::Quota),
            (200, "", "not enough credits", Class::Quota),
            (403, "", "your plan lacks this", Class::Quota),
            (200, "", "Subscription needed", Class::Quota),
            (200, "", "monthly limit exceeded", Class::Quota),
            (403, "", "no", Class::Forbidden),
            (200, "4030", "no", Class::Forbidden),
            (200, "", "permission denied", Class::Forbidden),
            (404, "", "no", Class::NotFound),
            (410, "", "no", Class::NotFound),
            (200, "4040", "no", Class::NotFound),
            (200, "", "project does not exist", Class::NotFound),
            (409, "", "no", Class::Conflict),
            (200, "", "export in progress", Class::Conflict),
            (408, "", "no", Class::Throttled),
            (425, "", "no", Class::Throttled),
            (429, "", "rate limit exceeded", Class::Throttled),
            (200, "4290", "slow down", Class::Throttled),
            (400, "", "no", Class::Invalid),
            (422, "", "no", Class::Invalid),
            (200, "4000", "no", Class::Invalid),
            (200, "", "projectId is required", Class::Invalid),
            (500, "", "no", Class::Transient),
            (503, "", "no", Class::Transient),
            (200, "5000", "no", Class::Transient),
            (200, "7", "no", Class::Provider),
            (418, "", "no", Class::Provider),
        ] {
            assert_eq!(class(status, code, message), expected, "{status} {code} {message}");
        }
    }

    #[test]
    fn what_is_not_the_apis_is_judged_by_its_status_and_not_by_its_words() {
        let page = b"<html>token expired, credit, not found";
        for (status, expected) in [
            (200, Class::Transient),
            (302, Class::Transient),
            (401, Class::Auth),
            (403, Class::Auth),
            (404, Class::NotFound),
            (429, Class::Throttled),
            (502, Class::Transient),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(Refusal::unreadable(status, page).class(), expected, "{status}");
        }
    }

    #[test]
    fn long_words_are_cut() {
        let refusal = Refusal::said(StatusCode::OK, None, Some(&"é".repeat(900)));
        assert_eq!(refusal.message.chars().count(), MAX_MESSAGE_BYTES);
        let refusal = Refusal::unreadable(StatusCode::OK, &[b'x'; 9000]);
        assert_eq!(refusal.message.len(), MAX_MESSAGE_BYTES);
    }
}
