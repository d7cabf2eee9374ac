//! A provider's token, kept in a second secret that holds nothing else, so that all invocations share one.
//!
//! The secret with the keys is not written for it: whoever renews tokens needs no permission to replace a key. Who finds
//! the token missing or old claims the exchange in the secret itself, which only one can do; the others wait for the token
//! that comes of it. A claim ends by itself, should its maker die.

use std::time::Duration;

use model::{Error, ErrorClass, Secret};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{SecretDocument, SecretVersion, Secrets};

/// How long one invocation may take to exchange the keys, before another one may.
const CLAIM: Duration = Duration::from_secs(30);
/// How often those who wait look.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How often somebody looks or tries to write before giving up: longer than a claim lasts.
const MAX_ATTEMPTS: u32 = 200;

/// The secret that holds the tokens of providers.
///
/// ```json
/// {"providers": {"ai_studios": {"token": {"value": "…", "renew_at": "2026-03-05T04:56:07Z"}, "token_claimed_until": null}}}
/// ```
#[derive(Debug)]
pub struct TokenCache(Secrets);

impl TokenCache {
    /// The tokens in the secret with this name or ARN.
    pub fn new(aws: &aws_types::SdkConfig, id: impl Into<String>) -> Self {
        Self(Secrets::new(aws, id))
    }

    /// A provider's token that is good for a while, and another one than `refused`. `exchange` gives a new token and
    /// the time at which it is to be renewed; of concurrent callers one is asked for it.
    ///
    /// # Errors
    /// That of `exchange`, or as [`Secrets::change`].
    pub async fn token<F>(
        &self,
        provider: &str,
        refused: Option<&Secret>,
        exchange: impl FnOnce() -> F,
    ) -> Result<Secret, Error>
    where
        F: Future<Output = Result<(Secret, OffsetDateTime), Error>>,
    {
        if let Some(token) = good(self.0.get().await?.as_ref(), provider, refused) {
            return Ok(token);
        }
        for _ in 0..MAX_ATTEMPTS {
            let version = self.0.current().await?;
            if let Some(token) = good(version.document(), provider, refused) {
                return Ok(token);
            }
            if !is_claimed(version.document(), provider) && self.claim(&version, provider).await? {
                return self.renew(provider, exchange).await;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Err(busy())
    }

    /// A provider's newest token, good or not, if there is one. It is at most a few seconds old unless the secret cannot be
    /// read.
    ///
    /// # Errors
    /// As [`Secrets::get`].
    pub async fn held(&self, provider: &str) -> Result<Option<Secret>, Error> {
        let document = match self.0.refreshed().await {
            Ok(document) => document,
            Err(_) => self.0.get().await?,
        };
        let section = document.provider(provider);
        Ok(section.pointer("/token/value").and_then(Value::as_str).map(Secret::new))
    }

    async fn claim(&self, version: &SecretVersion, provider: &str) -> Result<bool, Error> {
        let until = written(OffsetDateTime::now_utc() + CLAIM);
        self.0.change(version, provider, &[("token_claimed_until", until)]).await
    }

    async fn renew<F>(&self, provider: &str, exchange: impl FnOnce() -> F) -> Result<Secret, Error>
    where
        F: Future<Output = Result<(Secret, OffsetDateTime), Error>>,
    {
        let exchanged = exchange().await;
        let mut fields = vec![("token_claimed_until", Value::Null)];
        if let Ok((token, renew_at)) = &exchanged {
            fields.push(("token", json!({ "value": token.expose(), "renew_at": written(*renew_at) })));
        }
        for _ in 0..MAX_ATTEMPTS {
            let version = self.0.current().await?;
            if self.0.change(&version, provider, &fields).await? {
                return exchanged.map(|(token, _)| token);
            }
        }
        Err(busy())
    }
}

fn good(document: &SecretDocument, provider: &str, refused: Option<&Secret>) -> Option<Secret> {
    let section = document.provider(provider);
    let token = section.get("token")?;
    let value = Secret::new(token.get("value")?.as_str().filter(|value| !value.is_empty())?);
    let renew_at = read(token.get("renew_at")?)?;
    (renew_at > OffsetDateTime::now_utc() && refused != Some(&value)).then_some(value)
}

fn is_claimed(document: &SecretDocument, provider: &str) -> bool {
    let section = document.provider(provider);
    let until = section.get("token_claimed_until").and_then(read);
    until.is_some_and(|until| until > OffsetDateTime::now_utc())
}

fn written(at: OffsetDateTime) -> Value {
    // Fails only beyond the year 9999.
    at.format(&Rfc3339).map_or(Value::Null, Value::from)
}

fn read(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()
}

fn busy() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "a token of the provider is not to be had; try again")
        .retry_after(5)
}
