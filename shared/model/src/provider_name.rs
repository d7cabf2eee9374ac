//! The name of a provider, and the provider's id for its work.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A provider's name in requests, callback paths and S3 keys, such as `abyssale`.
///
/// Only registered providers have a name, so it is always safe in a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderName(String);

impl ProviderName {
    /// Wraps the registered name of a provider: lower-case letters, digits, `_` and `-`.
    pub fn new(registered: &str) -> Self {
        Self(registered.to_owned())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The provider's id for the work that it accepted, such as an Abyssale `export_id`. The id is opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderJobId(String);

impl ProviderJobId {
    /// Wraps an id exactly as the provider returned it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the id as the provider spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderJobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
