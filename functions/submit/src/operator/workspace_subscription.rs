//! Use case: subscribe to the events of a provider's workspace, or end the subscription.
//!
//! The provider's service creates one more subscription for each request and has no list of them. So the table remembers the
//! id of the subscription to each event, and a command first looks whether that one still exists and points to this receiver.

use job_store::{StoredSubscription, SubscriptionStore};
use model::{Error, ErrorClass, ProviderName};
use provider_client::ProviderClient;
use providers::{
    ApiAccess, Credentials, HealthCheckResult, HealthCheckStatus, Provider, SubscriptionAction,
    SubscriptionState,
};
use secrets::SecretStore;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{clients::Clients, operator::operator_command::SubscriptionCommand};

/// The most attempts when other invocations change the same subscription.
const MAX_ATTEMPTS: u32 = 3;

/// What a recorded subscription is at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordedState {
    /// It exists and points to this receiver.
    PointsHere,
    /// It exists and points to another URL.
    PointsElsewhere,
    /// It does not exist any more.
    Missing,
}

/// Manages the subscriptions of the workspace at a provider.
pub(crate) struct SubscriptionManager<'a> {
    provider: &'static dyn Provider,
    name: ProviderName,
    secrets: &'a SecretStore,
    store: &'a SubscriptionStore,
    provider_client: ProviderClient<'a>,
    /// The base URL of the subscription service.
    service_url: Option<&'a str>,
    /// The URL of the receiver for events of the workspace. It is not logged: an operator may have put a password into it.
    hook_url: String,
}

impl<'a> SubscriptionManager<'a> {
    pub(crate) fn new(
        clients: &'a Clients,
        provider: &'static dyn Provider,
        deadline: OffsetDateTime,
    ) -> Self {
        let mut hook_url = clients.config.webhook_url.clone();
        if let Ok(mut path) = hook_url.path_segments_mut() {
            path.pop_if_empty().extend(["webhooks", provider.name()]);
        }
        Self {
            provider,
            name: providers::provider_name(provider),
            secrets: &clients.secrets,
            store: &clients.subscriptions,
            provider_client: clients.provider_client(provider, None, deadline),
            service_url: clients.config.operator.subscriptions_url(provider.name()),
            hook_url: hook_url.into(),
        }
    }

    /// Runs a command. A repetition finds what the first one did. The response names the provider's id and no URL.
    pub(crate) async fn run(&self, command: SubscriptionCommand) -> Result<Value, Error> {
        let version = self.secrets.fetch_current_version().await?;
        let credentials = Credentials::new(version.document().provider_section(self.provider.name()));
        let event = command.event;
        let (outcome, id) = match command.is_wanted {
            true => self.subscribe(&credentials, event).await?,
            false => self.unsubscribe(&credentials, event).await?,
        };
        let provider = self.provider.name();
        tracing::info!(provider, event, outcome, "subscription command completed");
        Ok(json!({ "provider": provider, "event": event, "outcome": outcome, "subscription_id": id }))
    }

    async fn subscribe(
        &self,
        credentials: &Credentials,
        event: &'static str,
    ) -> Result<(&'static str, Option<String>), Error> {
        if credentials.signing_secrets().entries().is_empty() {
            let message = format!(
                "no signing secret of {0} is stored, and unsigned events of a workspace are rejected; run \
                 `landfall signing-secret {0} fetch` first",
                self.provider.name()
            );
            return Err(Error::new(ErrorClass::Misconfigured, message));
        }
        for _ in 0..MAX_ATTEMPTS {
            let recorded = self.store.read_subscription(&self.name, event).await?;
            let state = match &recorded {
                Some(recorded) => self.find(credentials, recorded).await?,
                None => RecordedState::Missing,
            };
            match (recorded, state) {
                (Some(recorded), RecordedState::PointsHere) => return Ok(("exists", Some(recorded.id))),
                (recorded, state) => {
                    let Some(id) = self.create(credentials, event, recorded.as_ref()).await? else {
                        continue;
                    };
                    let Some(old) = recorded.filter(|_| state == RecordedState::PointsElsewhere) else {
                        return Ok(("created", Some(id)));
                    };
                    self.remove(credentials, &old.id).await.map_err(|error| {
                        add_advice(error, format!("the former subscription {} is not removed", old.id))
                    })?;
                    return Ok(("replaced", Some(id)));
                }
            }
        }
        Err(changed_by_others())
    }

    async fn unsubscribe(
        &self,
        credentials: &Credentials,
        event: &'static str,
    ) -> Result<(&'static str, Option<String>), Error> {
        for _ in 0..MAX_ATTEMPTS {
            let Some(recorded) = self.store.read_subscription(&self.name, event).await? else {
                return Ok(("missing", None));
            };
            self.remove(credentials, &recorded.id).await?;
            if self.store.replace_subscription(&self.name, event, Some(&recorded), None).await? {
                return Ok(("removed", Some(recorded.id)));
            }
        }
        Err(changed_by_others())
    }

    /// Creates a subscription and records it in place of `before`. None when another invocation recorded one meanwhile;
    /// the new one is removed then.
    async fn create(
        &self,
        credentials: &Credentials,
        event: &'static str,
        before: Option<&StoredSubscription>,
    ) -> Result<Option<String>, Error> {
        let action = SubscriptionAction::Create { event, hook_url: &self.hook_url };
        let id = match self.call_service(credentials, action).await {
            Ok(SubscriptionState::Created { id }) => id,
            Ok(_) => return Err(Error::new(ErrorClass::Internal, "a created subscription has no id")),
            Err(error) if error.class == ErrorClass::ProviderOutcomeUnknown => {
                let advice = "look for a subscription to this receiver in the provider's dashboard before you repeat it";
                return Err(add_advice(error, advice.to_owned()));
            }
            Err(error) => return Err(error),
        };
        let created = StoredSubscription { id, hook_url: self.hook_url.clone() };
        let recorded = self.store.replace_subscription(&self.name, event, before, Some(&created)).await;
        if let Ok(true) = recorded {
            return Ok(Some(created.id));
        }
        self.remove(credentials, &created.id).await.map_err(|error| {
            add_advice(
                error,
                format!(
                    "the subscription {} exists and is not recorded; remove it in the provider's dashboard",
                    created.id
                ),
            )
        })?;
        recorded.map(|_| None)
    }

    async fn find(
        &self,
        credentials: &Credentials,
        recorded: &StoredSubscription,
    ) -> Result<RecordedState, Error> {
        Ok(match self.call_service(credentials, SubscriptionAction::Find(&recorded.id)).await? {
            SubscriptionState::Missing => RecordedState::Missing,
            SubscriptionState::Exists { hook_url: Some(url) } if url != self.hook_url => {
                RecordedState::PointsElsewhere
            }
            // The service need not tell the URL. Then it is the one with which the subscription was created.
            SubscriptionState::Exists { hook_url: None } if recorded.hook_url != self.hook_url => {
                RecordedState::PointsElsewhere
            }
            SubscriptionState::Exists { .. } | SubscriptionState::Created { .. } => RecordedState::PointsHere,
        })
    }

    async fn remove(&self, credentials: &Credentials, id: &str) -> Result<(), Error> {
        self.call_service(credentials, SubscriptionAction::Remove(id)).await.map(drop)
    }

    async fn call_service(
        &self,
        credentials: &Credentials,
        action: SubscriptionAction<'_>,
    ) -> Result<SubscriptionState, Error> {
        let access = ApiAccess { api_url: self.service_url.unwrap_or_default(), credentials };
        let query = self.provider.manage_subscription(&access, action)?;
        let mut query =
            query.ok_or_else(|| Error::invalid("provider", "this provider has no subscription service"))?;
        Ok(self.provider_client.run_query(query.as_mut()).await?)
    }

    /// Checks whether every recorded subscription exists and points to this receiver. Jobs need none, so every finding is
    /// a warning. None when the provider has no subscription service.
    pub(crate) async fn check(&self, credentials: &Credentials) -> Option<HealthCheckResult> {
        self.service_url?;
        let (mut here, mut findings) = (vec![], vec![]);
        for event in self.provider.subscription_events() {
            match self.find_recorded(credentials, event).await {
                Ok(None) => {}
                Ok(Some(RecordedState::PointsHere)) => here.push(*event),
                Ok(Some(RecordedState::PointsElsewhere)) => {
                    findings.push(format!("{event} points to another URL"))
                }
                Ok(Some(RecordedState::Missing)) => findings.push(format!("{event} does not exist any more")),
                Err(error) => findings.push(format!("{event} cannot be checked: {}", error.message)),
            }
        }
        Some(describe(self.provider.name(), &here, &findings))
    }

    /// The state of the recorded subscription to an event. None when there is none.
    async fn find_recorded(
        &self,
        credentials: &Credentials,
        event: &str,
    ) -> Result<Option<RecordedState>, Error> {
        match self.store.read_subscription(&self.name, event).await? {
            Some(recorded) => self.find(credentials, &recorded).await.map(Some),
            None => Ok(None),
        }
    }
}

fn describe(provider: &str, here: &[&str], findings: &[String]) -> HealthCheckResult {
    let existing = match here {
        [] => "`landfall subscribe` has created none, and the provider does not list others".to_owned(),
        here => format!("these exist and point to this receiver: {}", here.join(", ")),
    };
    match findings {
        [] => HealthCheckResult::new(HealthCheckStatus::Ok, existing),
        findings => HealthCheckResult::new(
            HealthCheckStatus::Warning,
            format!(
                "{}; `landfall subscribe {provider} EVENT` replaces what is missing or wrong",
                findings.join("; ")
            ),
        ),
    }
}

fn add_advice(mut error: Error, advice: String) -> Error {
    error.message = format!("{}; {advice}", error.message);
    error
}

fn changed_by_others() -> Error {
    let message = "the subscription was changed by others on every attempt; try again";
    Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5)
}
