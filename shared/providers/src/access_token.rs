//! An access token that a provider issues in exchange for the keys.

use model::Secret;
use time::OffsetDateTime;

/// An access token, which requests carry instead of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub value: Secret,
    /// When to exchange the keys for a new token. This is before the token expires.
    pub renew_at: OffsetDateTime,
}
