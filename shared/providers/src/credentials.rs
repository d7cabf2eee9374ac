//! A provider's section of Landfall's secret.

use std::fmt;

use model::Secret;
use serde_json::Value;

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

    /// A list of keys. Empty texts are dropped, since an empty key would let anyone in.
    pub fn all(&self, name: &str) -> Vec<Secret> {
        let Some(list) = self.0.get(name).and_then(Value::as_array) else { return vec![] };
        list.iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).map(Secret::new).collect()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}
