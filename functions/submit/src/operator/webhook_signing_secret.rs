//! Use case: create, rotate or revoke the secrets that sign callers' webhooks.
//!
//! At most two secrets sign at a time, so that receivers can switch to the new one before the old one is revoked.

use model::{Error, ErrorClass, Secret};
use notifications::WebhookSigner;
use providers::{HealthCheckResult, HealthCheckStatus, secret_fingerprint};
use secrets::{SecretDocument, SecretStore};
use serde_json::{Value, json};

use crate::operator::{
    operator_command::WebhookSecretAction,
    secret_completion::{changed_by_others, complete_secret, generate_signing_secret},
};

/// The most attempts to write Landfall's secret when others change it at the same time.
const MAX_ATTEMPTS: u32 = 5;
/// The most secrets that sign at a time.
const MAX_SECRETS: usize = 2;
/// What an operator does when the stored secrets cannot sign.
const UNUSABLE: &str = "notify_signing_secrets in Landfall's secret holds no secret in the format of Standard Webhooks; \
                        correct it, or remove it and the next job creates one";

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
    Err(changed_by_others())
}

fn prepend_new_secret(stored: Vec<Secret>) -> Result<Vec<Secret>, Error> {
    if stored.len() >= MAX_SECRETS {
        let message =
            "the previous secret still signs beside the newest; \"revoke\" it before the next \"rotate\"";
        return Err(Error::invalid("action", message));
    }
    Ok([generate_signing_secret()?].into_iter().chain(stored).collect())
}

/// Makes sure that a caller's webhook can be signed, before a job with such a webhook is created. The first such job of a
/// deployment creates the secret that signs.
///
/// # Errors
/// [`ErrorClass::WebhookSecretMissing`]: the stored secrets cannot sign. Otherwise that of [`complete_secret`].
pub(crate) async fn ensure_webhook_secret(secrets: &SecretStore) -> Result<(), Error> {
    if has_webhook_secret(&*secrets.get().await?) {
        return Ok(());
    }
    complete_secret(secrets).await?;
    if has_webhook_secret(&*secrets.get_fresh().await?) {
        return Ok(());
    }
    let message =
        format!("callers' webhooks cannot be signed: {UNUSABLE}; or submit without notify.webhook_url");
    Err(Error::new(ErrorClass::WebhookSecretMissing, message))
}

/// Checks whether callers' webhooks can be signed. An unusable secret is only a warning: not every deployment has callers
/// with webhooks.
pub(crate) fn check_webhook_secret(secret: &SecretDocument) -> HealthCheckResult {
    if has_webhook_secret(secret) {
        return HealthCheckResult::new(
            HealthCheckStatus::Ok,
            "there is a secret to sign callers' webhooks with",
        );
    }
    if secret.lacks_notify_signing_secrets() {
        let detail = "there is no secret to sign callers' webhooks with yet; the first job with notify.webhook_url creates it";
        return HealthCheckResult::new(HealthCheckStatus::Ok, detail);
    }
    let detail = format!("jobs with notify.webhook_url are rejected: {UNUSABLE}");
    HealthCheckResult::new(HealthCheckStatus::Warning, detail)
}

fn has_webhook_secret(secret: &SecretDocument) -> bool {
    !WebhookSigner::from_secrets(&secret.notify_signing_secrets()).is_empty()
}
