//! Lines of text with a label each.

use serde_json::Value;

use super::terminal_text::sanitize_for_terminal;

/// Lines of the form `label  text`. A line without text is omitted.
#[derive(Debug, Default)]
pub(super) struct LabelledLines(String);

impl LabelledLines {
    /// Adds a line.
    pub(super) fn add(&mut self, label: &str, text: &str) {
        if !text.trim().is_empty() {
            self.0.push_str(&format!("{label:<15}  {}\n", sanitize_for_terminal(text)));
        }
    }

    /// Adds a line for each item. Only the first has the label.
    pub(super) fn add_list(&mut self, label: &str, items: impl Iterator<Item = String>) {
        for (index, item) in items.enumerate() {
            self.add(if index == 0 { label } else { "" }, &item);
        }
    }

    /// The lines as one text.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// The text of a field, or an empty text.
pub(super) fn text_field(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}
