//! The settings of providers that only operator commands use.

use std::collections::HashMap;

use model::Error;
use providers::Provider;
use runtime::{Environment, provider_variable};

/// The settings of one provider.
#[derive(Debug, Clone)]
struct ProviderOperations {
    credits_warning: Option<u64>,
    subscriptions_url: Option<String>,
}

/// The settings of every provider.
#[derive(Debug, Clone)]
pub struct OperatorSettings(HashMap<&'static str, ProviderOperations>);

impl OperatorSettings {
    /// Reads `<PROVIDER>_CREDITS_WARNING` of each provider that tells its credits, and `<PROVIDER>_SUBSCRIPTIONS_URL` of
    /// each that has a subscription service.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] naming the variable.
    pub(crate) fn read(environment: &Environment, providers: &[&dyn Provider]) -> Result<Self, Error> {
        let read = |provider: &&dyn Provider| {
            let name = provider.name();
            let variable = provider_variable(name, "CREDITS_WARNING");
            let credits_warning = (provider.default_credits_warning())
                .map(|default| environment.parse_or_default(&variable, default, "a whole number"))
                .transpose()?;
            let variable = provider_variable(name, "SUBSCRIPTIONS_URL");
            let subscriptions_url = provider.default_subscriptions_url().map(|default| {
                environment.optional(&variable).unwrap_or(default).trim_end_matches('/').to_owned()
            });
            Ok((name, ProviderOperations { credits_warning, subscriptions_url }))
        };
        providers.iter().map(read).collect::<Result<_, Error>>().map(Self)
    }

    /// At how many credits left the check of a provider warns. None when the provider does not tell its credits.
    pub(crate) fn credits_warning(&self, provider: &str) -> Option<u64> {
        self.0.get(provider)?.credits_warning
    }

    /// The base URL of a provider's subscription service, without a trailing slash. None when it has none.
    pub(crate) fn subscriptions_url(&self, provider: &str) -> Option<&str> {
        self.0.get(provider)?.subscriptions_url.as_deref()
    }
}
