//! Limits on what a provider reports, in a delivery or in the response to a poll.
//!
//! An authenticated delivery beyond the limits cannot be processed. It counts as malformed, so that it is recorded and
//! acknowledged. A retry would fail again when it is stored or its files are requested.

use model::{
    Error, ErrorClass, JobEvent, MAX_PROVIDER_JOB_ID_BYTES, MissingFile, Source, SourceRole, truncate_text,
};
use serde_json::{Map, Value};

use crate::{DeliveryReport, ItemStatus, MalformedDelivery, PollStatus};

/// The maximum length of an event name, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// The maximum length of a URL: servers commonly accept request lines of 8 KB, and presigned URLs stay below 4 KB.
/// The HTTP client cannot request a URL of more than 64 KB at all.
const MAX_URL_BYTES: usize = 8 * 1024;
/// The maximum number of files of one job, equal to the default for an archive.
const MAX_SOURCES: usize = 10_000;
/// The maximum length of a file name. A truncated name keeps its extension.
const MAX_FILE_NAME_BYTES: usize = 1024;
/// The maximum length of a detail of a file, and the maximum of a number. DynamoDB's maximum is 9.99E+125.
const MAX_DETAIL_BYTES: usize = 500;
const MAX_DETAIL_NUMBER: f64 = 1e15;
/// The maximum length of the stored provider state, as JSON.
const MAX_NOTES_BYTES: usize = 4 * 1024;

/// Checks and truncates the report of a delivery.
///
/// # Errors
/// [`MalformedDelivery`], which says what is too long and shows the beginning of it.
pub(crate) fn limit_report(report: DeliveryReport) -> Result<DeliveryReport, MalformedDelivery> {
    if report.event_name.len() > MAX_NAME_BYTES {
        return Err(too_long("event name", &report.event_name, MAX_NAME_BYTES));
    }
    if let Some(id) =
        report.provider_job_id.as_ref().filter(|id| id.as_str().len() > MAX_PROVIDER_JOB_ID_BYTES)
    {
        return Err(too_long("id", id.as_str(), MAX_PROVIDER_JOB_ID_BYTES));
    }
    if let Some(notes) = &report.provider_state {
        let notes = Value::Object(notes.clone()).to_string();
        if notes.len() > MAX_NOTES_BYTES {
            return Err(too_long("claim", &notes, MAX_NOTES_BYTES));
        }
    }
    let event = report.event.map(limit_event).transpose()?;
    Ok(DeliveryReport { event, ..report })
}

/// Checks and truncates the status that a poll returned. Work whose files cannot be downloaded is failed work.
pub fn limit_poll_status(status: PollStatus) -> PollStatus {
    let unusable = |why: MalformedDelivery| {
        PollStatus::NotFound(Error::new(
            ErrorClass::ProviderFailed,
            format!("the provider's response cannot be used: {why}"),
        ))
    };
    match status {
        PollStatus::Ended(event) => limit_event(event).map_or_else(unusable, PollStatus::Ended),
        PollStatus::Accepted { provider_job_id, .. }
            if provider_job_id.as_str().len() > MAX_PROVIDER_JOB_ID_BYTES =>
        {
            unusable(too_long("id", provider_job_id.as_str(), MAX_PROVIDER_JOB_ID_BYTES))
        }
        PollStatus::InProgress { .. }
        | PollStatus::Accepted { .. }
        | PollStatus::PhaseFinished
        | PollStatus::NotFound(_) => status,
    }
}

/// Checks and truncates the status of an item. An item whose file cannot be requested is missing.
pub fn limit_item_status(item: &str, status: ItemStatus) -> ItemStatus {
    let ItemStatus::Found(sources) = status else { return status };
    match limit_event(JobEvent::FilesReady { sources, missing: vec![] }) {
        Ok(JobEvent::FilesReady { missing, .. }) if !missing.is_empty() => {
            let reason = missing.into_iter().map(|missing| missing.reason).collect::<Vec<_>>().join("; ");
            ItemStatus::Missing(MissingFile { name: Some(item.to_owned()), reason })
        }
        Ok(JobEvent::FilesReady { sources, .. }) => ItemStatus::Found(sources),
        Ok(_) => ItemStatus::Found(vec![]),
        Err(why) => ItemStatus::Missing(MissingFile { name: Some(item.to_owned()), reason: why.to_string() }),
    }
}

fn limit_event(event: JobEvent) -> Result<JobEvent, MalformedDelivery> {
    let JobEvent::FilesReady { sources, mut missing } = event else { return Ok(event) };
    if sources.len() > MAX_SOURCES {
        return Err(MalformedDelivery(format!(
            "{} files; at most {MAX_SOURCES} can be landed",
            sources.len()
        )));
    }
    let (usable, unusable): (Vec<Source>, Vec<Source>) =
        sources.into_iter().partition(|source| source.url.len() <= MAX_URL_BYTES);
    // Without any usable file there is nothing to land, and a later delivery may have one.
    if let Some(first) = unusable.first().filter(|_| usable.is_empty()) {
        return Err(too_long("URL", &first.url, MAX_URL_BYTES));
    }
    let counted = unusable.into_iter().filter(|source| source.role != SourceRole::Companion);
    missing.extend(counted.map(|source| MissingFile {
        reason: format!("its URL is {} bytes long; at most {MAX_URL_BYTES} are requested", source.url.len()),
        name: source.name.map(limit_file_name),
    }));
    Ok(JobEvent::FilesReady { sources: usable.into_iter().map(limit_source).collect(), missing })
}

fn limit_source(source: Source) -> Source {
    Source { name: source.name.map(limit_file_name), details: limit_details(source.details), ..source }
}

fn limit_file_name(name: String) -> String {
    name[name.ceil_char_boundary(name.len().saturating_sub(MAX_FILE_NAME_BYTES))..].to_owned()
}

/// Keeps plain values only. Deeply nested JSON and very large numbers do not fit into a DynamoDB item.
fn limit_details(details: Map<String, Value>) -> Map<String, Value> {
    let limited = details.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, Value::String(truncate_text(&text, MAX_DETAIL_BYTES)))),
        Value::Number(number) => {
            let size = number.as_f64().map_or(f64::INFINITY, f64::abs);
            let fits = size == 0.0 || (1.0 / MAX_DETAIL_NUMBER..MAX_DETAIL_NUMBER).contains(&size);
            fits.then_some((name, Value::Number(number)))
        }
        Value::Bool(_) => Some((name, value)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    limited.collect()
}

fn too_long(what: &str, text: &str, max_bytes: usize) -> MalformedDelivery {
    // The query of a URL may hold a signature; its beginning is the host.
    let beginning = truncate_text(text.split(['?', '#']).next().unwrap_or_default(), 60);
    MalformedDelivery(format!(
        "{what} of {} bytes; at most {max_bytes} are accepted: {beginning:?}",
        text.len()
    ))
}
