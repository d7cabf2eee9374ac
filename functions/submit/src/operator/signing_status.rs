//! The status of a signing secret: what Landfall stores and what the provider uses, shown by fingerprints only.

use providers::{HealthCheckStatus, SigningSecret, SigningSecrets, format_rfc3339, secret_fingerprint};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The secrets that Landfall stores, and the provider's secret if the provider was queried.
pub(crate) struct SigningStatus {
    /// Landfall's list.
    pub(crate) stored: SigningSecrets,
    /// The provider's secret. `None` if the provider was not queried.
    pub(crate) at_provider: Option<SigningSecret>,
}

impl SigningStatus {
    /// Whether the provider's secret differs between the two.
    pub(crate) fn differs_at_provider(&self, other: &Self) -> bool {
        let secret = |status: &Self| status.at_provider.as_ref().map(|signing| signing.secret.clone());
        secret(self) != secret(other)
    }

    /// Compares Landfall's list with the provider's secret, and explains the result.
    pub(crate) fn compare(&self) -> (HealthCheckStatus, String) {
        let stored = self.stored.entries();
        let Some(at_provider) = &self.at_provider else {
            let detail = "deliveries are not signed: no signing secret is stored, and callbacks are authenticated \
                          by their tokens alone; signing_secret with the action fetch turns signing on";
            return (HealthCheckStatus::Warning, detail.to_owned());
        };
        let name = secret_fingerprint(&at_provider.secret);
        match stored.iter().position(|stored| stored.secret == at_provider.secret) {
            Some(0) => (
                HealthCheckStatus::Ok,
                format!("the provider's secret {name} is stored, {} in total", stored.len()),
            ),
            Some(_) => (
                HealthCheckStatus::Warning,
                format!(
                    "the provider's secret {name} is stored, but not as the newest; the action fetch repairs the list"
                ),
            ),
            None => {
                let detail = format!(
                    "the provider's secret {name} is not stored: its deliveries are rejected; the action fetch stores it"
                );
                (HealthCheckStatus::Failed, detail)
            }
        }
    }

    /// The JSON of a response, with fingerprints in place of secrets.
    pub(crate) fn to_json(&self) -> Value {
        let time = |at: Option<OffsetDateTime>| json!(at.and_then(format_rfc3339));
        let stored: Vec<Value> = (self.stored.entries().iter())
            .map(|stored| json!({ "fingerprint": secret_fingerprint(&stored.secret), "until": time(stored.expires_at) }))
            .collect();
        let at_provider = self.at_provider.as_ref().map(|signing| {
            json!({
                "fingerprint": secret_fingerprint(&signing.secret),
                "created_at": time(signing.created_at),
                "rotated_at": time(signing.rotated_at),
                "previous_until": time(signing.previous_expires_at),
            })
        });
        let (status, detail) = self.compare();
        json!({
            "in_sync": status == HealthCheckStatus::Ok, "detail": detail,
            "at_provider": at_provider, "stored": stored, "stored_total": stored.len(),
        })
    }
}
