//! What every function that asks providers reads of its environment, once for each provider.

use std::{collections::HashMap, time::Duration};

use model::{Error, ErrorClass};

use crate::Environment;

/// What is usual for a provider, which its own code knows.
#[derive(Debug, Clone, Copy)]
pub struct DefaultLimits {
    /// Its name.
    pub name: &'static str,
    /// Base URL of its API.
    pub api_url: &'static str,
    /// How often all invocations together ask it, per second.
    pub requests_per_second: f64,
    /// How many of its works go on at once, if that is limited at all.
    pub concurrent_jobs: Option<u32>,
}

#[derive(Debug, Clone)]
struct Setting {
    api_url: String,
    interval: Option<Duration>,
    concurrent_jobs: Option<u32>,
}

/// The most works that may be configured to go on at once. Each is looked at before another one begins.
const MAX_CONCURRENT_JOBS: u32 = 100;

/// Where providers are, and how often they may be asked.
#[derive(Debug, Clone)]
pub struct ProviderSettings(HashMap<&'static str, Setting>);

impl ProviderSettings {
    /// Reads `<PROVIDER>_API_URL` and `<PROVIDER>_REQUESTS_PER_SECOND` for each provider, and `<PROVIDER>_CONCURRENT_JOBS`
    /// where that is limited.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable.
    pub fn read(
        environment: &Environment,
        providers: impl IntoIterator<Item = DefaultLimits>,
    ) -> Result<Self, Error> {
        let settings = providers.into_iter().map(|usual| {
            let name = usual.name;
            let url = environment.maybe(&variable(name, "API_URL")).unwrap_or(usual.api_url);
            let rate_variable = variable(name, "REQUESTS_PER_SECOND");
            let rate = environment.parsed(&rate_variable, usual.requests_per_second, "a number")?;
            let interval = interval(rate).ok_or_else(|| out_of_range(&rate_variable))?;
            let concurrent_jobs = concurrent_jobs(environment, &usual)?;
            let api_url = url.trim_end_matches('/').to_owned();
            Ok((name, Setting { api_url, interval, concurrent_jobs }))
        });
        settings.collect::<Result<_, Error>>().map(Self)
    }

    /// Base URL of a provider's API, without a trailing slash.
    pub fn api_url(&self, provider: &str) -> &str {
        self.0.get(provider).map_or("", |setting| &setting.api_url)
    }

    /// The time between two requests of all invocations together; none for no limit.
    pub fn interval(&self, provider: &str) -> Option<Duration> {
        self.0.get(provider).and_then(|setting| setting.interval)
    }

    /// How many of a provider's works may go on at once; none for no limit.
    pub fn concurrent_jobs(&self, provider: &str) -> Option<u32> {
        self.0.get(provider).and_then(|setting| setting.concurrent_jobs)
    }
}

fn variable(provider: &str, setting: &str) -> String {
    format!("{}_{setting}", provider.to_uppercase())
}

/// The time between two requests, from a millisecond to an hour; 0 is no limit.
fn interval(per_second: f64) -> Option<Option<Duration>> {
    match per_second {
        0.0 => Some(None),
        rate if (1.0 / 3600.0..=1000.0).contains(&rate) => Some(Some(Duration::from_secs_f64(1.0 / rate))),
        _ => None,
    }
}

/// How many works may go on at once; 0 is no limit.
fn concurrent_jobs(environment: &Environment, usual: &DefaultLimits) -> Result<Option<u32>, Error> {
    let Some(usually) = usual.concurrent_jobs else { return Ok(None) };
    let variable = variable(usual.name, "CONCURRENT_JOBS");
    match environment.parsed(&variable, usually, "a whole number")? {
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
        let usual = DefaultLimits {
            name: "maker",
            api_url: "https://api.maker.example",
            requests_per_second: 2.0,
            concurrent_jobs: Some(3),
        };
        let unlimited = DefaultLimits { name: "other", concurrent_jobs: None, ..usual };
        ProviderSettings::read(&environment, [usual, unlimited])
    }

    #[test]
    fn a_provider_has_its_own_address_and_pace() {
        let usual = read(&[]).expect("defaults");
        assert_eq!(usual.api_url("maker"), "https://api.maker.example");
        assert_eq!(usual.interval("maker"), Some(Duration::from_millis(500)));
        let set = [("MAKER_API_URL", "http://127.0.0.1:1/"), ("MAKER_REQUESTS_PER_SECOND", "0")];
        let set = read(&set).expect("good");
        assert_eq!((set.api_url("maker"), set.interval("maker")), ("http://127.0.0.1:1", None));
    }

    #[test]
    fn how_much_goes_on_at_once_is_limited_where_it_can_be() {
        let jobs = |value: &str| {
            let set = [("MAKER_CONCURRENT_JOBS", value), ("OTHER_CONCURRENT_JOBS", value)];
            read(&set).map(|read| (read.concurrent_jobs("maker"), read.concurrent_jobs("other")))
        };
        assert_eq!(read(&[]).expect("defaults").concurrent_jobs("maker"), Some(3));
        assert_eq!(jobs("0").expect("good"), (None, None));
        assert_eq!(jobs("100").expect("good"), (Some(100), None));
        for wrong in ["101", "-1", "many"] {
            let error = jobs(wrong).expect_err("refused");
            assert!(error.message.contains("MAKER_CONCURRENT_JOBS"), "{wrong}");
        }
    }

    #[test]
    fn a_pace_beyond_reason_is_refused_by_name() {
        for rate in ["-1", "1001", "0.00001", "NaN", "fast"] {
            let error = read(&[("MAKER_REQUESTS_PER_SECOND", rate)]).expect_err("refused");
            assert!(error.message.contains("MAKER_REQUESTS_PER_SECOND"), "{rate}");
        }
    }
}
