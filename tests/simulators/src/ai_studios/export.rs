//! The accepted exports of the account.

use serde_json::{Value, json};

/// The number, the cost and the log of accepted exports.
#[derive(Debug, Default)]
pub(super) struct Exports {
    pub(super) accepted_posts: u64,
    pub(super) credits: u32,
    pub(super) log: Vec<Value>,
}

impl Exports {
    pub(super) fn view(&self) -> Value {
        json!({"accepted_posts": self.accepted_posts, "credits": self.credits, "exports": self.log})
    }
}
