//! A queue of faults. Tests fill it, and a simulator consumes it.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A fault, the calls that it applies to, and how often it applies.
#[derive(Debug, Clone)]
struct QueuedFault<F> {
    /// `METHOD /path`, with `*` for one segment.
    route: Option<String>,
    /// Restricts the fault to one subject, such as a project.
    subject: Option<String>,
    /// How many matching calls pass before the fault applies.
    after: u32,
    /// `None` applies until the faults are cleared.
    count: Option<u32>,
    fault: F,
}

/// The faults of one category, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct FaultQueue<F> {
    /// The JSON field that names the subject of a fault.
    subject_field: &'static str,
    queued: Vec<QueuedFault<F>>,
}

impl<F: Clone + Serialize + for<'de> Deserialize<'de>> FaultQueue<F> {
    /// Returns an empty queue whose faults name their subject in the field `subject_field`.
    pub(crate) fn with_subject_field(subject_field: &'static str) -> Self {
        Self { subject_field, queued: Vec::new() }
    }

    /// Queues the fault that `{"kind", "route", "after", "count", …}` describes, or returns what is wrong with
    /// it.
    pub(crate) fn queue(&mut self, mut fields: Map<String, Value>) -> Result<(), String> {
        let route = optional_text(&mut fields, "route")?;
        let subject = optional_text(&mut fields, self.subject_field)?;
        let after = fields.remove("after").map_or(Ok(0), |after| whole_number(&after, 0, "after"))?;
        let count = match fields.remove("count") {
            None => Some(1),
            Some(Value::Null) => None,
            Some(count) => Some(whole_number(&count, 1, "count")?),
        };
        self.queued.push(QueuedFault { route, subject, after, count, fault: parse_fault(fields)? });
        Ok(())
    }

    /// Takes one use of the first fault that applies to a call.
    pub(crate) fn take_for_call(&mut self, method: &Method, path: &str, subject: Option<&str>) -> Option<F> {
        self.take(subject, |route| matches_route(route, method, path))
    }

    /// Takes one use of the first fault that applies to something without a route.
    pub(crate) fn take_for_subject(&mut self, subject: Option<&str>) -> Option<F> {
        self.take(subject, |_| false)
    }

    fn take(&mut self, subject: Option<&str>, on_route: impl Fn(&str) -> bool) -> Option<F> {
        let applies = |queued: &QueuedFault<F>| {
            queued.route.as_deref().is_none_or(&on_route)
                && queued.subject.as_deref().is_none_or(|requested| subject == Some(requested))
        };
        let at = self.queued.iter().position(applies)?;
        let queued = self.queued.get_mut(at)?;
        if queued.after > 0 {
            queued.after -= 1;
            return None;
        }
        let fault = queued.fault.clone();
        match &mut queued.count {
            None => {}
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                self.queued.remove(at);
            }
        }
        Some(fault)
    }

    /// Removes the faults of this subject.
    pub(crate) fn remove_for_subject(&mut self, subject: &str) {
        self.queued.retain(|queued| queued.subject.as_deref() != Some(subject));
    }

    /// Returns each fault as it was queued. `on` names their category.
    pub(crate) fn list(&self, on: &str) -> Vec<Value> {
        let view = |queued: &QueuedFault<F>| {
            let mut view = serde_json::to_value(&queued.fault).unwrap_or_default();
            view["on"] = on.into();
            view["route"] = json!(queued.route);
            view[self.subject_field] = json!(queued.subject);
            view["after"] = json!(queued.after);
            view["count"] = json!(queued.count);
            view
        };
        self.queued.iter().map(view).collect()
    }
}

/// Whether the call matches `METHOD /path`, where `*` stands for one segment.
pub(crate) fn matches_route(route: &str, method: &Method, path: &str) -> bool {
    let Some((requested, pattern)) = route.split_once(' ') else { return false };
    let mut segments = path.split('/');
    let fits = |part: &str| segments.next().is_some_and(|segment| part == "*" || part == segment);
    requested == method.as_str() && pattern.split('/').all(fits) && segments.next().is_none()
}

/// Removes an optional string from the fields.
pub(crate) fn optional_text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} must be a string")),
    }
}

/// Reads a whole number of at least `min`.
pub(crate) fn whole_number(value: &Value, min: u32, name: &str) -> Result<u32, String> {
    let value = value.as_u64().and_then(|value| u32::try_from(value).ok()).filter(|value| *value >= min);
    value.ok_or_else(|| format!("{name} must be a whole number of at least {min}"))
}

/// Parses a fault. Rejects fields that the kind does not have, because serde accepts any field for a kind
/// without fields.
pub(crate) fn parse_fault<F: Serialize + for<'de> Deserialize<'de>>(
    fields: Map<String, Value>,
) -> Result<F, String> {
    let given: Vec<String> = fields.keys().cloned().collect();
    let fault: F = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    let known = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
    match given.iter().find(|field| known.get(field.as_str()).is_none()) {
        Some(unknown) => Err(format!("unknown field `{unknown}`")),
        None => Ok(fault),
    }
}
