//! Names that come from outside the job: which provider, and the provider's own id for the work.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A provider's name as it stands in requests, callback paths and S3 keys, such as `abyssale`.
///
/// Only the table of providers makes these, so a name is always safe in a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderName(String);

impl ProviderName {
    /// Wraps the name under which a provider is registered: lower-case letters, digits, `_` and `-`.
    pub fn new(registered: &str) -> Self {
        Self(registered.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The provider's id for the work it accepted, such as an Abyssale `export_id`. Opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderJobId(String);

impl ProviderJobId {
    /// Wraps an id exactly as the provider spelled it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The provider's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderJobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
