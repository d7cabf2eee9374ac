//! A token that a provider gives for its keys, for a while.

use model::Secret;
use time::OffsetDateTime;

/// What requests carry instead of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub value: Secret,
    /// When it should be exchanged for another one, a while before it ends.
    pub renew_at: OffsetDateTime,
}
