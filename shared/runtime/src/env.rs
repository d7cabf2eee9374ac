//! The environment variables of a function: the only place that reads them.

use std::collections::HashMap;

use model::{Error, ErrorClass};

/// Variables by name. Tests and the local runner make their own.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Credentials are among the values.
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The variables of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// Variables from elsewhere.
    pub fn new<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// A variable that may be absent. Empty is the same as absent: templates cannot leave one out.
    pub fn maybe(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A variable that must be there.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable.
    pub fn text(&self, name: &str) -> Result<String, Error> {
        self.maybe(name).map(str::to_owned).ok_or_else(|| bad(name, "is not set"))
    }

    /// A variable that is parsed, with a default.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable and what was expected.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str, default: T, expected: &str) -> Result<T, Error> {
        match self.maybe(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| bad(name, &format!("is not {expected}"))),
        }
    }

    /// A comma-separated list, empty when absent.
    pub fn list(&self, name: &str) -> Vec<String> {
        let parts = self.maybe(name).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

fn bad(name: &str, what: &str) -> Error {
    Error::new(ErrorClass::Misconfigured, format!("the environment variable {name} {what}"))
}
