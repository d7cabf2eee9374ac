//! Texts that we hand out and want back unchanged, such as the cursor of a listing: sealed with a key that is derived
//! from the callback keys, so that the secret needs no further one.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{CallbackKeys, Secret};

/// Length of the code behind a sealed message, in bytes.
const CODE: usize = 32;

/// Seals for one purpose. The newest key seals; all open.
pub struct TokenSigner(Vec<Hmac<Sha256>>);

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner(***)")
    }
}

impl CallbackKeys {
    /// The seals for a purpose, such as `cursor`. What is sealed for one does not open for another, and no seal is a
    /// callback token: each purpose has a key of its own, derived from the callback key.
    pub fn seals(&self, purpose: &str) -> TokenSigner {
        TokenSigner(self.each().map(|key| derived(key, purpose)).collect())
    }
}

impl TokenSigner {
    /// The message with its code, in base64url. Nothing when no key is configured.
    pub fn seal(&self, message: &[u8]) -> Option<String> {
        let code = self.0.first()?.clone().chain_update(message).finalize().into_bytes();
        Some(BASE64_URL_SAFE_NO_PAD.encode([message, &code].concat()))
    }

    /// The message of a text that any known key sealed for this purpose. Compares in constant time.
    pub fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        let mut message = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let code = message.split_off(message.len().checked_sub(CODE)?);
        let ours = self.0.iter().any(|key| key.clone().chain_update(&message).verify_slice(&code).is_ok());
        ours.then_some(message)
    }
}

fn derived(key: &Secret, purpose: &str) -> Hmac<Sha256> {
    let new = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let label = [b"landfall:seal:v1\0", purpose.as_bytes()].concat();
    new(&new(key.expose().as_bytes()).chain_update(label).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> CallbackKeys {
        CallbackKeys::new(keys.iter().map(|key| Secret::new(*key)))
    }

    #[test]
    fn a_sealed_text_opens_for_its_purpose_also_after_a_rotation() {
        let sealed = keys(&["old"]).seals("cursor").seal(b"page 2").expect("a key");
        assert_eq!(keys(&["new", "old"]).seals("cursor").open(&sealed).as_deref(), Some(&b"page 2"[..]));
        assert!(keys(&["old"]).seals("other").open(&sealed).is_none());
        assert!(keys(&["new"]).seals("cursor").open(&sealed).is_none());
    }

    #[test]
    fn no_bit_of_it_can_be_changed() {
        let seals = keys(&["key"]).seals("cursor");
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(seals.seal(b"m").expect("a key")).expect("base64");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(seals.open(&BASE64_URL_SAFE_NO_PAD.encode(changed)).is_none(), "bit {bit}");
        }
        for text in ["", "AAAA", "\u{e9}"] {
            assert!(seals.open(text).is_none(), "{text}");
        }
        assert!(keys(&[]).seals("cursor").seal(b"m").is_none());
    }
}
