//! Use case: create, rotate or revoke the secrets that sign callers' webhooks.
//!
//! At most two secrets sign at a time, so that receivers can switch to the new one before the old one is revoked.

use model::{Error, ErrorClass, Secret};
use notifications::WebhookSigner;
use providers::{HealthCheckResult, HealthCheckStatus, secret_fingerprint};
use secrets::{SecretDocument, SecretStore, random_bytes};
use serde_json::{Value, json};

use crate::operator::operator_command::WebhookSecretAction;

/// The most attempts to write Landfall's secret when others change it at the same time.
const MAX_ATTEMPTS: u32 = 5;
/// The most secrets that sign at a time.
const MAX_SECRETS: usize = 2;
/// What an operator does when no secret is stored.
const MISSING: &str = "there is no notify_signing_secrets in Landfall's secret; the command webhook_secret with the \
                       action rotate creates one";

/// Runs an action. The response lists fingerprints, newest first, and never a secret.
pub(crate) async fn manage_webhook_secrets(
    secrets: &SecretStore,
    action: WebhookSecretAction,
) -> Result<Value, Error> {
    for _ in 0..MAX_ATTEMPTS {
        let version = secrets.fetch_current_version().await?;
        let stored = version.document().notify_signing_secrets();
        let changed = match action {
            WebhookSecretAction::Status => stored.clone(),
            WebhookSecretAction::Rotate => prepend_new_secret(stored.clone())?,
            WebhookSecretAction::Revoke => stored.iter().take(1).cloned().collect(),
        };
        if changed == stored || secrets.update_notify_signing_secrets(&version, &changed).await? {
            // Refreshes the cached copy of Landfall's secret.
            secrets.fetch_current_version().await?;
            let fingerprints: Vec<String> = changed.iter().map(secret_fingerprint).collect();
            let action = action.name();
            tracing::info!(action, newest = fingerprints.first(), "webhook secret command completed");
            return Ok(json!({ "action": action, "stored": fingerprints }));
        }
    }
    let message = "Landfall's secret was changed by others on every attempt; try again";
    Err(Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5))
}

fn prepend_new_secret(stored: Vec<Secret>) -> Result<Vec<Secret>, Error> {
    if stored.len() >= MAX_SECRETS {
        let message =
            "the previous secret still signs beside the newest; \"revoke\" it before the next \"rotate\"";
        return Err(Error::invalid("action", message));
    }
    let new = WebhookSigner::encode_secret(&random_bytes()?);
    Ok([new].into_iter().chain(stored).collect())
}

/// Makes sure that a caller's webhook can be signed, before a job with such a webhook is created.
///
/// # Errors
/// [`ErrorClass::WebhookSecretMissing`]: no secret is stored.
pub(crate) async fn require_webhook_secret(secrets: &SecretStore) -> Result<(), Error> {
    if secrets.find_value(|document| has_webhook_secret(document).then_some(())).await?.is_some() {
        return Ok(());
    }
    let message = format!(
        "the operator has not set up callers' webhooks yet: {MISSING}; or submit without notify.webhook_url"
    );
    Err(Error::new(ErrorClass::WebhookSecretMissing, message))
}

/// Checks whether callers' webhooks can be signed. A missing secret is only a warning: not every deployment has callers
/// with webhooks.
pub(crate) fn check_webhook_secret(secret: &SecretDocument) -> HealthCheckResult {
    if has_webhook_secret(secret) {
        return HealthCheckResult::new(
            HealthCheckStatus::Ok,
            "there is a secret to sign callers' webhooks with",
        );
    }
    let detail = format!("jobs with notify.webhook_url are rejected: {MISSING}");
    HealthCheckResult::new(HealthCheckStatus::Warning, detail)
}

fn has_webhook_secret(secret: &SecretDocument) -> bool {
    !WebhookSigner::from_secrets(&secret.notify_signing_secrets()).is_empty()
}
