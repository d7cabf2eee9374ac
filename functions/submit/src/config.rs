//! The environment that the `submit` function reads.

use std::{collections::HashMap, time::Duration};

use lambda::Environment;
use model::{Fault, FaultClass};
use url::Url;

/// How often a provider is asked when nothing else is said. Abyssale documents 10 per second, and did 5 in an older
/// page (contract 1.5).
const REQUESTS_PER_SECOND: f64 = 5.0;

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
    /// `SUBMISSIONS_QUEUE_URL`: where jobs wait for their turn at a provider.
    pub submissions_queue_url: String,
    /// `<PROVIDER>_REQUESTS_PER_SECOND` for each provider, as the time between two requests of all invocations
    /// together. Default 5 per second; none for 0, which is no limit.
    pub intervals: HashMap<&'static str, Option<Duration>>,
    /// `LONGEST_WAIT_SECONDS`: how long a caller's own invocation waits for a turn before the job waits without it.
    /// Default 5, at most 15.
    pub longest_wait: Duration,
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
        let intervals = providers::ALL.iter().map(|provider| {
            let variable = format!("{}_REQUESTS_PER_SECOND", provider.name().to_uppercase());
            let rate = environment.parsed(&variable, REQUESTS_PER_SECOND, "a number")?;
            Ok((provider.name(), interval(rate).map_err(|()| out_of_range(&variable))?))
        });
        let longest_wait: f64 = environment.parsed("LONGEST_WAIT_SECONDS", 5.0, "a number of seconds")?;
        Ok(Self {
            table: environment.text("TABLE_NAME")?,
            secret_id: environment.text("SECRET_ID")?,
            webhook_url: webhook_url(&environment.text("WEBHOOK_URL")?)?,
            submissions_queue_url: environment.text("SUBMISSIONS_QUEUE_URL")?,
            intervals: intervals.collect::<Result<_, Fault>>()?,
            longest_wait: Duration::from_secs_f64(longest_wait.clamp(0.0, 15.0)),
            provider_timeout: Duration::from_secs_f64(seconds.clamp(0.1, 25.0)),
            api_urls: api_urls.collect(),
        })
    }
}

/// The time between two requests: from a millisecond to an hour.
fn interval(per_second: f64) -> Result<Option<Duration>, ()> {
    match per_second {
        0.0 => Ok(None),
        rate if (1.0 / 3600.0..=1000.0).contains(&rate) => Ok(Some(Duration::from_secs_f64(1.0 / rate))),
        _ => Err(()),
    }
}

fn out_of_range(variable: &str) -> Fault {
    let message =
        format!("the environment variable {variable} is neither 0 nor from 1 an hour to 1000 a second");
    Fault::new(FaultClass::Misconfigured, message)
}

fn webhook_url(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text.trim_end_matches('/')).ok().filter(|url| !url.cannot_be_a_base());
    url.ok_or_else(|| {
        Fault::new(FaultClass::Misconfigured, "the environment variable WEBHOOK_URL is not a URL")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_the_time_between_two_requests() {
        let millis = |millis| Ok(Some(Duration::from_millis(millis)));
        assert_eq!(interval(5.0), millis(200));
        assert_eq!(interval(0.5), millis(2000));
        assert_eq!(interval(1000.0), millis(1));
        assert_eq!(interval(0.0), Ok(None));
        for senseless in [-1.0, 1e-9, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(interval(senseless), Err(()), "{senseless}");
        }
    }
}
