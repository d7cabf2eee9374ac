//! Access tokens: issuing and verifying them (contract 1.3 and 9.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

use crate::ai_studios::settings::account::Auth;
use crate::ai_studios::settings::seconds;

/// An issued token.
#[derive(Debug)]
struct IssuedToken {
    token: String,
    expires: OffsetDateTime,
    revoked: bool,
}

/// The signing key and the issued tokens. A reset keeps them, because receivers cache tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    key: [u8; 32],
    issued: Vec<IssuedToken>,
    last: i64,
}

/// Why a token is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenError {
    Unknown,
    Expired,
}

impl Tokens {
    pub(super) fn with_signing_key(key: [u8; 32]) -> Self {
        Self { key, issued: Vec::new(), last: 0 }
    }

    /// Issues a token with the claims of the vendor's sample.
    pub(super) fn issue(&mut self, app_id: &str, settings: &Auth, now: OffsetDateTime) -> String {
        // Two tokens with the same `iat` would be identical.
        let issued_at = now.unix_timestamp().max(self.last + 1);
        self.last = issued_at;
        let lifetime = seconds(settings.token_ttl_seconds);
        let expires = issued_at.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        let claims = json!({"appId": app_id, "platform": "web", "iat": issued_at, "exp": expires});
        if settings.invalidate_on_reissue {
            self.revoke();
        }
        let token = sign_jwt(&self.key, &claims);
        let expires = now.saturating_add(Duration::try_from(lifetime).unwrap_or(Duration::MAX));
        self.issued.push(IssuedToken { token: token.clone(), expires, revoked: false });
        token
    }

    /// Verifies a token.
    pub(super) fn check(&self, token: &str, now: OffsetDateTime) -> Result<(), TokenError> {
        let issued = self.issued.iter().find(|issued| issued.token == token).ok_or(TokenError::Unknown)?;
        if issued.revoked || now >= issued.expires { Err(TokenError::Expired) } else { Ok(()) }
    }

    /// Revokes every issued token, whatever its claims say.
    pub(super) fn revoke(&mut self) {
        self.issued.iter_mut().for_each(|issued| issued.revoked = true);
    }

    /// Returns the number of issued tokens.
    pub(super) fn count(&self) -> usize {
        self.issued.len()
    }
}

/// Signs a JWT with `alg` HS256.
fn sign_jwt(key: &[u8], claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC key may have any length");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    //! The format of a token.

    use super::*;

    #[test]
    fn a_token_is_signed_over_its_first_two_parts() {
        let token = sign_jwt(b"key", &json!({"iss": "joe"}));
        let (text, signature) = token.rsplit_once('.').expect("three parts");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"key").expect("any length");
        mac.update(text.as_bytes());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert!(mac.verify_slice(&signature).is_ok());
        let header = text.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
        assert_eq!(header.as_deref(), Some(br#"{"alg":"HS256","typ":"JWT"}"#.as_slice()));
    }

    #[test]
    fn two_tokens_of_one_second_differ() {
        let mut tokens = Tokens::with_signing_key([7; 32]);
        let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a date");
        let first = tokens.issue("app", &Auth::default(), now);
        let second = tokens.issue("app", &Auth::default(), now);
        assert_ne!(first, second);
        assert_eq!((tokens.check(&first, now), tokens.check(&second, now)), (Ok(()), Ok(())));
        assert_eq!(tokens.check(&first, now + Duration::DAY), Err(TokenError::Expired));
        assert_eq!(tokens.check("made up", now), Err(TokenError::Unknown));
    }
}
