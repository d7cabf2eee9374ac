//! The token in a callback URL: proof that the URL was made by us, for this provider and this job.
//!
//! The token is HMAC-SHA256 over provider and job id. It needs no storage, so a callback that overtakes the
//! answer to the POST, or whose POST was never answered, still proves itself.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{JobId, ProviderName, Secret};

/// The token itself, 43 characters that are safe in a URL path.
pub type CallbackToken = Secret;

/// The keys that make and check callback tokens.
///
/// The first key signs; all verify. To rotate, put a new key first and keep the old one for as long as
/// callbacks made with it may still come.
#[derive(Debug, Clone)]
pub struct CallbackKeys(Vec<Secret>);

impl CallbackKeys {
    /// Keys in order of age, newest first. Empty texts are dropped, since an empty key would let anyone in.
    pub fn new(keys: impl IntoIterator<Item = Secret>) -> Self {
        Self(keys.into_iter().filter(|key| !key.is_empty()).collect())
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every key, newest first.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter()
    }

    /// The token for a job, or nothing when no key is configured.
    pub fn sign(&self, provider: &ProviderName, job: &JobId) -> Option<CallbackToken> {
        let code = code(self.0.first()?, provider, job).finalize().into_bytes();
        Some(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(code)))
    }

    /// The tokens that any of the keys makes for a job.
    pub fn tokens(&self, provider: &ProviderName, job: &JobId) -> Vec<CallbackToken> {
        let token = |key| BASE64_URL_SAFE_NO_PAD.encode(code(key, provider, job).finalize().into_bytes());
        self.0.iter().map(token).map(Secret::new).collect()
    }

    /// Whether any key made this token for this job. Compares in constant time.
    pub fn verify(&self, provider: &ProviderName, job: &JobId, token: &str) -> bool {
        let Ok(given) = BASE64_URL_SAFE_NO_PAD.decode(token) else { return false };
        self.0.iter().any(|key| code(key, provider, job).verify_slice(&given).is_ok())
    }
}

fn code(key: &Secret, provider: &ProviderName, job: &JobId) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes a key of any length");
    // The label keeps these tokens apart from anything else that is ever signed with the same key.
    mac.update(b"landfall:callback:v1\0");
    mac.update(provider.as_str().as_bytes());
    mac.update(b"\0");
    mac.update(job.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_one_job_of_one_provider_with_any_known_key() {
        let (old, new) = (Secret::new("old key"), Secret::new("new key"));
        let (provider, job) = (ProviderName::new("abyssale"), JobId::generate());
        let token = CallbackKeys::new([old.clone()]).sign(&provider, &job).expect("a key");
        let rotated = CallbackKeys::new([new.clone(), old]);
        assert!(rotated.verify(&provider, &job, token.expose()));
        assert!(!rotated.verify(&provider, &JobId::generate(), token.expose()));
        assert!(!rotated.verify(&ProviderName::new("other"), &job, token.expose()));
        assert!(!CallbackKeys::new([new]).verify(&provider, &job, token.expose()));
    }

    #[test]
    fn nothing_opens_without_a_key() {
        let (provider, job) = (ProviderName::new("abyssale"), JobId::generate());
        let none = CallbackKeys::new([Secret::new("")]);
        assert!(none.sign(&provider, &job).is_none());
        assert!(!none.verify(&provider, &job, "") && !none.verify(&provider, &job, "AAAA"));
    }
}
