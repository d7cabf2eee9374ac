//! A provider's token, stored in a second secret that holds nothing else, so that all invocations share it.
//!
//! It is not stored in the secret with the keys: a function that renews tokens then needs no permission to replace a key. An
//! invocation that finds the token missing or old claims the exchange in the secret itself, which only one can do; the
//! others wait for its token. A claim expires, in case the invocation ends before it has the token.

use std::time::Duration;

use model::{Error, ErrorClass, Secret};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{SecretDocument, SecretStore, SecretVersion};

/// How long a claim lasts: the time one invocation has to exchange the keys before another one may.
const CLAIM_DURATION: Duration = Duration::from_secs(30);
/// How often a waiting invocation reads the secret.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How often an invocation reads, or tries to write, before it fails: longer in all than a claim lasts.
const MAX_ATTEMPTS: u32 = 200;

/// The secret that holds the tokens of providers.
///
/// ```json
/// {"providers": {"ai_studios": {"token": {"value": "…", "renew_at": "2026-03-05T04:56:07Z"}, "token_claimed_until": null}}}
/// ```
#[derive(Debug)]
pub struct TokenCache(SecretStore);

impl TokenCache {
    /// The tokens in the secret with this name or ARN.
    pub fn new(aws: &aws_types::SdkConfig, id: impl Into<String>) -> Self {
        Self(SecretStore::new(aws, id))
    }

    /// Returns a provider's token that is valid for a while and differs from `refused`, which the provider rejected.
    /// `exchange` obtains a new token and the time of its renewal; of concurrent invocations only one runs it.
    ///
    /// # Errors
    /// That of `exchange`, or as [`SecretStore::update_provider_section`].
    pub async fn get_token<F>(
        &self,
        provider: &str,
        refused: Option<&Secret>,
        exchange: impl FnOnce() -> F,
    ) -> Result<Secret, Error>
    where
        F: Future<Output = Result<(Secret, OffsetDateTime), Error>>,
    {
        if let Some(token) = valid_token(self.0.get().await?.as_ref(), provider, refused) {
            return Ok(token);
        }
        for _ in 0..MAX_ATTEMPTS {
            let version = self.0.fetch_current_version().await?;
            if let Some(token) = valid_token(version.document(), provider, refused) {
                return Ok(token);
            }
            if !is_claimed(version.document(), provider) && self.claim_exchange(&version, provider).await? {
                return self.renew_token(provider, exchange).await;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Err(token_unavailable())
    }

    /// Returns a provider's last token, valid or not, if there is one. The read is at most a few seconds old, unless the
    /// secret cannot be read.
    ///
    /// # Errors
    /// As [`SecretStore::get`].
    pub async fn last_token(&self, provider: &str) -> Result<Option<Secret>, Error> {
        let document = match self.0.get_fresh().await {
            Ok(document) => document,
            Err(_) => self.0.get().await?,
        };
        let section = document.provider_section(provider);
        Ok(section.pointer("/token/value").and_then(Value::as_str).map(Secret::new))
    }

    async fn claim_exchange(&self, version: &SecretVersion, provider: &str) -> Result<bool, Error> {
        let until = format_time(OffsetDateTime::now_utc() + CLAIM_DURATION);
        self.0.update_provider_section(version, provider, &[("token_claimed_until", until)]).await
    }

    async fn renew_token<F>(&self, provider: &str, exchange: impl FnOnce() -> F) -> Result<Secret, Error>
    where
        F: Future<Output = Result<(Secret, OffsetDateTime), Error>>,
    {
        let exchanged = exchange().await;
        let mut fields = vec![("token_claimed_until", Value::Null)];
        if let Ok((token, renew_at)) = &exchanged {
            fields.push(("token", json!({ "value": token.expose(), "renew_at": format_time(*renew_at) })));
        }
        for _ in 0..MAX_ATTEMPTS {
            let version = self.0.fetch_current_version().await?;
            if self.0.update_provider_section(&version, provider, &fields).await? {
                return exchanged.map(|(token, _)| token);
            }
        }
        Err(token_unavailable())
    }
}

fn valid_token(document: &SecretDocument, provider: &str, refused: Option<&Secret>) -> Option<Secret> {
    let section = document.provider_section(provider);
    let token = section.get("token")?;
    let value = Secret::new(token.get("value")?.as_str().filter(|value| !value.is_empty())?);
    let renew_at = parse_time(token.get("renew_at")?)?;
    (renew_at > OffsetDateTime::now_utc() && refused != Some(&value)).then_some(value)
}

fn is_claimed(document: &SecretDocument, provider: &str) -> bool {
    let section = document.provider_section(provider);
    let until = section.get("token_claimed_until").and_then(parse_time);
    until.is_some_and(|until| until > OffsetDateTime::now_utc())
}

fn format_time(at: OffsetDateTime) -> Value {
    // Fails only beyond the year 9999.
    at.format(&Rfc3339).map_or(Value::Null, Value::from)
}

fn parse_time(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()
}

fn token_unavailable() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "no token of the provider is available; try again")
        .with_retry_after(5)
}
