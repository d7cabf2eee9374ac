//! Use case: see whether everything is in order that a job will need, and say what is not.
//!
//! A check that fails is an answer and no failure: the others are still worth knowing.

use bytes::Bytes;
use http::{Method, StatusCode};
use job_store::JobStore;
use model::{Error, JobId};
use providers::{ApiAccess, CheckResult, CheckStatus, Credentials};
use serde_json::{Map, Value, json};
use transport::SecretDocument;
use url::{Host, Url};

use crate::{
    config::Config,
    operator::{signing_secret::SigningSecretUseCase, webhook_secret},
};

/// Everything that is looked at.
pub(crate) struct CheckUseCase<'a> {
    pub(crate) config: &'a Config,
    pub(crate) records: &'a JobStore,
    pub(crate) signing: SigningSecretUseCase<'a>,
}

/// The findings in the order in which they were made.
#[derive(Default)]
struct Findings(Vec<(&'static str, CheckResult)>);

impl Findings {
    fn note(&mut self, name: &'static str, found: Result<CheckResult, Error>) {
        self.0
            .push((name, found.unwrap_or_else(|error| CheckResult::new(CheckStatus::Failed, error.message))));
    }

    fn answer(self) -> Value {
        let ok = self.0.iter().all(|(_, finding)| finding.health != CheckStatus::Failed);
        let checks: Vec<Value> = (self.0.into_iter())
            .map(|(name, CheckResult { health, detail })| {
                json!({ "name": name, "status": status(health), "detail": detail })
            })
            .collect();
        json!({ "ok": ok, "checks": checks })
    }
}

fn status(health: CheckStatus) -> &'static str {
    match health {
        CheckStatus::Ok => "ok",
        CheckStatus::Warning => "warning",
        CheckStatus::Failed => "failed",
    }
}

impl CheckUseCase<'_> {
    /// Looks at everything. `fields` are the provider's own.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] for fields that make no sense. Whatever is out of order is an answer.
    pub(crate) async fn carry_out(&self, fields: Map<String, Value>) -> Result<Value, Error> {
        let mut findings = Findings::default();
        findings.note("table", self.table().await);
        findings.note("callback_url", Ok(callback_url(&self.config.webhook_url)));
        findings.note("receiver", self.receiver().await);
        match self.signing.secrets.current().await {
            Err(error) => findings.note("secret", Err(error)),
            Ok(version) => {
                findings.note("callback_key", Ok(callback_key(version.document())));
                findings.note("webhook_secret", Ok(webhook_secret::judged(version.document())));
                let section = version.document().provider(self.signing.provider.name());
                self.ask_provider(&Credentials::new(section), fields, &mut findings).await?;
                if !self.signing.provider.signs() {
                    return Ok(findings.answer());
                }
                findings.note(
                    "signing",
                    self.signing.known(&version).await.map(|known| {
                        let (health, detail) = known.judged();
                        let refused = self.config.require_signatures && health == CheckStatus::Warning;
                        CheckResult::new(if refused { CheckStatus::Failed } else { health }, detail)
                    }),
                );
            }
        }
        Ok(findings.answer())
    }

    async fn ask_provider(
        &self,
        credentials: &Credentials,
        fields: Map<String, Value>,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let access = ApiAccess { api_url: self.signing.api_url, credentials };
        let checks = match self.signing.provider.checks(&access, fields) {
            Ok(checks) => checks,
            Err(error) if error.violations.is_empty() => {
                findings.note("key", Err(error));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for (name, mut inquiry) in checks {
            findings.note(
                name,
                self.signing.provider_client.inquire(inquiry.as_mut()).await.map_err(Error::from),
            );
        }
        Ok(())
    }

    /// Looks for a job that does not exist.
    async fn table(&self) -> Result<CheckResult, Error> {
        self.records.get(JobId::generate()).await?;
        Ok(CheckResult::new(CheckStatus::Ok, "the table can be read"))
    }

    /// Knocks with a token that cannot be right. A receiver that reads its secret answers that it is not.
    async fn receiver(&self) -> Result<CheckResult, Error> {
        let mut url = self.config.webhook_url.clone();
        let (provider, job) = (self.signing.provider.name(), JobId::generate().to_string());
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["webhooks", provider, &job, "check"]);
        }
        let request = http::Request::builder().method(Method::POST).uri(url.as_str()).body(Bytes::new());
        let request = request.map_err(|e| {
            Error::new(model::ErrorClass::Misconfigured, "WEBHOOK_URL cannot be called").with_source(e)
        })?;
        Ok(match self.signing.provider_client.send(request).await {
            Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
                CheckResult::new(CheckStatus::Ok, "the webhook receiver answers, and refuses a wrong token")
            }
            Ok(answer) => {
                let status = answer.status().as_u16();
                CheckResult::new(
                    CheckStatus::Failed,
                    format!("the webhook receiver answers HTTP {status}; expected was 401"),
                )
            }
            Err(_) => {
                CheckResult::new(CheckStatus::Failed, "the webhook receiver cannot be reached from here")
            }
        })
    }
}

fn callback_key(secret: &SecretDocument) -> CheckResult {
    match secret.callback_keys().is_empty() {
        false => CheckResult::new(CheckStatus::Ok, "there is a key for callback tokens"),
        true => CheckResult::new(
            CheckStatus::Failed,
            "no callback_key in Landfall's secret: nothing can be submitted",
        ),
    }
}

/// What a provider may not like about an address. None of it is known to be refused, so these are warnings.
fn callback_url(url: &Url) -> CheckResult {
    let mut doubts = vec![];
    if url.scheme() != "https" {
        doubts.push("it is not https, and providers deliver by https only");
    }
    if url.port().is_some() {
        doubts.push("it names a port");
    }
    if !url.username().is_empty() || url.password().is_some() {
        doubts.push("it holds a user or password");
    }
    match url.host() {
        Some(Host::Domain(name)) if is_private(name) => doubts.push("its host is a private name"),
        Some(Host::Domain(_)) => {}
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => doubts.push("its host is an address instead of a name"),
        None => doubts.push("it has no host"),
    }
    match doubts.is_empty() {
        true => CheckResult::new(CheckStatus::Ok, "providers are given an https URL on a public host"),
        false => CheckResult::new(
            CheckStatus::Warning,
            format!("a provider may not reach WEBHOOK_URL: {}", doubts.join("; ")),
        ),
    }
}

/// Names that are in no public DNS (RFC 6761, RFC 6762, and what ICANN set aside).
fn is_private(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    last == name || ["localhost", "local", "internal", "test", "invalid", "lan", "home"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(url: &str) -> CheckResult {
        callback_url(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn a_public_https_url_is_in_order() {
        for url in ["https://abc.execute-api.eu-west-1.amazonaws.com", "https://hooks.example.com/landfall"] {
            assert_eq!(judged(url).health, CheckStatus::Ok, "{url}");
        }
    }

    #[test]
    fn each_doubt_about_a_url_is_named() {
        for (url, doubt) in [
            ("http://hooks.example.com", "not https"),
            ("https://hooks.example.com:8443", "port"),
            ("https://user:password@hooks.example.com", "user"),
            ("https://localhost", "private name"),
            ("https://receiver.internal.", "private name"),
            ("https://receiver", "private name"),
            ("https://10.0.0.1", "address"),
            ("https://[2001:4860:4860::8888]", "address"),
        ] {
            let found = judged(url);
            assert_eq!(found.health, CheckStatus::Warning, "{url}");
            assert!(found.detail.contains(doubt) && !found.detail.contains("password@"), "{}", found.detail);
        }
    }
}
