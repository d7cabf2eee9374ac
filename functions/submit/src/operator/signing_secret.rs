//! Use case: fetch, rotate or revoke a provider's signing secret, and keep Landfall's own list in step.
//!
//! The order matters, so that no delivery is refused meanwhile. Whatever is done, the provider's present secret is
//! in the list first. After a rotation the provider signs with both secrets, or for a minute with the old one alone,
//! so that a receiver which knows only the old one lets every delivery in until the new one is stored; and should that
//! fail, the list is mended by a `fetch` at any time within the overlap.

use model::{Error, ErrorClass};
use provider_client::ProviderClient;
use providers::{
    ApiAccess, Credentials, Provider, SecretRetention, SigningAction, SigningSecret, fingerprint,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use transport::{SecretVersion, Secrets};

use crate::operator::{operator_command::SigningCommand, signing_status::SigningStatus};

/// How often the provider is asked anew because somebody else changed Landfall's secret in between.
const MAX_ATTEMPTS: u32 = 5;

/// A provider's signing secret and everything that is needed to look after it.
pub(crate) struct SigningSecretUseCase<'a> {
    pub(crate) provider: &'static dyn Provider,
    pub(crate) api_url: &'a str,
    pub(crate) secrets: &'a Secrets,
    pub(crate) provider_client: ProviderClient<'a>,
}

impl SigningSecretUseCase<'_> {
    /// Carries out a command. The answer holds fingerprints and times, never a secret.
    pub(crate) async fn carry_out(&self, command: SigningCommand) -> Result<Value, Error> {
        let known = match command {
            SigningCommand::Status => self.known(&self.secrets.current().await?).await?,
            SigningCommand::Carry(SigningAction::Fetch) => self.settle(SecretRetention::Valid).await?.1,
            SigningCommand::Carry(action @ SigningAction::Rotate { force }) => {
                self.change(action, if force { SecretRetention::Replaced } else { SecretRetention::Valid })
                    .await?
            }
            // The revoked secret may have leaked, so it leaves the list at once. Every delivery carries a code of the
            // present one too, except within the minute after a rotation; those are refused and come again.
            SigningCommand::Carry(action @ SigningAction::Revoke) => {
                self.change(action, SecretRetention::Nothing).await?
            }
        };
        let mut answer = known.shown();
        answer["provider"] = json!(self.provider.name());
        answer["action"] = json!(command.name());
        tracing::info!(
            provider = self.provider.name(),
            action = command.name(),
            present = known.present.as_ref().map(|present| fingerprint(&present.secret)),
            "signing secret looked after"
        );
        Ok(answer)
    }

    /// What is known on both sides, without changing anything: reading the provider's secret would make one where
    /// there is none, so it is read only if Landfall holds one.
    pub(crate) async fn known(&self, version: &SecretVersion) -> Result<SigningStatus, Error> {
        let credentials = self.credentials(version);
        let held = credentials.signing_secrets();
        let present = match held.held() {
            [] => None,
            _ => Some(self.asked(&credentials, SigningAction::Fetch).await?),
        };
        Ok(SigningStatus { held, present })
    }

    /// Changes the secret at the provider, between two looks at it.
    async fn change(&self, action: SigningAction, keep: SecretRetention) -> Result<SigningStatus, Error> {
        let (version, before) = self.settle(SecretRetention::Valid).await?;
        let credentials = self.credentials(&version);
        let present = match self.asked(&credentials, action).await {
            Ok(present) => present,
            Err(error) if error.class == ErrorClass::ProviderOutcomeUnknown => {
                // It is not sent again, but the provider's secret tells whether it was replaced.
                error.log("the signing secret may or may not have been changed");
                let (_, after) = self.settle(SecretRetention::Valid).await?;
                return if after.differs(&before) { Ok(after) } else { Err(error) };
            }
            Err(error) => return Err(error),
        };
        match self.store(&version, present, keep).await {
            Ok(Some((_, known))) => Ok(known),
            Ok(None) => self.settle(keep).await.map(|(_, known)| known),
            Err(error) => {
                let message = format!(
                    "the provider has done what was asked, but Landfall's secret does not say so yet; a fetch \
                     mends it: {}",
                    error.message
                );
                Err(Error::new(error.class, message).with_source(error))
            }
        }
    }

    /// Asks for the provider's present secret and puts it first in the list, beside what is kept of the others.
    async fn settle(&self, keep: SecretRetention) -> Result<(SecretVersion, SigningStatus), Error> {
        let mut version = self.secrets.current().await?;
        for _ in 0..MAX_ATTEMPTS {
            let present = self.asked(&self.credentials(&version), SigningAction::Fetch).await?;
            if let Some(settled) = self.store(&version, present, keep).await? {
                return Ok(settled);
            }
            // What the provider said before somebody else's change may be older than that change.
            version = self.secrets.current().await?;
        }
        let message = "Landfall's secret was changed by others again and again";
        Err(Error::new(ErrorClass::StorageUnavailable, message).retry_after(5))
    }

    /// Writes the list if it differs. Nothing if the secret was changed since it was read.
    async fn store(
        &self,
        version: &SecretVersion,
        present: SigningSecret,
        keep: SecretRetention,
    ) -> Result<Option<(SecretVersion, SigningStatus)>, Error> {
        let before = self.credentials(version).signing_secrets();
        let held = before.renewed(&present, keep, OffsetDateTime::now_utc());
        if held != before && !self.secrets.change(version, self.provider.name(), &held.fields()).await? {
            return Ok(None);
        }
        let known = SigningStatus { held, present: Some(present) };
        Ok(Some((self.secrets.current().await?, known)))
    }

    async fn asked(&self, credentials: &Credentials, action: SigningAction) -> Result<SigningSecret, Error> {
        let access = ApiAccess { api_url: self.api_url, credentials };
        let inquiry = self.provider.signing(&access, action)?;
        let mut inquiry = inquiry.ok_or_else(|| {
            Error::invalid("provider", "this provider has no signing secret that could be managed")
        })?;
        Ok(self.provider_client.inquire(inquiry.as_mut()).await?)
    }

    fn credentials(&self, version: &SecretVersion) -> Credentials {
        Credentials::new(version.document().provider(self.provider.name()))
    }
}
