//! Use case: check the configuration, credentials and connectivity that jobs need.
//!
//! A failed check is a result and no error, so that the other checks still run.

use bytes::Bytes;
use http::{Method, StatusCode};
use job_store::JobStore;
use model::{Error, ErrorClass, JobId};
use providers::{ApiAccess, Credentials, HealthCheckResult, HealthCheckStatus};
use secrets::SecretDocument;
use serde_json::{Map, Value, json};

use crate::{
    config::Config,
    operator::{
        callback_url_check::check_callback_url, provider_credits::check_credits,
        provider_signing_secret::SigningSecretManager, webhook_signing_secret::check_webhook_secret,
        workspace_subscription::SubscriptionManager,
    },
};

/// The check of a deployment for one provider.
pub(crate) struct DeploymentCheck<'a> {
    pub(crate) config: &'a Config,
    pub(crate) job_store: &'a JobStore,
    pub(crate) signing_secret: SigningSecretManager<'a>,
    pub(crate) subscriptions: SubscriptionManager<'a>,
}

/// The results, in the order of the checks.
#[derive(Default)]
struct CheckReport(Vec<(&'static str, HealthCheckResult)>);

impl CheckReport {
    fn add(&mut self, name: &'static str, result: Result<HealthCheckResult, Error>) {
        let result =
            result.unwrap_or_else(|error| HealthCheckResult::new(HealthCheckStatus::Failed, error.message));
        self.0.push((name, result));
    }

    fn into_json(self) -> Value {
        let ok = self.0.iter().all(|(_, result)| result.status != HealthCheckStatus::Failed);
        let checks: Vec<Value> = (self.0.into_iter())
            .map(|(name, HealthCheckResult { status, detail })| {
                json!({ "name": name, "status": status_name(status), "detail": detail })
            })
            .collect();
        json!({ "ok": ok, "checks": checks })
    }
}

fn status_name(status: HealthCheckStatus) -> &'static str {
    match status {
        HealthCheckStatus::Ok => "ok",
        HealthCheckStatus::Warning => "warning",
        HealthCheckStatus::Failed => "failed",
    }
}

impl DeploymentCheck<'_> {
    /// Runs every check. `fields` are the provider's own.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`] for invalid fields. Everything else is reported as a failed check.
    pub(crate) async fn run(&self, fields: Map<String, Value>) -> Result<Value, Error> {
        let mut report = CheckReport::default();
        report.add("table", self.check_table().await);
        report.add("callback_url", Ok(check_callback_url(&self.config.webhook_url)));
        report.add("receiver", self.check_receiver().await);
        match self.signing_secret.secrets.fetch_current_version().await {
            Err(error) => report.add("secret", Err(error)),
            Ok(version) => {
                report.add("callback_key", Ok(check_callback_key(version.document())));
                report.add("webhook_secret", Ok(check_webhook_secret(version.document())));
                let section = version.document().provider_section(self.signing_secret.provider.name());
                self.check_provider(&Credentials::new(section), fields, &mut report).await?;
                if !self.signing_secret.provider.signs_deliveries() {
                    return Ok(report.into_json());
                }
                let status = self.signing_secret.fetch_status(&version).await;
                report.add(
                    "signing",
                    status.map(|status| {
                        let (health, detail) = status.compare();
                        let is_failure =
                            self.config.require_signatures && health == HealthCheckStatus::Warning;
                        HealthCheckResult::new(
                            if is_failure { HealthCheckStatus::Failed } else { health },
                            detail,
                        )
                    }),
                );
            }
        }
        Ok(report.into_json())
    }

    async fn check_provider(
        &self,
        credentials: &Credentials,
        fields: Map<String, Value>,
        report: &mut CheckReport,
    ) -> Result<(), Error> {
        let access = ApiAccess { api_url: self.signing_secret.api_url, credentials };
        let checks = match self.signing_secret.provider.health_checks(&access, fields) {
            Ok(checks) => checks,
            Err(error) if error.violations.is_empty() => {
                report.add("key", Err(error));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let client = self.signing_secret.provider_client;
        for (name, mut query) in checks {
            report.add(name, client.run_query(query.as_mut()).await.map_err(Error::from));
        }
        let provider = self.signing_secret.provider;
        if let Some(warning) = self.config.operator.credits_warning(provider.name())
            && let Some(result) = check_credits(provider, &access, client, warning).await.transpose()
        {
            report.add("credits", result);
        }
        if let Some(result) = self.subscriptions.check(credentials).await {
            report.add("subscriptions", Ok(result));
        }
        Ok(())
    }

    /// Reads a job that does not exist.
    async fn check_table(&self) -> Result<HealthCheckResult, Error> {
        self.job_store.get(JobId::generate()).await?;
        Ok(HealthCheckResult::new(HealthCheckStatus::Ok, "the table can be read"))
    }

    /// Sends a callback with an invalid token. A receiver that can read its secret responds with 401.
    async fn check_receiver(&self) -> Result<HealthCheckResult, Error> {
        let mut url = self.config.webhook_url.clone();
        let (provider, job) = (self.signing_secret.provider.name(), JobId::generate().to_string());
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["webhooks", provider, &job, "check"]);
        }
        let request = http::Request::builder().method(Method::POST).uri(url.as_str()).body(Bytes::new());
        let request = request.map_err(|e| {
            Error::new(ErrorClass::Misconfigured, "WEBHOOK_URL is not a valid request URL").with_source(e)
        })?;
        Ok(match self.signing_secret.provider_client.send_request(request).await {
            Ok(response) if response.status() == StatusCode::UNAUTHORIZED => HealthCheckResult::new(
                HealthCheckStatus::Ok,
                "the webhook receiver responds, and rejects an invalid callback token",
            ),
            Ok(response) => {
                let status = response.status().as_u16();
                HealthCheckResult::new(
                    HealthCheckStatus::Failed,
                    format!("the webhook receiver responds with HTTP {status}; expected 401"),
                )
            }
            Err(_) => HealthCheckResult::new(
                HealthCheckStatus::Failed,
                "the webhook receiver cannot be reached from the submit function",
            ),
        })
    }
}

fn check_callback_key(secret: &SecretDocument) -> HealthCheckResult {
    match secret.callback_keys().is_empty() {
        false => HealthCheckResult::new(HealthCheckStatus::Ok, "there is a key for callback tokens"),
        true => HealthCheckResult::new(
            HealthCheckStatus::Failed,
            "no callback_key in Landfall's secret: no job can be submitted",
        ),
    }
}
