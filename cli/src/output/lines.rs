//! Labels and what they stand for, line by line.

use serde_json::Value;

use super::text::clean;

/// Lines with a label each. What is empty has none.
#[derive(Debug, Default)]
pub(super) struct Lines(String);

impl Lines {
    /// Adds a line.
    pub(super) fn text(&mut self, label: &str, text: &str) {
        if !text.trim().is_empty() {
            self.0.push_str(&format!("{label:<11}  {}\n", clean(text)));
        }
    }

    /// Adds a line for each, with the label before the first.
    pub(super) fn list(&mut self, label: &str, items: impl Iterator<Item = String>) {
        for (place, item) in items.enumerate() {
            self.text(if place == 0 { label } else { "" }, &item);
        }
    }

    /// All of them.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A field's text; empty when it has none.
pub(super) fn string(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}
