//! Where the access tokens of a provider come from, for providers whose requests do not carry the keys themselves.

use providers::Provider;
use secrets::{SecretStore, TokenCache};

/// The sources of one provider's keys and tokens. All invocations share one token: it is stored in its own secret,
/// and of the invocations that find it missing or expired at the same time, one exchanges the keys.
#[derive(Clone, Copy)]
pub struct TokenSource<'a> {
    /// Landfall's secret, which holds the keys.
    pub secrets: &'a SecretStore,
    /// The cache of tokens.
    pub token_cache: &'a TokenCache,
    /// The provider.
    pub provider: &'a dyn Provider,
    /// Base URL of the provider's API, without a trailing slash.
    pub api_url: &'a str,
}
