//! Creates, finds and removes workspace subscriptions (contract 6.7).

use http::{Method, StatusCode};
use model::{Error, ErrorClass};
use serde_json::{Value, json};

use super::{error_response::rejection_error, get_with_retries::ReadRequest};
use crate::{ApiAccess, SubscriptionAction, SubscriptionState};

/// The base URL of the service.
pub(super) const SUBSCRIPTIONS_URL: &str = "https://webhook.abyssale.com";

/// The events, as the service spells them.
pub(super) const EVENTS: &[&str] = &["new_export", "new_banner_batch", "new_banner", "template_status"];

/// Builds the request of an action.
pub(super) fn build_request(
    access: &ApiAccess<'_>,
    action: SubscriptionAction<'_>,
) -> Result<ReadRequest<SubscriptionState>, Error> {
    match action {
        SubscriptionAction::Create { event, hook_url } => {
            let body = json!({ "hook_url": hook_url, "type": event }).to_string();
            let request = ReadRequest::new(access, Method::POST, "/subscribe", read_created)?;
            Ok(request.with_body(body.into()))
        }
        SubscriptionAction::Find(id) => {
            ReadRequest::new(access, Method::GET, &format!("/webhook/{}", path_segment(id)), read_found)
        }
        SubscriptionAction::Remove(id) => ReadRequest::new(
            access,
            Method::DELETE,
            &format!("/unsubscribe/{}", path_segment(id)),
            read_removed,
        ),
    }
}

/// The id comes from the provider and becomes a part of the path.
fn path_segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

fn read_created(status: StatusCode, body: &[u8]) -> Result<SubscriptionState, Error> {
    if !status.is_success() {
        return Err(rejection_error(status, body));
    }
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let id = match &body["id"] {
        Value::String(id) if !id.is_empty() => id.clone(),
        // The contract does not say which type the id has.
        Value::Number(id) => id.to_string(),
        _ => {
            let message =
                "Abyssale created the subscription, but its response has no id; remove it in the dashboard";
            return Err(Error::new(ErrorClass::ProviderOutcomeUnknown, message));
        }
    };
    Ok(SubscriptionState::Created { id })
}

fn read_found(status: StatusCode, body: &[u8]) -> Result<SubscriptionState, Error> {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(SubscriptionState::Missing),
        status if status.is_success() => {
            // The contract only says that the request succeeds, not what the response contains.
            let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
            Ok(SubscriptionState::Exists { hook_url: body["hook_url"].as_str().map(str::to_owned) })
        }
        status => Err(rejection_error(status, body)),
    }
}

/// A subscription that is gone already is removed.
fn read_removed(status: StatusCode, body: &[u8]) -> Result<SubscriptionState, Error> {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(SubscriptionState::Missing),
        status if status.is_success() => Ok(SubscriptionState::Missing),
        status => Err(rejection_error(status, body)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, Query, QueryStep};

    const HOOK_URL: &str = "https://hooks.example.com/webhooks/abyssale";

    fn request(action: SubscriptionAction<'_>) -> http::Request<bytes::Bytes> {
        let credentials = Credentials::new(json!({ "api_key": "k" }));
        let access = ApiAccess { api_url: "https://webhook.example", credentials: &credentials };
        match build_request(&access, action).expect("a key").start() {
            QueryStep::Send(request) => request,
            _ => panic!("nothing is sent"),
        }
    }

    #[test]
    fn the_requests_are_those_of_the_contract() {
        let created = request(SubscriptionAction::Create { event: "new_export", hook_url: HOOK_URL });
        assert_eq!((created.method(), created.uri().path()), (&Method::POST, "/subscribe"));
        assert_eq!(created.headers()["content-type"], "application/json");
        assert_eq!(created.headers()["x-api-key"], "k");
        let body: Value = serde_json::from_slice(created.body()).expect("JSON");
        assert_eq!(body, json!({ "hook_url": HOOK_URL, "type": "new_export" }));
        let found = request(SubscriptionAction::Find("a/b"));
        assert_eq!((found.method(), found.uri().path()), (&Method::GET, "/webhook/a%2Fb"));
        let removed = request(SubscriptionAction::Remove("7"));
        assert_eq!((removed.method(), removed.uri().path()), (&Method::DELETE, "/unsubscribe/7"));
    }

    #[test]
    fn a_created_subscription_has_an_id_of_either_type() {
        for (body, id) in [(r#"{"id":"s"}"#, "s"), (r#"{"id":7}"#, "7")] {
            let state = read_created(StatusCode::OK, body.as_bytes()).expect("a state");
            assert_eq!(state, SubscriptionState::Created { id: id.into() });
        }
        let error = read_created(StatusCode::OK, b"{}").expect_err("no id");
        assert_eq!(error.class, ErrorClass::ProviderOutcomeUnknown);
    }

    #[test]
    fn a_subscription_is_found_with_or_without_its_url_and_may_be_gone() {
        let found = |body: &str| read_found(StatusCode::OK, body.as_bytes()).expect("a state");
        assert!(matches!(found(""), SubscriptionState::Exists { hook_url: None }));
        let with_url = found(&json!({ "id": "s", "hook_url": HOOK_URL }).to_string());
        assert_eq!(with_url, SubscriptionState::Exists { hook_url: Some(HOOK_URL.into()) });
        assert_eq!(read_found(StatusCode::NOT_FOUND, b"").expect("a state"), SubscriptionState::Missing);
        assert_eq!(read_removed(StatusCode::NOT_FOUND, b"").expect("a state"), SubscriptionState::Missing);
        let error = read_found(StatusCode::UNAUTHORIZED, b"").expect_err("rejected");
        assert_eq!(error.class, ErrorClass::ProviderCredentials);
    }
}
