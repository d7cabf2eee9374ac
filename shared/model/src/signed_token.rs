//! Signed tokens that a caller returns unchanged, such as the cursor of `GET /jobs`. They are signed with keys that are
//! derived from the callback keys, so the secret needs no further key.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Secret;

/// The length of the HMAC-SHA256 code after the message, in bytes.
const CODE_BYTES: usize = 32;

/// Signs and verifies tokens for one purpose. The newest key signs, and all keys verify.
pub struct TokenSigner(Vec<Hmac<Sha256>>);

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner(***)")
    }
}

impl TokenSigner {
    /// Derives the keys for a purpose from other keys, newest first.
    pub(crate) fn derive(keys: &[Secret], purpose: &str) -> Self {
        Self(keys.iter().map(|key| derive_key(key, purpose)).collect())
    }

    /// Returns the message and its code in base64url. None when no key is configured.
    pub fn sign(&self, message: &[u8]) -> Option<String> {
        let code = self.0.first()?.clone().chain_update(message).finalize().into_bytes();
        Some(BASE64_URL_SAFE_NO_PAD.encode([message, &code].concat()))
    }

    /// Returns the message of a token that any of the keys signed for this purpose. Compares in constant time.
    pub fn verify(&self, token: &str) -> Option<Vec<u8>> {
        let mut message = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let code = message.split_off(message.len().checked_sub(CODE_BYTES)?);
        let is_valid =
            self.0.iter().any(|key| key.clone().chain_update(&message).verify_slice(&code).is_ok());
        is_valid.then_some(message)
    }
}

fn derive_key(key: &Secret, purpose: &str) -> Hmac<Sha256> {
    let new = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let label = [b"landfall:seal:v1\0", purpose.as_bytes()].concat();
    new(&new(key.expose().as_bytes()).chain_update(label).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(keys: &[&str], purpose: &str) -> TokenSigner {
        let keys: Vec<Secret> = keys.iter().map(|key| Secret::new(*key)).collect();
        TokenSigner::derive(&keys, purpose)
    }

    #[test]
    fn a_token_is_valid_for_its_purpose_only_and_survives_a_key_rotation() {
        let token = signer(&["old"], "cursor").sign(b"page 2").expect("a key");
        assert_eq!(signer(&["new", "old"], "cursor").verify(&token).as_deref(), Some(&b"page 2"[..]));
        assert!(signer(&["old"], "other").verify(&token).is_none());
        assert!(signer(&["new"], "cursor").verify(&token).is_none());
    }

    #[test]
    fn a_token_with_any_changed_bit_is_invalid() {
        let signer_with_key = signer(&["key"], "cursor");
        let token =
            BASE64_URL_SAFE_NO_PAD.decode(signer_with_key.sign(b"m").expect("a key")).expect("base64");
        for bit in 0..token.len() * 8 {
            let mut changed = token.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(signer_with_key.verify(&BASE64_URL_SAFE_NO_PAD.encode(changed)).is_none(), "bit {bit}");
        }
        for text in ["", "AAAA", "\u{e9}"] {
            assert!(signer_with_key.verify(text).is_none(), "{text}");
        }
        assert!(signer(&[], "cursor").sign(b"m").is_none());
    }
}
