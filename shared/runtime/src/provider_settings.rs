//! The settings of each provider in the environment, for the functions that send requests to providers.

use std::{collections::HashMap, time::Duration};

use model::{Error, ErrorClass};

use crate::Environment;

/// The default settings of a provider, from the provider's code.
#[derive(Debug, Clone, Copy)]
pub struct ProviderDefaults {
    /// The name of the provider.
    pub name: &'static str,
    /// The base URL of its API.
    pub api_url: &'static str,
    /// How many requests per second all invocations together send.
    pub requests_per_second: f64,
    /// How many jobs may be in progress at once, if that is limited.
    pub concurrent_jobs: Option<u32>,
}

#[derive(Debug, Clone)]
struct ProviderSetting {
    api_url: String,
    interval: Option<Duration>,
    concurrent_jobs: Option<u32>,
}

/// The highest concurrency limit that may be configured. Each slot is read before a job starts.
const MAX_CONCURRENT_JOBS: u32 = 100;

/// The API URLs and limits of the providers.
#[derive(Debug, Clone)]
pub struct ProviderSettings(HashMap<&'static str, ProviderSetting>);

impl ProviderSettings {
    /// Reads `<PROVIDER>_API_URL` and `<PROVIDER>_REQUESTS_PER_SECOND` for each provider, and `<PROVIDER>_CONCURRENT_JOBS`
    /// where the concurrency is limited.
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
            let rate_variable = variable(name, "REQUESTS_PER_SECOND");
            let rate =
                environment.parse_or_default(&rate_variable, defaults.requests_per_second, "a number")?;
            let interval = interval(rate).ok_or_else(|| out_of_range(&rate_variable))?;
            let concurrent_jobs = concurrent_jobs(environment, &defaults)?;
            let api_url = url.trim_end_matches('/').to_owned();
            Ok((name, ProviderSetting { api_url, interval, concurrent_jobs }))
        });
        settings.collect::<Result<_, Error>>().map(Self)
    }

    /// The base URL of a provider's API, without a trailing slash.
    pub fn api_url(&self, provider: &str) -> &str {
        self.0.get(provider).map_or("", |setting| &setting.api_url)
    }

    /// The interval between two requests of all invocations together; none for no limit.
    pub fn request_interval(&self, provider: &str) -> Option<Duration> {
        self.0.get(provider).and_then(|setting| setting.interval)
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

/// The interval between two requests, from a millisecond to an hour. A rate of 0 is no limit. None for an invalid rate.
fn interval(per_second: f64) -> Option<Option<Duration>> {
    match per_second {
        0.0 => Some(None),
        rate if (1.0 / 3600.0..=1000.0).contains(&rate) => Some(Some(Duration::from_secs_f64(1.0 / rate))),
        _ => None,
    }
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
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<ProviderSettings, Error> {
        let environment = Environment::new(variables.iter().copied());
        let usual = ProviderDefaults {
            name: "maker",
            api_url: "https://api.maker.example",
            requests_per_second: 2.0,
            concurrent_jobs: Some(3),
        };
        let unlimited = ProviderDefaults { name: "other", concurrent_jobs: None, ..usual };
        ProviderSettings::from_environment(&environment, [usual, unlimited])
    }

    #[test]
    fn each_provider_has_its_api_url_and_request_interval() {
        let usual = read(&[]).expect("defaults");
        assert_eq!(usual.api_url("maker"), "https://api.maker.example");
        assert_eq!(usual.request_interval("maker"), Some(Duration::from_millis(500)));
        let set = [("MAKER_API_URL", "http://127.0.0.1:1/"), ("MAKER_REQUESTS_PER_SECOND", "0")];
        let set = read(&set).expect("valid");
        assert_eq!((set.api_url("maker"), set.request_interval("maker")), ("http://127.0.0.1:1", None));
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
