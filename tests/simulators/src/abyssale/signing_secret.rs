//! The signing secret of the workspace and its rotation (contract 6.5 and 6.6).

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::id_generator::{IdGenerator, hex};

const ROTATION_OVERLAP: Duration = Duration::hours(24);

/// Returns the `number`th signing secret: `whsec_` and 64 hex digits (contract 6.6).
pub(super) fn signing_secret(ids: &IdGenerator, number: u64) -> String {
    format!("whsec_{}", hex(&ids.seeded("signing secret", number)))
}

/// The current secret, the previous one while it is valid, and the secrets that signing has cached.
#[derive(Default)]
pub(super) struct SigningSecrets {
    current: Option<CurrentSecret>,
    previous: Option<PreviousSecret>,
    created_count: u64,
    cached: Option<(OffsetDateTime, Vec<String>)>,
}

struct CurrentSecret {
    value: String,
    created: OffsetDateTime,
    rotated: Option<OffsetDateTime>,
}

struct PreviousSecret {
    value: String,
    expires: OffsetDateTime,
}

/// A rotation was rejected because the previous secret is still valid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PreviousSecretActiveError;

impl SigningSecrets {
    /// Returns the secret as the API shows it. The first call creates it and so enables signing.
    pub(super) fn get(&mut self, now: OffsetDateTime, ids: &mut IdGenerator) -> Value {
        self.create_if_none(now, ids);
        self.view(now)
    }

    /// Creates a new secret. The current one stays valid for 24 hours. A still older one is only dropped with
    /// `force`.
    pub(super) fn rotate(
        &mut self,
        force: bool,
        now: OffsetDateTime,
        ids: &mut IdGenerator,
    ) -> Result<Value, PreviousSecretActiveError> {
        if !force && self.active_previous(now).is_some() {
            return Err(PreviousSecretActiveError);
        }
        self.create_if_none(now, ids);
        let value = self.create_secret(ids);
        if let Some(current) = &mut self.current {
            let old = std::mem::replace(&mut current.value, value);
            current.rotated = Some(now);
            self.previous = Some(PreviousSecret { value: old, expires: now + ROTATION_OVERLAP });
        }
        Ok(self.view(now))
    }

    /// Ends the overlap early. It never fails.
    pub(super) fn revoke(&mut self, now: OffsetDateTime, ids: &mut IdGenerator) -> Value {
        self.create_if_none(now, ids);
        self.previous = None;
        self.view(now)
    }

    /// Returns the valid secrets, newest first; none before the first one was created.
    pub(super) fn valid(&self, now: OffsetDateTime) -> Vec<String> {
        let current = self.current.iter().map(|current| current.value.clone());
        current.chain(self.active_previous(now).map(|previous| previous.value.clone())).collect()
    }

    /// Returns the secrets that signing uses, at most `cache` old (contract 6.5).
    pub(super) fn cached_valid(&mut self, now: OffsetDateTime, cache: Duration) -> Vec<String> {
        match &self.cached {
            Some((read, known)) if now - *read < cache => known.clone(),
            Some(_) | None => {
                let known = self.valid(now);
                self.cached = Some((now, known.clone()));
                known
            }
        }
    }

    /// Clears the cache, so that the next delivery reads the secrets again.
    pub(super) fn clear_cache(&mut self) {
        self.cached = None;
    }

    fn view(&self, now: OffsetDateTime) -> Value {
        let current = self.current.as_ref();
        let seconds = |at: OffsetDateTime| at.unix_timestamp();
        json!({
            "secret": current.map(|current| current.value.as_str()),
            "created_at_ts": current.map(|current| seconds(current.created)),
            "rotated_at_ts": current.and_then(|current| current.rotated).map(seconds),
            "previous_secret_expires_at_ts": self.active_previous(now).map(|previous| seconds(previous.expires)),
        })
    }

    fn active_previous(&self, now: OffsetDateTime) -> Option<&PreviousSecret> {
        self.previous.as_ref().filter(|previous| now < previous.expires)
    }

    fn create_if_none(&mut self, now: OffsetDateTime, ids: &mut IdGenerator) {
        if self.current.is_none() {
            let value = self.create_secret(ids);
            self.current = Some(CurrentSecret { value, created: now, rotated: None });
        }
    }

    fn create_secret(&mut self, ids: &mut IdGenerator) -> String {
        self.created_count += 1;
        signing_secret(ids, self.created_count)
    }
}

#[cfg(test)]
mod tests {
    //! The state machine of contract 6.6.

    use super::*;

    fn at(hours: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::hours(hours)
    }

    fn new_secrets() -> (SigningSecrets, IdGenerator) {
        (SigningSecrets::default(), IdGenerator::new(1, 0))
    }

    #[test]
    fn there_is_no_secret_before_the_first_get() {
        let (mut secrets, mut ids) = new_secrets();
        assert!(secrets.valid(at(0)).is_empty());
        let first = secrets.get(at(0), &mut ids);
        assert_eq!(secrets.get(at(5), &mut ids), first);
        assert!(first["rotated_at_ts"].is_null() && first["previous_secret_expires_at_ts"].is_null());
        assert_eq!(secrets.valid(at(5)).len(), 1);
    }

    #[test]
    fn a_rotation_overlaps_for_a_day() {
        let (mut secrets, mut ids) = new_secrets();
        secrets.get(at(0), &mut ids);
        let old = secrets.valid(at(0));
        let rotated = secrets.rotate(false, at(1), &mut ids).expect("no overlap yet");
        assert_eq!(rotated["previous_secret_expires_at_ts"], (at(1) + ROTATION_OVERLAP).unix_timestamp());
        assert_eq!(secrets.valid(at(24)).get(1), old.first());
        assert_eq!(secrets.valid(at(25)).len(), 1);
        assert!(secrets.get(at(25), &mut ids)["previous_secret_expires_at_ts"].is_null());
    }

    #[test]
    fn a_second_rotation_needs_force_and_drops_the_oldest() {
        let (mut secrets, mut ids) = new_secrets();
        secrets.rotate(false, at(0), &mut ids).expect("created, then rotated");
        let before = secrets.valid(at(1));
        assert_eq!(before.len(), 2);
        assert_eq!(secrets.rotate(false, at(1), &mut ids), Err(PreviousSecretActiveError));
        assert_eq!(secrets.valid(at(1)), before);
        secrets.rotate(true, at(1), &mut ids).expect("forced");
        let after = secrets.valid(at(1));
        assert_eq!(after.get(1), before.first());
        assert_ne!(after.first(), before.first());
        secrets.rotate(false, at(26), &mut ids).expect("the overlap is over");
    }

    #[test]
    fn revoke_ends_the_overlap_and_keeps_the_current_secret() {
        let (mut secrets, mut ids) = new_secrets();
        let rotated = secrets.rotate(false, at(0), &mut ids).expect("first");
        let revoked = secrets.revoke(at(1), &mut ids);
        assert_eq!(revoked["secret"], rotated["secret"]);
        assert!(revoked["previous_secret_expires_at_ts"].is_null());
        assert_eq!(secrets.valid(at(1)).len(), 1);
        assert_eq!(secrets.revoke(at(2), &mut ids), revoked);
    }

    #[test]
    fn revoke_creates_a_secret_if_there_is_none() {
        let (mut secrets, mut ids) = new_secrets();
        assert!(secrets.revoke(at(0), &mut ids)["secret"].is_string());
    }

    #[test]
    fn cached_secrets_may_be_a_minute_old() {
        let (mut secrets, mut ids) = new_secrets();
        let minute = Duration::seconds(60);
        assert!(secrets.cached_valid(at(0), minute).is_empty());
        secrets.get(at(0), &mut ids);
        assert!(secrets.cached_valid(at(0) + Duration::seconds(59), minute).is_empty());
        assert_eq!(secrets.cached_valid(at(0) + minute, minute).len(), 1);
    }
}
