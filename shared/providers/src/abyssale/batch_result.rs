//! Reads a finished generation of the provider's JSON, which is the same in a delivery and in a poll (contract 3.3
//! and 3.4).

use model::{Error, ErrorClass, JobEvent, MissingFile, ProviderJobId, Source};
use serde_json::Value;
use time::OffsetDateTime;

use super::banner;

/// Returns the id of the generation (contract 9, row 9).
pub(super) fn provider_job_id(body: &Value) -> Option<ProviderJobId> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("generation_request_id").or_else(|| text("id")).map(ProviderJobId::new)
}

/// Returns the event of a finished generation: its files and what is missing, or a failure (contract 7, poll result).
/// The files are sorted by the ids of their banners, so that every report of a generation is the same.
pub(super) fn read_event(body: &Value, now: OffsetDateTime) -> JobEvent {
    let list = |key: &str| body.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut banners: Vec<&Value> = list("banners").iter().collect();
    banners.sort_by_key(|banner| banner.get("id").and_then(Value::as_str).unwrap_or_default());
    let without_file = banners.iter().filter(|banner| !banner::has_file(banner)).map(|banner| MissingFile {
        name: banner.pointer("/format/id").and_then(Value::as_str).map(str::to_owned),
        reason: "Abyssale reported no file for this banner".into(),
    });
    let missing: Vec<MissingFile> =
        list("errors").iter().map(read_missing_file).chain(without_file).collect();
    let sources: Vec<Source> = banners.iter().flat_map(|banner| banner::sources(banner)).collect();
    if sources.is_empty() && !missing.is_empty() {
        let first = &missing[0].reason;
        let message = format!("Abyssale made none of the {} files; the first reason: {first}", missing.len());
        let error = Error::new(ErrorClass::ProviderFailed, message).to_job_error(now);
        return JobEvent::WorkFailed { error, missing };
    }
    JobEvent::FilesReady { sources, missing }
}

fn read_missing_file(error: &Value) -> MissingFile {
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    MissingFile {
        name: text("template_format_name").map(str::to_owned),
        reason: text("reason").unwrap_or("Abyssale gave no reason").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn count(body: Value) -> (usize, usize, bool) {
        match read_event(&body, OffsetDateTime::UNIX_EPOCH) {
            JobEvent::FilesReady { sources, missing } => (sources.len(), missing.len(), true),
            JobEvent::WorkFailed { missing, .. } => (0, missing.len(), false),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_generation_fails_only_if_it_has_errors_and_no_file() {
        let banner = json!({ "id": "b", "file": { "type": "png", "url": "https://h/b.png" } });
        let error = json!({ "template_format_name": "story", "reason": "Too long." });
        assert_eq!(count(json!({ "banners": [banner], "errors": [error] })), (1, 1, true));
        assert_eq!(count(json!({ "banners": [banner] })), (1, 0, true));
        assert_eq!(count(json!({ "banners": [], "errors": [error] })), (0, 1, false));
        assert_eq!(count(json!({ "banners": [], "errors": null })), (0, 0, true));
        assert_eq!(count(json!({ "banners": [{ "id": "b" }] })), (0, 1, false));
    }

    #[test]
    fn the_order_of_the_banners_does_not_matter() {
        let banner =
            |id: &str| json!({ "id": id, "file": { "type": "png", "url": format!("https://h/{id}") } });
        let sources = |body: Value| match read_event(&body, OffsetDateTime::UNIX_EPOCH) {
            JobEvent::FilesReady { sources, .. } => sources,
            other => panic!("{other:?}"),
        };
        let one = sources(json!({ "banners": [banner("a"), banner("b")] }));
        assert_eq!(one, sources(json!({ "banners": [banner("b"), banner("a")] })));
    }

    #[test]
    fn the_id_of_a_generation_is_read_from_either_field() {
        assert_eq!(
            provider_job_id(&json!({ "id": "a", "generation_request_id": "b" })),
            Some(ProviderJobId::new("b"))
        );
        assert_eq!(provider_job_id(&json!({ "id": "a" })), Some(ProviderJobId::new("a")));
        assert_eq!(provider_job_id(&json!({ "banners": [] })), None);
    }
}
