//! The queues of faults that tests fill and that calls, generations, deliveries and downloads use up.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::banner::Banner;
use super::fault::{CallFault, DeliveryFault, DownloadFault, GenerationFault};

/// A fault, where it applies, and how often.
#[derive(Debug, Clone)]
struct Queued<F> {
    route: Option<String>,
    /// Of files: only those of this format's name, and of this type as `file.type` names it.
    format: Option<String>,
    file_type: Option<String>,
    /// `None` stands until the faults are cleared.
    count: Option<u32>,
    fault: F,
}

/// The queues. In each, the first fault whose route matches is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    calls: Vec<Queued<CallFault>>,
    deliveries: Vec<Queued<DeliveryFault>>,
    archives: Vec<Queued<DownloadFault>>,
    files: Vec<Queued<DownloadFault>>,
    generations: Vec<Queued<GenerationFault>>,
}

impl Faults {
    /// Queues what `{"on", "route", "count", "kind", …}` describes, or tells what is wrong with it.
    pub(super) fn queue(&mut self, mut wanted: Value) -> Result<(), String> {
        let fields = wanted.as_object_mut().ok_or("a fault must be an object")?;
        let on = fields.remove("on");
        let route = text(fields, "route")?;
        let count = match fields.remove("count") {
            None => Some(1),
            Some(Value::Null) => None,
            Some(count) => Some(uses(&count)?),
        };
        let on = on.as_ref().and_then(Value::as_str).unwrap_or_default();
        let (format, file_type) = match on {
            "file" => (text(fields, "format")?, text(fields, "file_type")?),
            _ => (None, None),
        };
        let queued = Queued { route, format, file_type, count, fault: () };
        match on {
            "call" => self.calls.push(queued.with(parse(wanted)?)),
            "delivery" => self.deliveries.push(queued.with(parse(wanted)?)),
            "archive" => self.archives.push(queued.with(parse(wanted)?)),
            "file" => match parse(wanted)? {
                DownloadFault::FewerEntries { .. } => return Err("only archives have entries".to_owned()),
                fault => self.files.push(queued.with(fault)),
            },
            "generation" => self.generations.push(queued.with(parse(wanted)?)),
            _ => return Err("on must be call, generation, delivery, archive or file".to_owned()),
        }
        Ok(())
    }

    pub(super) fn for_call(&mut self, method: &Method, path: &str) -> Option<CallFault> {
        take(&mut self.calls, |queued| queued.fits(method, path))
    }

    pub(super) fn for_archive(&mut self, method: &Method, path: &str) -> Option<DownloadFault> {
        take(&mut self.archives, |queued| queued.fits(method, path))
    }

    /// A fault of a file that is no archive, of this banner if it is one's.
    pub(super) fn for_file(
        &mut self,
        method: &Method,
        path: &str,
        banner: Option<&Banner>,
    ) -> Option<DownloadFault> {
        let format = banner.and_then(|banner| banner.format.as_deref());
        let file_type = banner.map(|banner| banner.file_type.wire_name());
        take(&mut self.files, |queued| {
            queued.fits(method, path)
                && queued.format.as_deref().is_none_or(|wanted| Some(wanted) == format)
                && queued.file_type.as_deref().is_none_or(|wanted| Some(wanted) == file_type)
        })
    }

    /// A fault of the generation that was just accepted. Its route is the design's id.
    pub(super) fn for_generation(
        &mut self,
        design: Uuid,
        formats: &[Option<String>],
    ) -> Option<GenerationFault> {
        let design = design.to_string();
        take(&mut self.generations, |queued| {
            let concerns = match &queued.fault {
                GenerationFault::FormatError { format: Some(format), .. } => {
                    formats.iter().any(|asked| asked.as_ref() == Some(format))
                }
                _ => true,
            };
            concerns && queued.route.as_ref().is_none_or(|route| *route == design)
        })
    }

    /// A fault of the schedule of a delivery to `target`, which is `callback` or `subscription`.
    pub(super) fn for_schedule(&mut self, target: &str) -> Option<DeliveryFault> {
        take(&mut self.deliveries, |queued| queued.fault.of_schedule() && queued.is_to(target))
    }

    /// A fault of the next attempt to `target`.
    pub(super) fn for_attempt(&mut self, target: &str) -> Option<DeliveryFault> {
        take(&mut self.deliveries, |queued| !queued.fault.of_schedule() && queued.is_to(target))
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

impl Queued<()> {
    fn with<F>(self, fault: F) -> Queued<F> {
        let Self { route, format, file_type, count, fault: () } = self;
        Queued { route, format, file_type, count, fault }
    }
}

impl<F> Queued<F> {
    fn fits(&self, method: &Method, path: &str) -> bool {
        self.route.as_ref().is_none_or(|route| same_route(route, method, path))
    }

    fn is_to(&self, target: &str) -> bool {
        self.route.as_ref().is_none_or(|route| route == target)
    }
}

impl<F: Serialize> Queued<F> {
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
fn take<F: Clone>(queue: &mut Vec<Queued<F>>, applies: impl Fn(&Queued<F>) -> bool) -> Option<F> {
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

/// `METHOD /path`, where `*` stands for one segment.
fn same_route(route: &str, method: &Method, path: &str) -> bool {
    let Some((wanted, pattern)) = route.split_once(' ') else { return false };
    let mut segments = path.split('/');
    let fits = |part: &str| segments.next().is_some_and(|segment| part == "*" || part == segment);
    wanted == method.as_str() && pattern.split('/').all(fits) && segments.next().is_none()
}

/// Takes an optional string out of the fields.
fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} must be a string")),
    }
}

fn uses(count: &Value) -> Result<u32, String> {
    let count = count.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    count.ok_or_else(|| "count must be at least 1, or null for ever".to_owned())
}

/// Also refuses the fields that the kind does not have, which serde lets pass where a kind has none at all.
fn parse<F: Serialize + for<'de> Deserialize<'de>>(wanted: Value) -> Result<F, String> {
    let given: Vec<String> = wanted.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    let fault: F = serde_json::from_value(wanted).map_err(|error| error.to_string())?;
    let known = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
    match given.iter().find(|field| known.get(field.as_str()).is_none()) {
        Some(unknown) => Err(format!("unknown field `{unknown}`")),
        None => Ok(fault),
    }
}
