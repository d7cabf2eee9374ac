//! The accepted calls that make something, counted with what each cost (contract 9.3).

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use crate::ai_studios::multipart;
use crate::virtual_clock::Moment;

/// Every accepted call, oldest first.
#[derive(Debug, Default)]
pub(super) struct CreationLog(Vec<Value>);

impl CreationLog {
    /// Records an accepted call with its answer, its price and the parts of its form, if it has one.
    pub(super) fn record(
        &mut self,
        path: &'static str,
        request: &Request<Bytes>,
        (data, credits): (&Value, u32),
        at: Moment,
    ) {
        let form = multipart::parse_form(request).ok();
        self.0.push(json!({
            "path": path,
            "data": data,
            "credits": credits,
            "form": form.as_deref().map(multipart::summarize_form),
            "accepted_at": at.now.unix_timestamp(),
        }));
    }

    pub(super) fn view(&self) -> Value {
        let mut by_path = Map::new();
        for path in self.0.iter().filter_map(|call| call["path"].as_str()) {
            let count = by_path.get(path).and_then(Value::as_u64).unwrap_or_default();
            by_path.insert(path.to_owned(), (count + 1).into());
        }
        let credits: u64 = self.0.iter().filter_map(|call| call["credits"].as_u64()).sum();
        json!({"accepted_posts": self.0.len(), "credits": credits, "by_path": by_path, "creations": self.0})
    }
}
