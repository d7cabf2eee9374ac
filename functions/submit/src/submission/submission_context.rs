//! What a provider is told of a job: the same, whether the job is asked for at once or when its turn has come.

use std::time::Duration;

use model::{CallbackKeys, Error, ErrorClass, JobId, ProviderName};
use provider_client::{ProviderClient, RateLimiter, TokenSource, latest_request};
use providers::{Credentials, Provider, SubmitContext, SubmitProtocol};
use serde_json::Value;
use time::OffsetDateTime;
use url::Url;

use crate::App;

impl App {
    /// Prepares to ask for a job. Whatever is not configured is found here.
    pub(crate) async fn submit_protocol(
        &self,
        provider: &dyn Provider,
        job: JobId,
        kind: &str,
        request: &Value,
    ) -> Result<Box<dyn SubmitProtocol>, Error> {
        let secret = self.secrets.get().await?;
        let credentials = Credentials::new(secret.provider(provider.name()));
        let name = providers::name_of(provider);
        let callback_url = callback_url(&self.config.webhook_url, &secret.callback_keys(), &name, job)?;
        let call = SubmitContext {
            kind,
            request,
            callback_url: &callback_url,
            api_url: self.config.providers.api_url(provider.name()),
            credentials: &credentials,
        };
        provider.submission(&call, OffsetDateTime::now_utc())
    }

    /// The line to a provider for an invocation that ends at `deadline`.
    pub(crate) fn provider_client(
        &self,
        provider: &'static dyn Provider,
        job: Option<JobId>,
        deadline: OffsetDateTime,
    ) -> ProviderClient<'_> {
        let api_url = self.config.providers.api_url(provider.name());
        ProviderClient {
            sender: &self.sender,
            timeout: self.config.provider_timeout,
            deadline,
            rate_limiter: None,
            token_source: TokenSource { secrets: &self.secrets, tokens: &self.tokens, provider, api_url },
            authorizes: true,
            job,
            waits: true,
        }
    }

    /// The provider's pace for an invocation that waits so long for a turn.
    pub(crate) fn rate_limiter(
        &self,
        provider: &dyn Provider,
        max_wait: Duration,
        deadline: OffsetDateTime,
    ) -> RateLimiter<'_> {
        RateLimiter {
            records: &self.records,
            provider: providers::name_of(provider),
            interval: self.config.providers.interval(provider.name()),
            max_wait,
            latest: latest_request(self.config.provider_timeout, deadline),
        }
    }
}

/// `{webhook_url}/webhooks/{provider}/{job_id}/{token}`.
fn callback_url(base: &Url, keys: &CallbackKeys, provider: &ProviderName, job: JobId) -> Result<Url, Error> {
    let token = keys.sign(provider, &job);
    let token =
        token.ok_or_else(|| Error::new(ErrorClass::Misconfigured, "no callback_key in Landfall's secret"))?;
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["webhooks", provider.as_str(), &job.to_string(), token.expose()]);
    }
    Ok(url)
}
