//! The secrets that sign a provider's deliveries: how they are fetched and changed, and how Landfall stores the list
//! of them.
//!
//! The list is `signing_secrets` in the provider's section of Landfall's secret, newest first. A secret that was
//! replaced is still used for a while, so it stays in the list, and `signing_secrets_until` holds its expiry.

use std::collections::BTreeMap;

use model::Secret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// How long a replaced secret is accepted after its expiry: the provider may use it for another minute, an attempt
/// may be in progress, and clocks differ.
const GRACE_PERIOD: Duration = Duration::minutes(10);

/// An operation on the signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAction {
    /// Fetch the current secret. The provider creates one when there is none, which turns signing on.
    Fetch,
    /// Replace the current secret. The replaced one stays valid for a while.
    Rotate {
        /// Whether to rotate while an earlier secret is still valid. That one then expires at once.
        force: bool,
    },
    /// Expire the replaced secret.
    Revoke,
}

/// The provider's current secret.
#[derive(Debug, Clone)]
pub struct SigningSecret {
    /// The secret itself.
    pub secret: Secret,
    /// When the first secret was created.
    pub created_at: Option<OffsetDateTime>,
    /// When the secret was last rotated.
    pub rotated_at: Option<OffsetDateTime>,
    /// When the replaced secret expires. None when there is none.
    pub previous_expires_at: Option<OffsetDateTime>,
}

/// Which other secrets stay in the list besides the provider's current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretRetention {
    /// All that have not expired.
    AllValid,
    /// Only the one that was just replaced. A forced rotation has expired older ones.
    OnlyReplaced,
    /// None.
    Nothing,
}

/// Landfall's list of signing secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SigningSecrets(Vec<StoredSigningSecret>);

/// A secret of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSigningSecret {
    /// The secret itself.
    pub secret: Secret,
    /// When the secret expires. None when it does not.
    pub expires_at: Option<OffsetDateTime>,
}

impl SigningSecrets {
    /// Reads a provider's section of Landfall's secret. Empty texts are dropped: anyone can sign with an empty key.
    pub fn from_section(section: &Value) -> Self {
        let texts = section.get("signing_secrets").and_then(Value::as_array).into_iter().flatten();
        let secrets = texts.filter_map(Value::as_str).filter(|text| !text.is_empty()).map(Secret::new);
        let until = |secret: &Secret| {
            let text = section.get("signing_secrets_until")?.get(secret_fingerprint(secret))?.as_str()?;
            OffsetDateTime::parse(text, &Rfc3339).ok()
        };
        // The newest secret does not expire before another one replaces it.
        let held = |(at, secret): (usize, Secret)| StoredSigningSecret {
            expires_at: if at == 0 { None } else { until(&secret) },
            secret,
        };
        Self(secrets.enumerate().map(held).collect())
    }

    /// Returns the secrets, newest first.
    pub fn entries(&self) -> &[StoredSigningSecret] {
        &self.0
    }

    /// Returns the secrets that are valid at this time.
    pub fn valid_at(self, now: OffsetDateTime) -> Vec<Secret> {
        let valid = self.0.into_iter().filter(|held| held.expires_at.is_none_or(|until| now < until));
        valid.map(|held| held.secret).collect()
    }

    /// Returns the list with the provider's current secret as the newest one.
    #[must_use]
    pub fn with_current(
        &self,
        current: &SigningSecret,
        retention: SecretRetention,
        now: OffsetDateTime,
    ) -> Self {
        let expiry = current.previous_expires_at.unwrap_or(now) + GRACE_PERIOD;
        let others =
            self.0.iter().filter(|held| held.secret != current.secret).filter(|held| match retention {
                SecretRetention::AllValid => held.expires_at.is_none_or(|until| now < until),
                SecretRetention::OnlyReplaced => held.expires_at.is_none(),
                SecretRetention::Nothing => false,
            });
        let others = others
            .map(|held| StoredSigningSecret { expires_at: held.expires_at.or(Some(expiry)), ..held.clone() });
        let first = StoredSigningSecret { secret: current.secret.clone(), expires_at: None };
        Self(std::iter::once(first).chain(others).collect())
    }

    /// Returns the fields of the provider's section that store the list, by name.
    pub fn to_secret_fields(&self) -> [(&'static str, Value); 2] {
        let secrets: Vec<&str> = self.0.iter().map(|held| held.secret.expose()).collect();
        let until = self
            .0
            .iter()
            .filter_map(|held| Some((secret_fingerprint(&held.secret), format_rfc3339(held.expires_at?)?)));
        let until: BTreeMap<String, String> = until.collect();
        [("signing_secrets", json!(secrets)), ("signing_secrets_until", json!(until))]
    }
}

/// Returns the first eight hexadecimal digits of a secret's SHA-256. They distinguish secrets and do not help to
/// guess one.
pub fn secret_fingerprint(secret: &Secret) -> String {
    let digest = Sha256::digest(secret.expose().as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Formats a time for people and for the secret, in whole seconds.
pub fn format_rfc3339(at: OffsetDateTime) -> Option<String> {
    at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::hours(hours)
    }

    fn current(secret: &str, previous_until: Option<OffsetDateTime>) -> SigningSecret {
        SigningSecret {
            secret: Secret::new(secret),
            created_at: None,
            rotated_at: None,
            previous_expires_at: previous_until,
        }
    }

    fn list(section: Value) -> SigningSecrets {
        SigningSecrets::from_section(&section)
    }

    fn names(list: &SigningSecrets) -> Vec<&str> {
        list.0.iter().map(|held| held.secret.expose()).collect()
    }

    #[test]
    fn a_written_list_is_read_back() {
        let written = list(json!({ "signing_secrets": ["old"] })).with_current(
            &current("new", Some(at(24))),
            SecretRetention::AllValid,
            at(0),
        );
        let section: serde_json::Map<String, Value> =
            written.to_secret_fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(section["signing_secrets"], json!(["new", "old"]));
        assert_eq!(
            section["signing_secrets_until"][secret_fingerprint(&Secret::new("old"))],
            "1970-01-02T00:10:00Z"
        );
        assert_eq!(list(section.into()), written);
    }

    #[test]
    fn a_replaced_secret_is_valid_until_its_expiry_and_leaves_the_list_then() {
        let rotated = list(json!({ "signing_secrets": ["a"] })).with_current(
            &current("b", Some(at(24))),
            SecretRetention::AllValid,
            at(0),
        );
        let end = at(24) + GRACE_PERIOD;
        assert_eq!(rotated.clone().valid_at(end - Duration::SECOND).len(), 2);
        assert_eq!(rotated.clone().valid_at(end), [Secret::new("b")]);
        let fetched = |now| rotated.with_current(&current("b", None), SecretRetention::AllValid, now);
        assert_eq!(names(&fetched(at(24))), ["b", "a"]);
        assert_eq!(names(&fetched(end)), ["b"]);
    }

    #[test]
    fn a_forced_rotation_removes_the_older_secret_and_keeps_the_replaced_one() {
        let once = list(json!({ "signing_secrets": ["a"] })).with_current(
            &current("b", Some(at(24))),
            SecretRetention::AllValid,
            at(0),
        );
        let twice = once.with_current(&current("c", Some(at(25))), SecretRetention::OnlyReplaced, at(1));
        assert_eq!(names(&twice), ["c", "b"]);
        assert_eq!(twice.0[1].expires_at, Some(at(25) + GRACE_PERIOD));
    }

    #[test]
    fn revoking_keeps_only_the_current_secret() {
        let both = list(json!({ "signing_secrets": ["b", "a"] }));
        assert_eq!(names(&both.with_current(&current("b", None), SecretRetention::Nothing, at(0))), ["b"]);
    }

    #[test]
    fn a_secret_that_was_replaced_elsewhere_expires_when_the_provider_says_or_after_the_grace_period() {
        let known = list(json!({ "signing_secrets": ["a"] }));
        let overlap = known.with_current(&current("b", Some(at(3))), SecretRetention::AllValid, at(0));
        assert_eq!(overlap.0[1].expires_at, Some(at(3) + GRACE_PERIOD));
        let without_end = known.with_current(&current("b", None), SecretRetention::AllValid, at(0));
        assert_eq!(without_end.0[1].expires_at, Some(at(0) + GRACE_PERIOD));
    }

    #[test]
    fn the_newest_secret_does_not_expire_and_empty_texts_are_no_secrets() {
        let first = secret_fingerprint(&Secret::new("a"));
        let section = json!({ "signing_secrets": ["", "a", 7], "signing_secrets_until": { first: "1970-01-01T00:00:00Z" } });
        assert_eq!(list(section).valid_at(at(9)), [Secret::new("a")]);
        assert_eq!(list(Value::Null), SigningSecrets::default());
    }
}
