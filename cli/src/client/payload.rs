//! Builds the payload of a command.

use serde_json::{Map, Value};

/// A payload of text fields. `SubmitFunction` adds the field `command`.
pub(crate) fn payload<const N: usize>(texts: [(&str, &str); N]) -> Map<String, Value> {
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}
