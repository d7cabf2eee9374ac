//! A provider's keys: its section of Landfall's secret.

use std::fmt;

use model::Secret;
use serde_json::Value;

use crate::SigningSecrets;

/// The keys of one provider, by their names in its section of the secret.
#[derive(Clone, Default)]
pub struct Credentials(Value);

impl Credentials {
    /// Wraps a section of the secret.
    pub fn new(section: Value) -> Self {
        Self(section)
    }

    /// Returns a key. An empty key is the same as an absent one.
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty()).map(Secret::new)
    }

    /// Returns a setting in seconds, which is a number or a text.
    pub fn get_seconds(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// Returns the secrets that sign the provider's deliveries.
    pub fn signing_secrets(&self) -> SigningSecrets {
        SigningSecrets::from_section(&self.0)
    }
}

/// The API of a provider and the keys for it. It has no `Debug`, since it holds the keys.
pub struct ApiAccess<'a> {
    /// Base URL of the provider's API, without a trailing slash.
    pub api_url: &'a str,
    /// The provider's keys.
    pub credentials: &'a Credentials,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}
