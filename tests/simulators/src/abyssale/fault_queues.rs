//! The queues of faults. Tests fill them; calls, generations, deliveries and downloads consume them.

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::abyssale::banner::Banner;
use crate::abyssale::fault_types::{CallFault, DeliveryFault, DownloadFault, GenerationFault};
use crate::fault_queue::{matches_route, optional_text, parse_fault, whole_number};

/// A fault, where it applies, and how often.
#[derive(Debug, Clone)]
struct QueuedFault<F> {
    route: Option<String>,
    /// For files: restricts the fault to this format's name, and to this type as `file.type` names it.
    format: Option<String>,
    file_type: Option<String>,
    /// `None` applies until the faults are cleared.
    count: Option<u32>,
    fault: F,
}

/// The queues. In each, the first fault whose route matches is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    calls: Vec<QueuedFault<CallFault>>,
    deliveries: Vec<QueuedFault<DeliveryFault>>,
    archives: Vec<QueuedFault<DownloadFault>>,
    files: Vec<QueuedFault<DownloadFault>>,
    generations: Vec<QueuedFault<GenerationFault>>,
}

impl Faults {
    /// Queues the fault that `{"on", "route", "count", "kind", …}` describes, or returns what is wrong with it.
    pub(super) fn queue(&mut self, requested: Value) -> Result<(), String> {
        let Value::Object(mut fields) = requested else { return Err("a fault must be an object".to_owned()) };
        let on = fields.remove("on");
        let route = optional_text(&mut fields, "route")?;
        let count = match fields.remove("count") {
            None => Some(1),
            Some(Value::Null) => None,
            Some(count) => Some(whole_number(&count, 1, "count")?),
        };
        let on = on.as_ref().and_then(Value::as_str).unwrap_or_default();
        let (format, file_type) = match on {
            "file" => (optional_text(&mut fields, "format")?, optional_text(&mut fields, "file_type")?),
            _ => (None, None),
        };
        let queued = QueuedFault { route, format, file_type, count, fault: () };
        match on {
            "call" => self.calls.push(queued.with(parse_fault(fields)?)),
            "delivery" => self.deliveries.push(queued.with(parse_fault(fields)?)),
            "archive" => self.archives.push(queued.with(parse_fault(fields)?)),
            "file" => match parse_fault(fields)? {
                DownloadFault::FewerEntries { .. } => return Err("only archives have entries".to_owned()),
                fault => self.files.push(queued.with(fault)),
            },
            "generation" => self.generations.push(queued.with(parse_fault(fields)?)),
            _ => return Err("on must be call, generation, delivery, archive or file".to_owned()),
        }
        Ok(())
    }

    pub(super) fn take_for_call(&mut self, method: &Method, path: &str) -> Option<CallFault> {
        take(&mut self.calls, |queued| queued.matches_call(method, path))
    }

    pub(super) fn take_for_archive(&mut self, method: &Method, path: &str) -> Option<DownloadFault> {
        take(&mut self.archives, |queued| queued.matches_call(method, path))
    }

    /// Takes a fault of a file that is not an archive. `banner` is the banner that the file belongs to, if any.
    pub(super) fn take_for_file(
        &mut self,
        method: &Method,
        path: &str,
        banner: Option<&Banner>,
    ) -> Option<DownloadFault> {
        let format = banner.and_then(|banner| banner.format.as_deref());
        let file_type = banner.map(|banner| banner.file_type.wire_name());
        take(&mut self.files, |queued| {
            queued.matches_call(method, path)
                && queued.format.as_deref().is_none_or(|requested| Some(requested) == format)
                && queued.file_type.as_deref().is_none_or(|requested| Some(requested) == file_type)
        })
    }

    /// Takes a fault of the generation that was just accepted. Its route is the design's id.
    pub(super) fn take_for_generation(
        &mut self,
        design: Uuid,
        formats: &[Option<String>],
    ) -> Option<GenerationFault> {
        let design = design.to_string();
        take(&mut self.generations, |queued| {
            let concerns = match &queued.fault {
                GenerationFault::FormatError { format: Some(format), .. } => {
                    formats.iter().any(|requested| requested.as_ref() == Some(format))
                }
                _ => true,
            };
            concerns && queued.route.as_ref().is_none_or(|route| *route == design)
        })
    }

    /// Takes a fault of the schedule of a delivery to `target`, which is `callback` or `subscription`.
    pub(super) fn take_for_schedule(&mut self, target: &str) -> Option<DeliveryFault> {
        take(&mut self.deliveries, |queued| queued.fault.affects_schedule() && queued.matches_target(target))
    }

    /// Takes a fault of the next attempt to `target`.
    pub(super) fn take_for_attempt(&mut self, target: &str) -> Option<DeliveryFault> {
        take(&mut self.deliveries, |queued| !queued.fault.affects_schedule() && queued.matches_target(target))
    }

    pub(super) fn list(&self) -> Value {
        let calls = self.calls.iter().map(|queued| queued.view("call"));
        let deliveries = self.deliveries.iter().map(|queued| queued.view("delivery"));
        let archives = self.archives.iter().map(|queued| queued.view("archive"));
        let files = self.files.iter().map(|queued| queued.view("file"));
        let generations = self.generations.iter().map(|queued| queued.view("generation"));
        calls.chain(generations).chain(deliveries).chain(archives).chain(files).collect()
    }
}

impl QueuedFault<()> {
    fn with<F>(self, fault: F) -> QueuedFault<F> {
        let Self { route, format, file_type, count, fault: () } = self;
        QueuedFault { route, format, file_type, count, fault }
    }
}

impl<F> QueuedFault<F> {
    fn matches_call(&self, method: &Method, path: &str) -> bool {
        self.route.as_ref().is_none_or(|route| matches_route(route, method, path))
    }

    fn matches_target(&self, target: &str) -> bool {
        self.route.as_ref().is_none_or(|route| route == target)
    }
}

impl<F: Serialize> QueuedFault<F> {
    fn view(&self, on: &str) -> Value {
        let mut view = serde_json::to_value(&self.fault).unwrap_or_default();
        view["on"] = on.into();
        view["route"] = json!(self.route);
        view["count"] = json!(self.count);
        for (name, value) in [("format", &self.format), ("file_type", &self.file_type)] {
            if let Some(value) = value {
                view[name] = value.as_str().into();
            }
        }
        view
    }
}

/// Takes one use of the first fault that applies.
fn take<F: Clone>(queue: &mut Vec<QueuedFault<F>>, applies: impl Fn(&QueuedFault<F>) -> bool) -> Option<F> {
    let at = queue.iter().position(applies)?;
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
