//! The settings of each provider in the environment, for the functions that send requests to providers.

use std::collections::HashMap;

use model::{Error, ErrorClass, RateLimits};

use crate::{Environment, rate_limit_setting::override_tiers};

/// The default settings of a provider, from the provider's code.
#[derive(Debug, Clone)]
pub struct ProviderDefaults {
    /// The name of the provider.
    pub name: &'static str,
    /// The base URL of its API.
    pub api_url: &'static str,
    /// How many requests all invocations together send.
    pub rate_limits: RateLimits,
    /// How many jobs may be in progress at once, if that is limited.
    pub concurrent_jobs: Option<u32>,
}

#[derive(Debug, Clone)]
struct ProviderSetting {
    api_url: String,
    rate_limits: RateLimits,
    concurrent_jobs: Option<u32>,
}

/// The highest concurrency limit that may be configured. Each slot is read before a job starts.
const MAX_CONCURRENT_JOBS: u32 = 100;

/// The API URLs and limits of the providers.
#[derive(Debug, Clone)]
pub struct ProviderSettings(HashMap<&'static str, ProviderSetting>);

impl ProviderSettings {
    /// Reads `<PROVIDER>_API_URL` and `<PROVIDER>_REQUESTS_PER_SECOND` for each provider, `<PROVIDER>_RATE_LIMITS` where the
    /// provider has tiers, and `<PROVIDER>_CONCURRENT_JOBS` where the concurrency is limited.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable.
    pub fn from_environment(
        environment: &Environment,
        providers: impl IntoIterator<Item = ProviderDefaults>,
    ) -> Result<Self, Error> {
        let settings = providers.into_iter().map(|defaults| {
            let name = defaults.name;
            let url = environment.optional(&variable(name, "API_URL")).unwrap_or(defaults.api_url);
            let rate_limits = rate_limits(environment, &defaults)?;
            let concurrent_jobs = concurrent_jobs(environment, &defaults)?;
            let api_url = url.trim_end_matches('/').to_owned();
            Ok((name, ProviderSetting { api_url, rate_limits, concurrent_jobs }))
        });
        settings.collect::<Result<_, Error>>().map(Self)
    }

    /// The base URL of a provider's API, without a trailing slash.
    pub fn api_url(&self, provider: &str) -> &str {
        self.0.get(provider).map_or("", |setting| &setting.api_url)
    }

    /// The limits of the requests of all invocations together; none for an unknown provider.
    pub fn rate_limits(&self, provider: &str) -> Option<&RateLimits> {
        self.0.get(provider).map(|setting| &setting.rate_limits)
    }

    /// How many jobs may be in progress at a provider at once; none for no limit.
    pub fn max_concurrent_jobs(&self, provider: &str) -> Option<u32> {
        self.0.get(provider).and_then(|setting| setting.concurrent_jobs)
    }
}

/// Returns the name of the environment variable of a provider's setting, such as `ABYSSALE_API_URL` for `API_URL`.
pub fn variable(provider: &str, setting: &str) -> String {
    format!("{}_{setting}", provider.to_uppercase())
}

/// Reads the rate limits of a provider. The rate is 0, which is no ceiling, or from one request an hour to a thousand a
/// second.
fn rate_limits(environment: &Environment, defaults: &ProviderDefaults) -> Result<RateLimits, Error> {
    let RateLimits { requests_per_second, mut tiers } = defaults.rate_limits.clone();
    let rate_variable = variable(defaults.name, "REQUESTS_PER_SECOND");
    let requests_per_second =
        environment.parse_or_default(&rate_variable, requests_per_second, "a number")?;
    if requests_per_second != 0.0 && !(1.0 / 3600.0..=1000.0).contains(&requests_per_second) {
        return Err(out_of_range(&rate_variable));
    }
    if !tiers.is_empty() {
        let variable = variable(defaults.name, "RATE_LIMITS");
        override_tiers(&variable, environment.optional(&variable).unwrap_or_default(), &mut tiers)?;
    }
    Ok(RateLimits { requests_per_second, tiers })
}

/// Reads the concurrency limit of a provider; 0 is no limit.
fn concurrent_jobs(environment: &Environment, defaults: &ProviderDefaults) -> Result<Option<u32>, Error> {
    let Some(default) = defaults.concurrent_jobs else { return Ok(None) };
    let variable = variable(defaults.name, "CONCURRENT_JOBS");
    match environment.parse_or_default(&variable, default, "a whole number")? {
        0 => Ok(None),
        jobs if jobs <= MAX_CONCURRENT_JOBS => Ok(Some(jobs)),
        _ => {
            let message = format!(
                "the environment variable {variable} is more than {MAX_CONCURRENT_JOBS}; 0 is no limit"
            );
            Err(Error::new(ErrorClass::Misconfigured, message))
        }
    }
}

fn out_of_range(variable: &str) -> Error {
    let message =
        format!("the environment variable {variable} is neither 0 nor from 1 an hour to 1000 a second");
    Error::new(ErrorClass::Misconfigured, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{RateTier, RateWindow};

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<ProviderSettings, Error> {
        let environment = Environment::new(variables.iter().copied());
        let usual = ProviderDefaults {
            name: "maker",
            api_url: "https://api.maker.example",
            rate_limits: RateLimits {
                requests_per_second: 2.0,
                tiers: vec![RateTier {
                    name: "write",
                    windows: vec![RateWindow { requests: 60, seconds: 60 }],
                }],
            },
            concurrent_jobs: Some(3),
        };
        let unlimited = ProviderDefaults { name: "other", concurrent_jobs: None, ..usual.clone() };
        ProviderSettings::from_environment(&environment, [usual, unlimited])
    }

    fn interval(settings: &ProviderSettings) -> Option<Duration> {
        settings.rate_limits("maker").expect("a provider").interval()
    }

    #[test]
    fn the_budgets_of_a_tier_can_be_set_and_a_wrong_value_names_the_variable() {
        let windows = |value: &str| {
            let settings = read(&[("MAKER_RATE_LIMITS", value)])?;
            let tier = settings.rate_limits("maker").and_then(|limits| limits.tier("write")).cloned();
            Ok(tier.expect("a tier").windows)
        };
        let window = |requests, seconds| RateWindow { requests, seconds };
        assert_eq!(windows("").expect("valid"), [window(60, 60)]);
        assert_eq!(windows("write=30/min").expect("valid"), [window(30, 60)]);
        let error: Error = windows("writes=30/min").expect_err("rejected");
        assert!(error.message.contains("MAKER_RATE_LIMITS"), "{}", error.message);
    }

    #[test]
    fn each_provider_has_its_api_url_and_request_interval() {
        let usual = read(&[]).expect("defaults");
        assert_eq!(usual.api_url("maker"), "https://api.maker.example");
        assert_eq!(interval(&usual), Some(Duration::from_millis(500)));
        let set = [("MAKER_API_URL", "http://127.0.0.1:1/"), ("MAKER_REQUESTS_PER_SECOND", "0")];
        let set = read(&set).expect("valid");
        assert_eq!((set.api_url("maker"), interval(&set)), ("http://127.0.0.1:1", None));
    }

    #[test]
    fn the_concurrency_limit_applies_only_to_providers_that_have_one() {
        let jobs = |value: &str| {
            let set = [("MAKER_CONCURRENT_JOBS", value), ("OTHER_CONCURRENT_JOBS", value)];
            read(&set).map(|read| (read.max_concurrent_jobs("maker"), read.max_concurrent_jobs("other")))
        };
        assert_eq!(read(&[]).expect("defaults").max_concurrent_jobs("maker"), Some(3));
        assert_eq!(jobs("0").expect("valid"), (None, None));
        assert_eq!(jobs("100").expect("valid"), (Some(100), None));
        for wrong in ["101", "-1", "many"] {
            let error = jobs(wrong).expect_err("rejected");
            assert!(error.message.contains("MAKER_CONCURRENT_JOBS"), "{wrong}");
        }
    }

    #[test]
    fn a_request_rate_out_of_range_is_rejected_by_its_variable() {
        for rate in ["-1", "1001", "0.00001", "NaN", "fast"] {
            let error = read(&[("MAKER_REQUESTS_PER_SECOND", rate)]).expect_err("rejected");
            assert!(error.message.contains("MAKER_REQUESTS_PER_SECOND"), "{rate}");
        }
    }
}
