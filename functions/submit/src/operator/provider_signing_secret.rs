//! Use case: fetch, rotate or revoke a provider's signing secret, and keep Landfall's list in sync.
//!
//! The order of the steps makes sure that no delivery is rejected in between. Every action first stores the provider's
//! present secret in the list. After a rotation the provider signs with both secrets, or for a minute with the old one
//! alone. So a receiver that knows only the old secret accepts every delivery until the new one is stored. If storing
//! it fails, a `fetch` at any time within the overlap repairs the list.

use model::{Error, ErrorClass};
use provider_client::ProviderClient;
use providers::{
    ApiAccess, Credentials, Provider, SecretRetention, SigningAction, SigningSecret, secret_fingerprint,
};
use secrets::{SecretStore, SecretVersion};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    operator::{operator_command::SigningCommand, signing_status::SigningStatus},
};

/// The most queries of the provider when others change Landfall's secret at the same time.
const MAX_ATTEMPTS: u32 = 5;

/// Manages the signing secret of a provider.
pub(crate) struct SigningSecretManager<'a> {
    pub(crate) provider: &'static dyn Provider,
    pub(crate) api_url: &'a str,
    pub(crate) secrets: &'a SecretStore,
    pub(crate) provider_client: ProviderClient<'a>,
}

impl<'a> SigningSecretManager<'a> {
    pub(crate) fn new(
        clients: &'a Clients,
        provider: &'static dyn Provider,
        deadline: OffsetDateTime,
    ) -> Self {
        Self {
            provider,
            api_url: clients.config.providers.api_url(provider.name()),
            secrets: &clients.secrets,
            provider_client: clients.provider_client(provider, None, deadline),
        }
    }

    /// Runs a command. The response contains fingerprints and times, never a secret.
    pub(crate) async fn run(&self, command: SigningCommand) -> Result<Value, Error> {
        let status = match command {
            SigningCommand::Status => self.fetch_status(&self.secrets.fetch_current_version().await?).await?,
            SigningCommand::Run(SigningAction::Fetch) => self.sync_list(SecretRetention::AllValid).await?.1,
            SigningCommand::Run(action @ SigningAction::Rotate { force }) => {
                let retention = if force { SecretRetention::OnlyReplaced } else { SecretRetention::AllValid };
                self.change_at_provider(action, retention).await?
            }
            // The revoked secret may have leaked, so it leaves the list immediately. Every delivery carries a signature
            // by the present secret as well, except within the minute after a rotation. Those deliveries are rejected,
            // and the provider retries them.
            SigningCommand::Run(action @ SigningAction::Revoke) => {
                self.change_at_provider(action, SecretRetention::Nothing).await?
            }
        };
        let mut response = status.to_json();
        response["provider"] = json!(self.provider.name());
        response["action"] = json!(command.name());
        tracing::info!(
            provider = self.provider.name(),
            action = command.name(),
            present = status.at_provider.as_ref().map(|signing| secret_fingerprint(&signing.secret)),
            "signing secret command completed"
        );
        Ok(response)
    }

    /// Fetches the status of both sides without a change. Querying the provider's secret creates one where none exists,
    /// so the provider is queried only if Landfall stores a secret.
    pub(crate) async fn fetch_status(&self, version: &SecretVersion) -> Result<SigningStatus, Error> {
        let credentials = self.read_credentials(version);
        let stored = credentials.signing_secrets();
        let at_provider = match stored.entries() {
            [] => None,
            _ => Some(self.call_provider(&credentials, SigningAction::Fetch).await?),
        };
        Ok(SigningStatus { stored, at_provider })
    }

    /// Changes the secret at the provider, after the present secret is stored, and stores the new one.
    async fn change_at_provider(
        &self,
        action: SigningAction,
        retention: SecretRetention,
    ) -> Result<SigningStatus, Error> {
        let (version, before) = self.sync_list(SecretRetention::AllValid).await?;
        let credentials = self.read_credentials(&version);
        let new_secret = match self.call_provider(&credentials, action).await {
            Ok(new_secret) => new_secret,
            Err(error) if error.class == ErrorClass::ProviderOutcomeUnknown => {
                // The request is not sent again. The provider's secret shows whether it was replaced.
                error.log("the signing secret may or may not have been changed");
                let (_, after) = self.sync_list(SecretRetention::AllValid).await?;
                return if after.differs_at_provider(&before) { Ok(after) } else { Err(error) };
            }
            Err(error) => return Err(error),
        };
        match self.store_secret(&version, new_secret, retention).await {
            Ok(Some((_, status))) => Ok(status),
            Ok(None) => self.sync_list(retention).await.map(|(_, status)| status),
            Err(error) => {
                let message = format!(
                    "the provider changed its signing secret, but Landfall's secret does not contain the change yet; \
                     the action fetch repairs it: {}",
                    error.message
                );
                Err(Error::new(error.class, message).with_source(error))
            }
        }
    }

    /// Fetches the provider's present secret and stores it first in the list, before the older ones that are retained.
    async fn sync_list(&self, retention: SecretRetention) -> Result<(SecretVersion, SigningStatus), Error> {
        let mut version = self.secrets.fetch_current_version().await?;
        for _ in 0..MAX_ATTEMPTS {
            let credentials = self.read_credentials(&version);
            let present = self.call_provider(&credentials, SigningAction::Fetch).await?;
            if let Some(synced) = self.store_secret(&version, present, retention).await? {
                return Ok(synced);
            }
            // Another writer changed the list. The provider's response may be older than that change.
            version = self.secrets.fetch_current_version().await?;
        }
        let message = "Landfall's secret was changed by others on every attempt; try again";
        Err(Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5))
    }

    /// Writes the list if it differs. Returns `None` if the secret was changed since it was read.
    async fn store_secret(
        &self,
        version: &SecretVersion,
        present: SigningSecret,
        retention: SecretRetention,
    ) -> Result<Option<(SecretVersion, SigningStatus)>, Error> {
        let before = self.read_credentials(version).signing_secrets();
        let stored = before.with_current(&present, retention, OffsetDateTime::now_utc());
        if stored != before
            && !self
                .secrets
                .update_provider_section(version, self.provider.name(), &stored.to_secret_fields())
                .await?
        {
            return Ok(None);
        }
        let status = SigningStatus { stored, at_provider: Some(present) };
        Ok(Some((self.secrets.fetch_current_version().await?, status)))
    }

    async fn call_provider(
        &self,
        credentials: &Credentials,
        action: SigningAction,
    ) -> Result<SigningSecret, Error> {
        let access = ApiAccess { api_url: self.api_url, credentials };
        let query = self.provider.manage_signing_secret(&access, action)?;
        let mut query = query.ok_or_else(|| {
            Error::invalid("provider", "this provider has no signing secret that can be managed")
        })?;
        Ok(self.provider_client.run_query(query.as_mut()).await?)
    }

    fn read_credentials(&self, version: &SecretVersion) -> Credentials {
        Credentials::new(version.document().provider_section(self.provider.name()))
    }
}
