//! Signs callers' webhooks by Standard Webhooks 1.0: `webhook-signature` contains, for each key, `v1,` and the base64 of
//! HMAC-SHA256 over `id.timestamp.body`, separated by spaces. The caller needs one of the keys to verify it.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use model::Secret;
use sha2::Sha256;
use time::OffsetDateTime;

/// The prefix of an encoded key.
const PREFIX: &str = "whsec_";
/// The fewest bytes of a key by the specification.
const MIN_KEY_BYTES: usize = 24;

/// The signing keys, newest first. Each of them signs.
pub struct WebhookSigner(Vec<Vec<u8>>);

impl std::fmt::Debug for WebhookSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookSigner({})", self.0.len())
    }
}

impl WebhookSigner {
    /// Reads keys from `whsec_` and base64 of at least 24 bytes. Invalid ones are left out.
    pub fn from_secrets<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let key = |secret: &Secret| {
            let encoded = secret.expose().strip_prefix(PREFIX)?;
            BASE64_STANDARD.decode(encoded).ok().filter(|key| key.len() >= MIN_KEY_BYTES)
        };
        Self(secrets.into_iter().filter_map(key).collect())
    }

    /// Encodes a key.
    pub fn encode_secret(bytes: &[u8; 32]) -> Secret {
        Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes)))
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers of a webhook that is sent at this time: `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    pub fn sign_headers(&self, id: &str, at: OffsetDateTime, body: &str) -> [(&'static str, String); 3] {
        let timestamp = at.unix_timestamp().to_string();
        let signatures = self.0.iter().map(|key| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        });
        let signature = signatures.collect::<Vec<_>>().join(" ");
        [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(secrets: &[&str]) -> String {
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        let at = OffsetDateTime::from_unix_timestamp(1_614_265_330).expect("a time");
        let keys = WebhookSigner::from_secrets(&secrets);
        let [_, _, (_, signature)] =
            keys.sign_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
        signature
    }

    #[test]
    fn the_signature_is_that_of_the_reference_implementations() {
        // The test vector of the reference libraries.
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]), expected);
    }

    #[test]
    fn each_key_signs_and_the_newest_is_first() {
        let newer = WebhookSigner::encode_secret(&[7; 32]);
        let both = signature(&[newer.expose(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
        assert_eq!(
            both,
            format!(
                "{} {}",
                signature(&[newer.expose()]),
                signature(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
            )
        );
    }

    #[test]
    fn an_invalid_key_does_not_sign() {
        let short = format!("whsec_{}", BASE64_STANDARD.encode([1; 23]));
        for secret in ["", "whsec_", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &short] {
            assert!(WebhookSigner::from_secrets(&[Secret::new(secret)]).is_empty(), "{secret}");
        }
    }
}
