//! Bounds of what a provider says, whoever it is and however it says it: in a delivery or in an answer.
//!
//! A delivery beyond them is authentic and of no use. It counts as unreadable, so that it is recorded and acknowledged;
//! tried again it would only be refused again by whatever has to keep or request it.

use model::{Error, ErrorClass, Event, MAX_ID_BYTES, Missing, Source, SourceRole, shortened};
use serde_json::{Map, Value};

use crate::{DeliveryReport, MalformedDelivery, PollStatus};

/// The longest name of an event, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// The longest URL: servers commonly take request lines of 8 KB, and pre-signed URLs stay below 4 KB. The HTTP client
/// cannot request one of more than 64 KB at all.
const MAX_URL_BYTES: usize = 8 * 1024;
/// The most files of one job, as many as an archive may hold unless configured otherwise.
const MAX_SOURCES: usize = 10_000;
/// The longest name of a file. What is left of it keeps its ending.
const MAX_FILE_NAME_BYTES: usize = 1024;
/// The longest detail of a file, and the greatest number among them: DynamoDB's end at 9.99E+125.
const MAX_DETAIL_BYTES: usize = 500;
const GREATEST_DETAIL: f64 = 1e15;
/// The longest notes, as JSON.
const MAX_NOTES_BYTES: usize = 4 * 1024;

/// A delivery's report, if it is within the bounds.
///
/// # Errors
/// [`MalformedDelivery`], which says what is too long and shows the beginning of it.
pub(crate) fn report(report: DeliveryReport) -> Result<DeliveryReport, MalformedDelivery> {
    if report.name.len() > MAX_NAME_BYTES {
        return Err(too_long("event name", &report.name, MAX_NAME_BYTES));
    }
    if let Some(provider_job_id) = report
        .provider_job_id
        .as_ref()
        .filter(|provider_job_id| provider_job_id.as_str().len() > MAX_ID_BYTES)
    {
        return Err(too_long("id", provider_job_id.as_str(), MAX_ID_BYTES));
    }
    if let Some(notes) = &report.notes {
        let notes = Value::Object(notes.clone()).to_string();
        if notes.len() > MAX_NOTES_BYTES {
            return Err(too_long("claim", &notes, MAX_NOTES_BYTES));
        }
    }
    let event = report.event.map(event).transpose()?;
    Ok(DeliveryReport { event, ..report })
}

/// What a provider said when it was asked, within the same bounds. Files that cannot be had are no files.
pub fn bounded_standing(standing: PollStatus) -> PollStatus {
    let gone = |why: MalformedDelivery| {
        PollStatus::Gone(Error::new(
            ErrorClass::ProviderFailed,
            format!("the provider's answer has no use: {why}"),
        ))
    };
    match standing {
        PollStatus::Told(told) => event(told).map_or_else(gone, PollStatus::Told),
        PollStatus::Found { provider_job_id, .. } if provider_job_id.as_str().len() > MAX_ID_BYTES => {
            gone(too_long("id", provider_job_id.as_str(), MAX_ID_BYTES))
        }
        PollStatus::Working { .. } | PollStatus::Found { .. } | PollStatus::Gone(_) => standing,
    }
}

fn event(event: Event) -> Result<Event, MalformedDelivery> {
    let Event::Finished { sources, mut missing } = event else { return Ok(event) };
    if sources.len() > MAX_SOURCES {
        return Err(MalformedDelivery(format!(
            "{} files; at most {MAX_SOURCES} are brought in",
            sources.len()
        )));
    }
    let (good, unusable): (Vec<Source>, Vec<Source>) =
        sources.into_iter().partition(|source| source.url.len() <= MAX_URL_BYTES);
    // Without its only file there is nothing to bring in, and a later delivery may be better.
    if let Some(first) = unusable.first().filter(|_| good.is_empty()) {
        return Err(too_long("URL", &first.url, MAX_URL_BYTES));
    }
    let counted = unusable.into_iter().filter(|source| source.role != SourceRole::Companion);
    missing.extend(counted.map(|source| Missing {
        reason: format!("its URL is {} bytes long; at most {MAX_URL_BYTES} are requested", source.url.len()),
        name: source.name.map(file_name),
    }));
    Ok(Event::Finished { sources: good.into_iter().map(bounded).collect(), missing })
}

fn bounded(source: Source) -> Source {
    Source { name: source.name.map(file_name), details: details(source.details), ..source }
}

fn file_name(name: String) -> String {
    name[name.ceil_char_boundary(name.len().saturating_sub(MAX_FILE_NAME_BYTES))..].to_owned()
}

/// Plain values only: JSON that nests, and numbers without bounds, fit into no item of the table.
fn details(details: Map<String, Value>) -> Map<String, Value> {
    let kept = details.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, Value::String(shortened(&text, MAX_DETAIL_BYTES)))),
        Value::Number(number) => {
            let size = number.as_f64().map_or(f64::INFINITY, f64::abs);
            let fits = size == 0.0 || (1.0 / GREATEST_DETAIL..GREATEST_DETAIL).contains(&size);
            fits.then_some((name, Value::Number(number)))
        }
        Value::Bool(_) => Some((name, value)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    kept.collect()
}

fn too_long(what: &str, text: &str, most: usize) -> MalformedDelivery {
    // A URL may be signed behind its beginning, and a URL's beginning is its host.
    let beginning = shortened(text.split(['?', '#']).next().unwrap_or_default(), 60);
    MalformedDelivery(format!("{what} of {} bytes, at most {most} are taken: {beginning:?}", text.len()))
}
