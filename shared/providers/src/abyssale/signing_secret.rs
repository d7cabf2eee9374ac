//! Fetches, rotates and revokes Abyssale's signing secret (contract 6.6).

use http::{Method, StatusCode};
use model::{Error, ErrorClass, Secret};
use serde_json::Value;
use time::OffsetDateTime;

use super::{error_response::rejection_error, get_with_retries::ReadRequest};
use crate::{ApiAccess, SecretResponse, SigningAction, SigningSecret};

/// Builds the request of an action.
pub(super) fn build_request(
    access: &ApiAccess<'_>,
    action: SigningAction,
) -> Result<ReadRequest<SigningSecret>, Error> {
    let (method, path) = match action {
        SigningAction::Fetch => (Method::GET, "/signing-secret"),
        SigningAction::Rotate { force: false } => (Method::POST, "/signing-secret/rotate"),
        SigningAction::Rotate { force: true } => (Method::POST, "/signing-secret/rotate?force=true"),
        SigningAction::Revoke => (Method::POST, "/signing-secret/revoke"),
    };
    let request = ReadRequest::new(access, method, path, read_secret)?;
    Ok(request.with_secret_response(SecretResponse("signing_secrets")))
}

fn read_secret(status: StatusCode, body: &[u8]) -> Result<SigningSecret, Error> {
    if !status.is_success() {
        return Err(rejection_error(status, body));
    }
    // The parser's error could quote the secret, so it is dropped.
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let secret = body.get("secret").and_then(Value::as_str).filter(|text| !text.is_empty());
    let secret = secret.ok_or_else(|| {
        let message = "Abyssale processed the request, but its response has no signing secret";
        Error::new(ErrorClass::ProviderOutcomeUnknown, message)
    })?;
    // Unix seconds; null and absent are the same (contract 6.6).
    let time = |name: &str| {
        let seconds = body.get(name)?.as_f64()?;
        OffsetDateTime::from_unix_timestamp(seconds as i64).ok()
    };
    Ok(SigningSecret {
        secret: Secret::new(secret),
        created_at: time("created_at_ts"),
        rotated_at: time("rotated_at_ts"),
        previous_expires_at: time("previous_secret_expires_at_ts"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_unix_seconds_and_may_be_absent() {
        let read = |body: &str| read_secret(StatusCode::OK, body.as_bytes()).expect("a secret");
        let full = read(
            r#"{"secret":"whsec_1","created_at_ts":1790000000,"rotated_at_ts":1790000001.5,"previous_secret_expires_at_ts":1790086401,"version":"v2026-10-21"}"#,
        );
        assert_eq!(full.secret, Secret::new("whsec_1"));
        let seconds = [full.created_at, full.rotated_at, full.previous_expires_at]
            .map(|at| at.map(OffsetDateTime::unix_timestamp));
        assert_eq!(seconds, [Some(1_790_000_000), Some(1_790_000_001), Some(1_790_086_401)]);
        let minimal = read(r#"{"secret":"whsec_1","rotated_at_ts":null}"#);
        assert_eq!((minimal.created_at, minimal.rotated_at, minimal.previous_expires_at), (None, None, None));
    }

    #[test]
    fn a_response_without_a_secret_is_an_error_that_does_not_quote_it() {
        for body in [r#"{"secret":""}"#, r#"{"Secret":"whsec_1"}"#, "whsec_1", ""] {
            let error = read_secret(StatusCode::OK, body.as_bytes()).expect_err("no secret");
            assert_eq!(error.class, ErrorClass::ProviderOutcomeUnknown);
            assert!(!error.cause_chain().contains("whsec_1"));
        }
    }
}
