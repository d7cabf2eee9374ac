//! The secrets that sign a provider's deliveries: how they are asked for, and how Landfall keeps the list of them.
//!
//! The list is `signing_secrets` in the provider's section of Landfall's secret, newest first. A secret that was
//! replaced signs on for a while, so it is kept, and `signing_secrets_until` says until when.

use std::collections::BTreeMap;

use model::Secret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// How long a replaced secret is accepted beyond its end: the provider's signing side may be a minute behind, an
/// attempt may be under way, and clocks differ.
const GRACE: Duration = Duration::minutes(10);

/// What to do about the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAction {
    /// Read the present secret. Makes one when there is none, which turns signing on.
    Fetch,
    /// Replace it. The replaced one signs on for a while.
    Rotate {
        /// Also while an earlier one still signs, which then ends at once.
        force: bool,
    },
    /// End the time of the replaced one.
    Revoke,
}

/// The provider's present secret.
#[derive(Debug, Clone)]
pub struct SigningSecret {
    /// The secret itself.
    pub secret: Secret,
    /// When the first one was made.
    pub created_at: Option<OffsetDateTime>,
    /// When it last replaced another one.
    pub rotated_at: Option<OffsetDateTime>,
    /// Until when the replaced one signs too; nothing when none does.
    pub previous_until: Option<OffsetDateTime>,
}

/// Which of the other secrets stay in the list beside the provider's present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretRetention {
    /// All that may still sign.
    Valid,
    /// Only the one that was just replaced: an older one has ended by force.
    Replaced,
    /// None.
    Nothing,
}

/// Landfall's list of signing secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SigningSecrets(Vec<HeldSecret>);

/// A secret of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSecret {
    /// The secret itself.
    pub secret: Secret,
    /// Until when it is accepted; nothing means on and on.
    pub until: Option<OffsetDateTime>,
}

impl SigningSecrets {
    /// Reads a provider's section of Landfall's secret. Empty texts are dropped, since an empty key would let anyone in.
    pub fn read(section: &Value) -> Self {
        let texts = section.get("signing_secrets").and_then(Value::as_array).into_iter().flatten();
        let secrets = texts.filter_map(Value::as_str).filter(|text| !text.is_empty()).map(Secret::new);
        let until = |secret: &Secret| {
            let text = section.get("signing_secrets_until")?.get(fingerprint(secret))?.as_str()?;
            OffsetDateTime::parse(text, &Rfc3339).ok()
        };
        // The newest has no end: what replaces it comes first, and then it has one.
        let held = |(at, secret): (usize, Secret)| HeldSecret {
            until: if at == 0 { None } else { until(&secret) },
            secret,
        };
        Self(secrets.enumerate().map(held).collect())
    }

    /// The secrets, newest first.
    pub fn held(&self) -> &[HeldSecret] {
        &self.0
    }

    /// The secrets that a delivery may be signed with at this time.
    pub fn valid(self, now: OffsetDateTime) -> Vec<Secret> {
        let valid = self.0.into_iter().filter(|held| held.until.is_none_or(|until| now < until));
        valid.map(|held| held.secret).collect()
    }

    /// The list after the provider named its present secret.
    #[must_use]
    pub fn renewed(&self, present: &SigningSecret, keep: SecretRetention, now: OffsetDateTime) -> Self {
        let end = present.previous_until.unwrap_or(now) + GRACE;
        let others = self.0.iter().filter(|held| held.secret != present.secret).filter(|held| match keep {
            SecretRetention::Valid => held.until.is_none_or(|until| now < until),
            SecretRetention::Replaced => held.until.is_none(),
            SecretRetention::Nothing => false,
        });
        let others = others.map(|held| HeldSecret { until: held.until.or(Some(end)), ..held.clone() });
        let first = HeldSecret { secret: present.secret.clone(), until: None };
        Self(std::iter::once(first).chain(others).collect())
    }

    /// The fields of the provider's section that hold the list, by name.
    pub fn fields(&self) -> [(&'static str, Value); 2] {
        let secrets: Vec<&str> = self.0.iter().map(|held| held.secret.expose()).collect();
        let until = self.0.iter().filter_map(|held| Some((fingerprint(&held.secret), rfc3339(held.until?)?)));
        let until: BTreeMap<String, String> = until.collect();
        [("signing_secrets", json!(secrets)), ("signing_secrets_until", json!(until))]
    }
}

/// The first eight hexadecimal digits of a secret's SHA-256: enough to tell secrets apart, and no help in guessing one.
pub fn fingerprint(secret: &Secret) -> String {
    let digest = Sha256::digest(secret.expose().as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// A time as it is written for people and in the secret, in whole seconds.
pub fn rfc3339(at: OffsetDateTime) -> Option<String> {
    at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::hours(hours)
    }

    fn present(secret: &str, previous_until: Option<OffsetDateTime>) -> SigningSecret {
        SigningSecret { secret: Secret::new(secret), created_at: None, rotated_at: None, previous_until }
    }

    fn list(section: Value) -> SigningSecrets {
        SigningSecrets::read(&section)
    }

    fn names(list: &SigningSecrets) -> Vec<&str> {
        list.0.iter().map(|held| held.secret.expose()).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = list(json!({ "signing_secrets": ["old"] })).renewed(
            &present("new", Some(at(24))),
            SecretRetention::Valid,
            at(0),
        );
        let section: serde_json::Map<String, Value> =
            written.fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(section["signing_secrets"], json!(["new", "old"]));
        assert_eq!(
            section["signing_secrets_until"][fingerprint(&Secret::new("old"))],
            "1970-01-02T00:10:00Z"
        );
        assert_eq!(list(section.into()), written);
    }

    #[test]
    fn a_replaced_secret_is_valid_until_its_end_and_leaves_the_list_after_it() {
        let rotated = list(json!({ "signing_secrets": ["a"] })).renewed(
            &present("b", Some(at(24))),
            SecretRetention::Valid,
            at(0),
        );
        let end = at(24) + GRACE;
        assert_eq!(rotated.clone().valid(end - Duration::SECOND).len(), 2);
        assert_eq!(rotated.clone().valid(end), [Secret::new("b")]);
        let fetched = |now| rotated.renewed(&present("b", None), SecretRetention::Valid, now);
        assert_eq!(names(&fetched(at(24))), ["b", "a"]);
        assert_eq!(names(&fetched(end)), ["b"]);
    }

    #[test]
    fn force_ends_the_older_one_and_keeps_the_replaced_one() {
        let once = list(json!({ "signing_secrets": ["a"] })).renewed(
            &present("b", Some(at(24))),
            SecretRetention::Valid,
            at(0),
        );
        let twice = once.renewed(&present("c", Some(at(25))), SecretRetention::Replaced, at(1));
        assert_eq!(names(&twice), ["c", "b"]);
        assert_eq!(twice.0[1].until, Some(at(25) + GRACE));
    }

    #[test]
    fn revoking_leaves_the_present_one_alone() {
        let both = list(json!({ "signing_secrets": ["b", "a"] }));
        assert_eq!(names(&both.renewed(&present("b", None), SecretRetention::Nothing, at(0))), ["b"]);
    }

    #[test]
    fn a_secret_that_was_replaced_elsewhere_ends_when_the_provider_says_or_soon() {
        let known = list(json!({ "signing_secrets": ["a"] }));
        let overlap = known.renewed(&present("b", Some(at(3))), SecretRetention::Valid, at(0));
        assert_eq!(overlap.0[1].until, Some(at(3) + GRACE));
        let over = known.renewed(&present("b", None), SecretRetention::Valid, at(0));
        assert_eq!(over.0[1].until, Some(at(0) + GRACE));
    }

    #[test]
    fn the_newest_never_ends_and_nothing_empty_is_a_secret() {
        let first = fingerprint(&Secret::new("a"));
        let section = json!({ "signing_secrets": ["", "a", 7], "signing_secrets_until": { first: "1970-01-01T00:00:00Z" } });
        assert_eq!(list(section).valid(at(9)), [Secret::new("a")]);
        assert_eq!(list(Value::Null), SigningSecrets::default());
    }
}
