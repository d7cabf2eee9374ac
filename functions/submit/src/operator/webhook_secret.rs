//! Use case: make, rotate or revoke the secrets that sign callers' webhooks.
//!
//! Two at most sign at a time, so that those who verify have the time in between to take up the new one.

use model::{Error, ErrorClass, Secret};
use notifications::WebhookSigner;
use providers::{CheckResult, CheckStatus, fingerprint};
use serde_json::{Value, json};
use transport::{SecretDocument, Secrets, random_bytes};

use crate::operator::operator_command::WebhookSecretAction;

/// How often Landfall's secret is read anew because somebody else changed it in between.
const MAX_ATTEMPTS: u32 = 5;
/// How many secrets sign at most.
const MAX_KEYS: usize = 2;
/// What to do when nothing can be signed.
const MISSING: &str = "there is no notify_signing_secrets in Landfall's secret; the command webhook_secret with the \
                       action rotate makes one";

/// Carries out a command. The answer holds fingerprints, newest first, and never a secret.
pub(crate) async fn carry_out(secrets: &Secrets, action: WebhookSecretAction) -> Result<Value, Error> {
    for _ in 0..MAX_ATTEMPTS {
        let version = secrets.current().await?;
        let held = version.document().notify_signing_secrets();
        let kept = match action {
            WebhookSecretAction::Status => held.clone(),
            WebhookSecretAction::Rotate => rotated(held.clone())?,
            WebhookSecretAction::Revoke => held.iter().take(1).cloned().collect(),
        };
        if kept == held || secrets.change_notify_signing_secrets(&version, &kept).await? {
            // What is kept of Landfall's secret is as new from now on.
            secrets.current().await?;
            let fingerprints: Vec<String> = kept.iter().map(fingerprint).collect();
            let action = action.name();
            tracing::info!(
                action,
                newest = fingerprints.first(),
                "the secrets of callers' webhooks looked after"
            );
            return Ok(json!({ "action": action, "stored": fingerprints }));
        }
    }
    let message = "Landfall's secret was changed by others again and again";
    Err(Error::new(ErrorClass::StorageUnavailable, message).retry_after(5))
}

fn rotated(held: Vec<Secret>) -> Result<Vec<Secret>, Error> {
    if held.len() >= MAX_KEYS {
        let message =
            "a rotated secret still signs beside the newest; \"revoke\" ends it, and then rotate again";
        return Err(Error::invalid("action", message));
    }
    let new = WebhookSigner::written(&random_bytes()?);
    Ok([new].into_iter().chain(held).collect())
}

/// Makes sure that a caller's webhook could be signed, before a job is made that promises one.
///
/// # Errors
/// [`ErrorClass::WebhookSecretMissing`]: there is no secret to sign with.
pub(crate) async fn there_is_one(secrets: &Secrets) -> Result<(), Error> {
    if secrets.find(|document| signs(document).then_some(())).await?.is_some() {
        return Ok(());
    }
    let message = format!(
        "the operator has not set up callers' webhooks yet: {MISSING}; or submit without notify.webhook_url"
    );
    Err(Error::new(ErrorClass::WebhookSecretMissing, message))
}

/// Whether callers' webhooks could be signed, in words. Not every deployment has such callers, so a lack is no failure.
pub(crate) fn judged(secret: &SecretDocument) -> CheckResult {
    if signs(secret) {
        return CheckResult::new(CheckStatus::Ok, "there is a secret to sign callers' webhooks with");
    }
    let detail = format!("jobs with notify.webhook_url are refused: {MISSING}");
    CheckResult::new(CheckStatus::Warning, detail)
}

fn signs(secret: &SecretDocument) -> bool {
    !WebhookSigner::read(&secret.notify_signing_secrets()).is_empty()
}
