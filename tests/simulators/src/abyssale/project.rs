//! Projects, which contain designs (contract 5.3).

use serde_json::{Value, json};
use uuid::Uuid;

/// A project.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// Unix seconds.
    pub(super) created_at: i64,
}

impl Project {
    pub(super) fn view(&self) -> Value {
        json!({"id": self.id, "name": self.name, "created_at_ts": self.created_at})
    }
}
