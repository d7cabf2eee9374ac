//! Observations: what a message of a provider says about the provider itself, beside the work that it is about.

use crate::CreditBalance;

/// The maximum length of an observed value, in characters.
const MAX_VALUE_CHARS: usize = 64;

/// An observation in a response or a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The credits that the account has left. The first balance is the one that work consumes.
    Credits(Vec<CreditBalance>),
    /// A value that this version of Landfall does not know, of a field whose known values it has. It is processed
    /// nevertheless.
    UnknownValue {
        /// What the value is, such as `event_type`.
        field: &'static str,
        /// The value: at most 64 characters, with every unusual one replaced by `?`.
        value: String,
    },
}

impl Observation {
    /// Creates the observation of an unknown value. The value comes from outside and goes to the log.
    pub(crate) fn unknown_value(field: &'static str, value: &str) -> Self {
        let is_usual = |c: char| c.is_ascii_alphanumeric() || "_-.: /".contains(c);
        let limited = value.chars().take(MAX_VALUE_CHARS);
        let value = limited.map(|c| if is_usual(c) { c } else { '?' }).collect();
        Observation::UnknownValue { field, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_is_short_and_has_no_unusual_characters() {
        let Observation::UnknownValue { value, .. } =
            Observation::unknown_value("event_type", &format!("NEW\n\u{1b}é{}", "x".repeat(100)))
        else {
            panic!("another observation")
        };
        assert_eq!(value, format!("NEW???{}", "x".repeat(58)));
    }
}
