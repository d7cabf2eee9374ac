//! The environment variables of a function. No other code reads them.

use std::collections::HashMap;

use model::{Error, ErrorClass};

/// Environment variables by name. Tests and the local runner create their own.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Some values are credentials.
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The variables of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn from_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// The variables of a test or of the local runner.
    pub fn new<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// An optional variable. An empty one counts as absent, because a template cannot leave a variable out.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A required variable.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable.
    pub fn required(&self, name: &str) -> Result<String, Error> {
        self.optional(name).map(str::to_owned).ok_or_else(|| invalid_variable(name, "is not set"))
    }

    /// A variable that is parsed, or the default when it is absent.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable and what was expected.
    pub fn parse_or_default<T: std::str::FromStr>(
        &self,
        name: &str,
        default: T,
        expected: &str,
    ) -> Result<T, Error> {
        match self.optional(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| invalid_variable(name, &format!("is not {expected}"))),
        }
    }

    /// A comma-separated list, empty when the variable is absent.
    pub fn comma_separated(&self, name: &str) -> Vec<String> {
        let parts = self.optional(name).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

fn invalid_variable(name: &str, what: &str) -> Error {
    Error::new(ErrorClass::Misconfigured, format!("the environment variable {name} {what}"))
}
