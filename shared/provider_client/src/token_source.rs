//! Tokens of providers whose requests do not carry the keys themselves.

use model::{Error, ErrorClass, Secret};
use providers::{ApiAccess, Credentials, Provider};
use time::OffsetDateTime;
use transport::{Secrets, TokenCache};

use crate::ProviderClient;

/// Gets tokens of one provider. All invocations share one: it is kept in a secret of its own, and of those who find it
/// missing or old at the same time one exchanges the keys.
#[derive(Clone, Copy)]
pub struct TokenSource<'a> {
    /// Landfall's secret, which holds the keys.
    pub secrets: &'a Secrets,
    /// The secret of tokens.
    pub tokens: &'a TokenCache,
    /// The provider.
    pub provider: &'a dyn Provider,
    /// Base URL of its API, without a trailing slash.
    pub api_url: &'a str,
}

impl TokenSource<'_> {
    /// A token that is good for a while, and another one than `refused`.
    ///
    /// # Errors
    /// What the provider says to the keys, or [`ErrorClass::Misconfigured`] or [`ErrorClass::StorageUnavailable`] from
    /// either secret.
    pub async fn token(&self, line: &ProviderClient<'_>, refused: Option<&Secret>) -> Result<Secret, Error> {
        let name = self.provider.name();
        self.tokens.token(name, refused, || self.exchange(line)).await
    }

    async fn exchange(&self, line: &ProviderClient<'_>) -> Result<(Secret, OffsetDateTime), Error> {
        let credentials = Credentials::new(self.secrets.get().await?.provider(self.provider.name()));
        let access = ApiAccess { api_url: self.api_url, credentials: &credentials };
        let inquiry = self.provider.token(&access, OffsetDateTime::now_utc())?;
        let mut inquiry =
            inquiry.ok_or_else(|| Error::new(ErrorClass::Internal, "a provider without tokens wants one"))?;
        let bare = ProviderClient { authorizes: false, ..*line };
        let token = Box::pin(bare.inquire(inquiry.as_mut())).await.map_err(Error::from)?;
        tracing::info!(metric = "TokenExchanges", count = 1, provider = self.provider.name(), "a new token");
        Ok((token.value, token.renew_at))
    }
}
