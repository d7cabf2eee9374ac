//! Use case: read the credits that the accounts at the providers have left. The schedule of `template.yaml` does, so that
//! the metric `ProviderCreditsLeft` and its alarm have a value of the last hour. Every response with credits is measured where
//! it arrives.

use model::Error;
use provider_client::ProviderClient;
use providers::{ApiAccess, Credentials, CreditBalance, HealthCheckResult, HealthCheckStatus, Provider};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::clients::Clients;

/// Runs the command `read_credits`: reads the credits of every provider that has a warning level other than 0 and a key.
/// Without a level nobody waits for the value, and CloudWatch would bill the metric. The failure of one provider is a part of
/// the response.
///
/// # Errors
/// Landfall's secret cannot be read.
pub(crate) async fn run_read_credits(clients: &Clients, deadline: OffsetDateTime) -> Result<Value, Error> {
    let secret = clients.secrets.get().await?;
    let mut read = vec![];
    let is_watched =
        |name: &str| clients.config.operator.credits_warning(name).is_some_and(|level| level > 0);
    for provider in providers::ALL.iter().copied().filter(|provider| is_watched(provider.name())) {
        let credentials = Credentials::new(secret.provider_section(provider.name()));
        let api_url = clients.config.providers.api_url(provider.name());
        let access = ApiAccess { api_url, credentials: &credentials };
        // A provider without a key is not in use.
        let Ok(Some(mut query)) = provider.read_credits(&access) else { continue };
        let client = clients.provider_client(provider, None, deadline);
        read.push(match client.run_query(query.as_mut()).await.map_err(Error::from) {
            Ok(balances) => json!({ "provider": provider.name(), "credits": to_json(&balances) }),
            Err(error) => {
                error.log("the credits of a provider cannot be read");
                json!({ "provider": provider.name(), "error": error.message })
            }
        });
    }
    Ok(json!({ "providers": read }))
}

fn to_json(balances: &[CreditBalance]) -> Vec<Value> {
    let balance = |balance: &CreditBalance| {
        let CreditBalance { kind, available, limit, consumed, extra } = balance;
        json!({
            "kind": kind, "left": balance.left(), "available": available, "limit": limit, "consumed": consumed,
            "extra": extra,
        })
    };
    balances.iter().map(balance).collect()
}

/// Checks the credits of a provider: warns when at most `warning` are left of those that work consumes. Unreadable ones
/// are a warning as well, since jobs do not need to read them. None when the provider does not tell its credits.
pub(crate) async fn check_credits(
    provider: &dyn Provider,
    access: &ApiAccess<'_>,
    client: ProviderClient<'_>,
    warning: u64,
) -> Result<Option<HealthCheckResult>, Error> {
    let Some(mut query) = provider.read_credits(access)? else { return Ok(None) };
    Ok(Some(match client.run_query(query.as_mut()).await.map_err(Error::from) {
        Ok(balances) => judge_credits(&balances, warning),
        Err(error) => HealthCheckResult::new(
            HealthCheckStatus::Warning,
            format!("the credits cannot be read: {}", error.message),
        ),
    }))
}

fn judge_credits(balances: &[CreditBalance], warning: u64) -> HealthCheckResult {
    let figures: Vec<String> = balances.iter().map(ToString::to_string).collect();
    let figures = figures.join("; ");
    match balances.first().and_then(CreditBalance::left) {
        Some(0) => HealthCheckResult::new(
            HealthCheckStatus::Warning,
            format!("no credits are left, so that work which costs some is refused: {figures}"),
        ),
        Some(left) if left <= warning => HealthCheckResult::new(
            HealthCheckStatus::Warning,
            format!("{left} credits are left, and the warning level is {warning}: {figures}"),
        ),
        Some(_) | None => HealthCheckResult::new(HealthCheckStatus::Ok, figures),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_credits_are_a_warning_with_the_figures() {
        let check = |available: Option<u64>, extra: u64| {
            let balance =
                CreditBalance { kind: "generation", available, limit: Some(500), consumed: 1, extra };
            let result = judge_credits(&[balance], 20);
            assert!(result.detail.contains("1 consumed"), "{}", result.detail);
            result.status
        };
        assert_eq!(check(Some(15), 6), HealthCheckStatus::Ok);
        assert_eq!(check(Some(15), 5), HealthCheckStatus::Warning);
        assert_eq!(check(Some(0), 0), HealthCheckStatus::Warning);
        assert_eq!(check(None, 0), HealthCheckStatus::Ok);
    }
}
