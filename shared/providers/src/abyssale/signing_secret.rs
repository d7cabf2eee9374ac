//! Abyssale's signing secret: read, rotated, revoked (contract 6.6).

use http::{Method, StatusCode};
use model::{Error, ErrorClass, Secret};
use serde_json::Value;
use time::OffsetDateTime;

use super::read_request::{Question, refused};
use crate::{ApiAccess, SecretResponse, SigningAction, SigningSecret};

/// The question that carries out an action.
pub(super) fn question(
    access: &ApiAccess<'_>,
    action: SigningAction,
) -> Result<Question<SigningSecret>, Error> {
    let (method, path) = match action {
        SigningAction::Fetch => (Method::GET, "/signing-secret"),
        SigningAction::Rotate { force: false } => (Method::POST, "/signing-secret/rotate"),
        SigningAction::Rotate { force: true } => (Method::POST, "/signing-secret/rotate?force=true"),
        SigningAction::Revoke => (Method::POST, "/signing-secret/revoke"),
    };
    Ok(Question::new(access, method, path, read)?.giving(SecretResponse("signing_secrets")))
}

fn read(status: StatusCode, body: &[u8]) -> Result<SigningSecret, Error> {
    if !status.is_success() {
        return Err(refused(status, body));
    }
    // The parser's own error could quote the secret, so it is dropped.
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let secret = body.get("secret").and_then(Value::as_str).filter(|text| !text.is_empty());
    let secret = secret.ok_or_else(|| {
        let message = "Abyssale did what was asked, but its answer names no signing secret";
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
        previous_until: time("previous_secret_expires_at_ts"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_unix_seconds_and_may_be_absent() {
        let read = |body: &str| read(StatusCode::OK, body.as_bytes()).expect("a secret");
        let whole = read(
            r#"{"secret":"whsec_1","created_at_ts":1790000000,"rotated_at_ts":1790000001.5,"previous_secret_expires_at_ts":1790086401,"version":"v2026-10-21"}"#,
        );
        assert_eq!(whole.secret, Secret::new("whsec_1"));
        let seconds = [whole.created_at, whole.rotated_at, whole.previous_until]
            .map(|at| at.map(OffsetDateTime::unix_timestamp));
        assert_eq!(seconds, [Some(1_790_000_000), Some(1_790_000_001), Some(1_790_086_401)]);
        let bare = read(r#"{"secret":"whsec_1","rotated_at_ts":null}"#);
        assert_eq!((bare.created_at, bare.rotated_at, bare.previous_until), (None, None, None));
    }

    #[test]
    fn an_answer_without_a_secret_is_no_secret_and_is_not_quoted() {
        for body in [r#"{"secret":""}"#, r#"{"Secret":"whsec_1"}"#, "whsec_1", ""] {
            let error = read(StatusCode::OK, body.as_bytes()).expect_err("no secret");
            assert_eq!(error.class, ErrorClass::ProviderOutcomeUnknown);
            assert!(!error.causes().contains("whsec_1"));
        }
    }
}
