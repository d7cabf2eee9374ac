//! The environment that the `submit` function reads.

use std::{collections::HashMap, time::Duration};

use lambda::Environment;
use model::{Fault, FaultClass};
use providers::Provider;
use url::Url;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// `TABLE_NAME`: the table of jobs.
    pub table: String,
    /// `SECRET_ID`: name or ARN of Landfall's secret.
    pub secret_id: String,
    /// `WEBHOOK_URL`: where providers reach the public door, without a trailing slash.
    pub webhook_url: Url,
    /// `PROVIDER_TIMEOUT_SECONDS`: how long a provider may take to answer one request. Default 20, at most 25:
    /// API Gateway gives up after 30.
    pub provider_timeout: Duration,
    /// `REQUIRE_SIGNATURES`: whether the public door lets in nothing that is not signed. Default: no.
    pub require_signatures: bool,
    /// `<PROVIDER>_API_URL` for each provider: its API, without a trailing slash. Default: the real one.
    pub api_urls: HashMap<&'static str, String>,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`FaultClass::Misconfigured`] naming the variable.
    pub fn read(environment: &Environment) -> Result<Self, Fault> {
        let seconds: f64 = environment.parsed("PROVIDER_TIMEOUT_SECONDS", 20.0, "a number of seconds")?;
        let api_urls = providers::ALL.iter().map(|provider| {
            let variable = format!("{}_API_URL", provider.name().to_uppercase());
            let url = environment.maybe(&variable).unwrap_or(provider.default_api_url());
            (provider.name(), url.trim_end_matches('/').to_owned())
        });
        Ok(Self {
            table: environment.text("TABLE_NAME")?,
            secret_id: environment.text("SECRET_ID")?,
            webhook_url: webhook_url(&environment.text("WEBHOOK_URL")?)?,
            provider_timeout: Duration::from_secs_f64(seconds.clamp(0.1, 25.0)),
            require_signatures: environment.parsed("REQUIRE_SIGNATURES", false, "true or false")?,
            api_urls: api_urls.collect(),
        })
    }
}

impl Config {
    /// Base URL of a provider's API.
    pub fn api_url(&self, provider: &dyn Provider) -> &str {
        self.api_urls.get(provider.name()).map_or(provider.default_api_url(), String::as_str)
    }
}

fn webhook_url(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text.trim_end_matches('/')).ok().filter(|url| !url.cannot_be_a_base());
    url.ok_or_else(|| {
        Fault::new(FaultClass::Misconfigured, "the environment variable WEBHOOK_URL is not a URL")
    })
}
