//! The token in a callback URL. It proves that Landfall made the URL for this provider and this job.
//!
//! The token is HMAC-SHA256 over provider and job id. It needs no storage, so it is valid too in a callback that
//! arrives before the response to the POST, or whose POST never got a response.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{JobId, ProviderName, Secret, TokenSigner};

/// A callback token: 43 characters that are safe in a URL path.
pub type CallbackToken = Secret;

/// The keys that sign and verify callback tokens.
///
/// The first key signs, and all keys verify. To rotate, put a new key first, and keep the old one for as long as
/// callbacks signed with it may still arrive.
#[derive(Debug, Clone)]
pub struct CallbackKeys(Vec<Secret>);

impl CallbackKeys {
    /// Takes the keys, newest first. Empty keys are dropped: anyone can sign with an empty key.
    pub fn new(keys: impl IntoIterator<Item = Secret>) -> Self {
        Self(keys.into_iter().filter(|key| !key.is_empty()).collect())
    }

    /// Whether no key is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the signer of tokens for a purpose, such as `cursor`. A token for one purpose is not valid for
    /// another, and none is a callback token: each purpose has its own key, which is derived from the callback key.
    pub fn token_signer(&self, purpose: &str) -> TokenSigner {
        TokenSigner::derive(&self.0, purpose)
    }

    /// Signs the token for a job. None when no key is configured.
    pub fn sign(&self, provider: &ProviderName, job: &JobId) -> Option<CallbackToken> {
        let code = compute_mac(self.0.first()?, provider, job).finalize().into_bytes();
        Some(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(code)))
    }

    /// Returns the tokens of all keys for a job.
    pub fn all_tokens(&self, provider: &ProviderName, job: &JobId) -> Vec<CallbackToken> {
        let token =
            |key| BASE64_URL_SAFE_NO_PAD.encode(compute_mac(key, provider, job).finalize().into_bytes());
        self.0.iter().map(token).map(Secret::new).collect()
    }

    /// Whether any key signed this token for this job. Compares in constant time.
    pub fn verify(&self, provider: &ProviderName, job: &JobId, token: &str) -> bool {
        let Ok(given) = BASE64_URL_SAFE_NO_PAD.decode(token) else { return false };
        self.0.iter().any(|key| compute_mac(key, provider, job).verify_slice(&given).is_ok())
    }
}

fn compute_mac(key: &Secret, provider: &ProviderName, job: &JobId) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes a key of any length");
    // The label distinguishes these tokens from anything else that is signed with the same key.
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
    fn a_token_is_valid_for_one_job_of_one_provider_with_any_configured_key() {
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
    fn no_token_is_valid_without_a_key() {
        let (provider, job) = (ProviderName::new("abyssale"), JobId::generate());
        let none = CallbackKeys::new([Secret::new("")]);
        assert!(none.sign(&provider, &job).is_none());
        assert!(!none.verify(&provider, &job, "") && !none.verify(&provider, &job, "AAAA"));
    }
}
