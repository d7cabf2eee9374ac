//! A provider's section of Landfall's secret.

use std::fmt;

use model::Secret;
use serde_json::Value;

use crate::SigningSecrets;

/// The keys of one provider, under the names that its section of the secret gives them.
#[derive(Clone, Default)]
pub struct Credentials(Value);

impl Credentials {
    /// Wraps a section of the secret.
    pub fn new(section: Value) -> Self {
        Self(section)
    }

    /// A single key. Absent and empty are the same.
    pub fn one(&self, name: &str) -> Option<Secret> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty()).map(Secret::new)
    }

    /// A setting in seconds, as a number or a text.
    pub fn seconds(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// The secrets that sign the provider's deliveries.
    pub fn signing_secrets(&self) -> SigningSecrets {
        SigningSecrets::read(&self.0)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}
