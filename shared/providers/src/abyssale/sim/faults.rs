//! The queues of faults that tests fill and that calls, deliveries and downloads use up.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fault::{ArchiveFault, CallFault, DeliveryFault};

/// A fault, where it applies, and how often.
#[derive(Debug, Clone)]
struct Queued<F> {
    route: Option<String>,
    /// `None` stands until the faults are cleared.
    count: Option<u32>,
    fault: F,
}

/// The queues. In each, the first fault whose route matches is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    calls: Vec<Queued<CallFault>>,
    deliveries: Vec<Queued<DeliveryFault>>,
    archives: Vec<Queued<ArchiveFault>>,
}

impl Faults {
    /// Queues what `{"on", "route", "count", "kind", …}` describes, or tells what is wrong with it.
    pub(super) fn queue(&mut self, mut wanted: Value) -> Result<(), String> {
        let fields = wanted.as_object_mut().ok_or("a fault must be an object")?;
        let on = fields.remove("on");
        let route = match fields.remove("route") {
            None | Some(Value::Null) => None,
            Some(Value::String(route)) => Some(route),
            Some(_) => return Err("route must be a string".to_owned()),
        };
        let count = match fields.remove("count") {
            None => Some(1),
            Some(Value::Null) => None,
            Some(count) => Some(uses(&count)?),
        };
        match on.as_ref().and_then(Value::as_str) {
            Some("call") => self.calls.push(Queued { route, count, fault: parse(wanted)? }),
            Some("delivery") => self.deliveries.push(Queued { route, count, fault: parse(wanted)? }),
            Some("archive") => self.archives.push(Queued { route, count, fault: parse(wanted)? }),
            Some(_) | None => return Err("on must be call, delivery or archive".to_owned()),
        }
        Ok(())
    }

    pub(super) fn for_call(&mut self, method: &Method, path: &str) -> Option<CallFault> {
        take(&mut self.calls, |route, _| route.is_none_or(|route| same_route(route, method, path)))
    }

    pub(super) fn for_archive(&mut self, method: &Method, path: &str) -> Option<ArchiveFault> {
        take(&mut self.archives, |route, _| route.is_none_or(|route| same_route(route, method, path)))
    }

    /// A fault of the schedule of a delivery to `target`, which is `callback` or `subscription`.
    pub(super) fn for_schedule(&mut self, target: &str) -> Option<DeliveryFault> {
        take(&mut self.deliveries, |route, fault| {
            fault.of_schedule() && route.is_none_or(|route| route == target)
        })
    }

    /// A fault of the next attempt to `target`.
    pub(super) fn for_attempt(&mut self, target: &str) -> Option<DeliveryFault> {
        take(&mut self.deliveries, |route, fault| {
            !fault.of_schedule() && route.is_none_or(|route| route == target)
        })
    }

    pub(super) fn list(&self) -> Value {
        let calls = self.calls.iter().map(|queued| queued.view("call"));
        let deliveries = self.deliveries.iter().map(|queued| queued.view("delivery"));
        calls.chain(deliveries).chain(self.archives.iter().map(|queued| queued.view("archive"))).collect()
    }
}

impl<F: Serialize> Queued<F> {
    fn view(&self, on: &str) -> Value {
        let mut view = serde_json::to_value(&self.fault).unwrap_or_default();
        view["on"] = on.into();
        view["route"] = json!(self.route);
        view["count"] = json!(self.count);
        view
    }
}

/// Takes one use of the first fault that applies.
fn take<F: Clone>(queue: &mut Vec<Queued<F>>, applies: impl Fn(Option<&str>, &F) -> bool) -> Option<F> {
    let at = queue.iter().position(|queued| applies(queued.route.as_deref(), &queued.fault))?;
    let queued = &mut queue[at];
    let fault = queued.fault.clone();
    match &mut queued.count {
        None => {}
        Some(count) if *count > 1 => *count -= 1,
        Some(_) => {
            queue.remove(at);
        }
    }
    Some(fault)
}

/// `METHOD /path`, where `*` stands for one segment.
fn same_route(route: &str, method: &Method, path: &str) -> bool {
    let Some((wanted, pattern)) = route.split_once(' ') else { return false };
    let mut segments = path.split('/');
    let fits = |part: &str| segments.next().is_some_and(|segment| part == "*" || part == segment);
    wanted == method.as_str() && pattern.split('/').all(fits) && segments.next().is_none()
}

fn uses(count: &Value) -> Result<u32, String> {
    let count = count.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    count.ok_or_else(|| "count must be at least 1, or null for ever".to_owned())
}

fn parse<F: for<'de> Deserialize<'de>>(value: Value) -> Result<F, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
