//! Use case: add to Landfall's secret what a new deployment or an older version left out.
//!
//! `template.yaml` cannot add anything to the secret of an existing stack: CloudFormation generates the whole value anew when
//! `GenerateSecretString` changes, and the operator's keys are lost. So the submit function adds the parts itself, by
//! compare-and-swap. Functions that start at once agree on one signing secret: only one of them replaces the version that
//! all of them read, and the others find its secret.

use model::{Error, ErrorClass, Secret};
use notifications::WebhookSigner;
use secrets::{SecretDocument, SecretStore, random_bytes};
use serde_json::{Value, json};

/// The most attempts to write Landfall's secret when others change it at the same time.
const MAX_ATTEMPTS: u32 = 5;

/// Runs the command `complete_secret`.
pub(crate) async fn run_complete_secret(secrets: &SecretStore) -> Result<Value, Error> {
    let changed = complete_secret(secrets).await?;
    Ok(json!({ "changed": changed }))
}

/// Adds the missing sections of providers, and the first secret that signs callers' webhooks. Returns whether it changed
/// the secret.
///
/// # Errors
/// [`ErrorClass::StorageUnavailable`], [`ErrorClass::StorageRejected`] or [`ErrorClass::Misconfigured`]: parts are missing
/// and cannot be written.
pub(crate) async fn complete_secret(secrets: &SecretStore) -> Result<bool, Error> {
    let sections = providers::ALL.iter().map(|provider| (provider.name(), provider.empty_secret_section()));
    let sections: Vec<(&str, Value)> = sections.collect();
    let mut failure = None;
    for _ in 0..MAX_ATTEMPTS {
        let version = secrets.fetch_current_version().await?;
        if is_complete(version.document()) {
            return Ok(false);
        }
        // The write of another invocation may have succeeded where this one failed, for example by the quota of versions.
        if let Some(error) = failure {
            return Err(error);
        }
        match secrets.add_missing_parts(&version, &sections, &generate_signing_secret()?).await {
            Ok(true) => {
                tracing::info!("missing parts of the secret added");
                return Ok(true);
            }
            Ok(false) => {}
            Err(error) => failure = Some(error),
        }
    }
    Err(changed_by_others())
}

/// Generates a secret that signs callers' webhooks.
pub(crate) fn generate_signing_secret() -> Result<Secret, Error> {
    Ok(WebhookSigner::encode_secret(&random_bytes()?))
}

/// Every attempt to write lost against another writer.
pub(crate) fn changed_by_others() -> Error {
    let message = "Landfall's secret was changed by others on every attempt; try again";
    Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5)
}

fn is_complete(document: &SecretDocument) -> bool {
    let has_section = |name: &str| !document.provider_section(name).is_null();
    !document.lacks_notify_signing_secrets()
        && providers::ALL.iter().all(|provider| has_section(provider.name()))
}
