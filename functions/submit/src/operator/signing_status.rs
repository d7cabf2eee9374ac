//! What is known of a signing secret on both sides, told without telling it.

use providers::{CheckStatus, SigningSecret, SigningSecrets, fingerprint, rfc3339};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// What Landfall holds, and what the provider has when it was asked.
pub(crate) struct SigningStatus {
    /// Landfall's list.
    pub(crate) held: SigningSecrets,
    /// The provider's secret; nothing when it was not asked.
    pub(crate) present: Option<SigningSecret>,
}

impl SigningStatus {
    /// Whether the provider's secret is another one.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let secret = |known: &Self| known.present.as_ref().map(|present| present.secret.clone());
        secret(self) != secret(other)
    }

    /// Whether Landfall's list fits the provider's secret, in words.
    pub(crate) fn judged(&self) -> (CheckStatus, String) {
        let held = self.held.held();
        let Some(present) = &self.present else {
            let detail = "deliveries are not signed: no signing secret is held, callbacks are proven by their \
                          tokens alone; signing_secret with the action fetch turns signing on";
            return (CheckStatus::Warning, detail.to_owned());
        };
        let name = fingerprint(&present.secret);
        match held.iter().position(|held| held.secret == present.secret) {
            Some(0) => {
                (CheckStatus::Ok, format!("the provider's secret {name} is held, {} in all", held.len()))
            }
            Some(_) => (
                CheckStatus::Warning,
                format!("the provider's secret {name} is held, but not as the newest; fetch it"),
            ),
            None => {
                let detail =
                    format!("the provider's secret {name} is not held: its deliveries are refused; fetch it");
                (CheckStatus::Failed, detail)
            }
        }
    }

    /// Both sides by fingerprint, for an answer.
    pub(crate) fn shown(&self) -> Value {
        let time = |at: Option<OffsetDateTime>| json!(at.and_then(rfc3339));
        let stored: Vec<Value> = (self.held.held().iter())
            .map(|held| json!({ "fingerprint": fingerprint(&held.secret), "until": time(held.until) }))
            .collect();
        let present = self.present.as_ref().map(|present| {
            json!({
                "fingerprint": fingerprint(&present.secret),
                "created_at": time(present.created_at),
                "rotated_at": time(present.rotated_at),
                "previous_until": time(present.previous_until),
            })
        });
        let (health, detail) = self.judged();
        json!({
            "in_sync": health == CheckStatus::Ok, "detail": detail,
            "at_provider": present, "stored": stored, "stored_total": stored.len(),
        })
    }
}
