//! The keys that sign what callers are told, as Standard Webhooks 1.0 has it: `webhook-signature` holds, for each
//! key, `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, separated by spaces. Who verifies needs one.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use model::Secret;
use sha2::Sha256;
use time::OffsetDateTime;

/// What a written key begins with.
const PREFIX: &str = "whsec_";
/// The least bytes of a key by the specification.
const MIN_KEY_BYTES: usize = 24;

/// Keys, newest first. All of them sign.
pub struct WebhookSigner(Vec<Vec<u8>>);

impl std::fmt::Debug for WebhookSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookSigner({})", self.0.len())
    }
}

impl WebhookSigner {
    /// Reads `whsec_` and base64 of at least 24 bytes. What is no such key is left out.
    pub fn read<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let key = |secret: &Secret| {
            let encoded = secret.expose().strip_prefix(PREFIX)?;
            BASE64_STANDARD.decode(encoded).ok().filter(|key| key.len() >= MIN_KEY_BYTES)
        };
        Self(secrets.into_iter().filter_map(key).collect())
    }

    /// A key as it is written, of these bytes.
    pub fn written(bytes: &[u8; 32]) -> Secret {
        Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes)))
    }

    /// Whether nothing can be signed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers of a message that is sent at this time: `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    pub fn headers(&self, id: &str, at: OffsetDateTime, body: &str) -> [(&'static str, String); 3] {
        let timestamp = at.unix_timestamp().to_string();
        let codes = self.0.iter().map(|key| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        });
        let signature = codes.collect::<Vec<_>>().join(" ");
        [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(secrets: &[&str]) -> String {
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        let at = OffsetDateTime::from_unix_timestamp(1_614_265_330).expect("a time");
        let keys = WebhookSigner::read(&secrets);
        let [_, _, (_, signature)] =
            keys.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
        signature
    }

    #[test]
    fn the_signature_is_the_one_of_the_reference_implementations() {
        // The vector of the specification's own libraries.
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]), expected);
    }

    #[test]
    fn each_key_signs_and_the_newest_stands_first() {
        let newer = WebhookSigner::written(&[7; 32]);
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
    fn what_is_no_key_signs_nothing() {
        let short = format!("whsec_{}", BASE64_STANDARD.encode([1; 23]));
        for secret in ["", "whsec_", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &short] {
            assert!(WebhookSigner::read(&[Secret::new(secret)]).is_empty(), "{secret}");
        }
    }
}
