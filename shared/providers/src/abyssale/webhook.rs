//! Authenticates and reads the deliveries of Abyssale (contract 6).

use model::{JobEvent, ProviderJobId, Source};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    banner, batch_result,
    order::{BANNER, EXPORT, GENERATION, IMAGE, MULTIPAGE_PDF},
    verify_signature::verify_signature,
};
use crate::{Authenticity, Credentials, Delivery, DeliveryReport, MalformedDelivery};

/// The header with the id of a delivery, the same on all its attempts (contract 6.1).
const DELIVERY_ID_HEADER: &str = "x-abyssale-delivery-id";
/// The header with the signature. It is present if the workspace has a signing secret (contract 6.1).
const SIGNATURE_HEADER: &str = "x-abyssale-signature";

/// Verifies the signature of a delivery.
pub(super) fn authenticate(
    delivery: &Delivery<'_>,
    credentials: &Credentials,
    now: OffsetDateTime,
) -> Authenticity {
    let secrets = credentials.signing_secrets().valid_at(now);
    if secrets.is_empty() {
        return Authenticity::NoSigningSecret;
    }
    let Some(header) = delivery.headers.get(SIGNATURE_HEADER) else {
        return Authenticity::InvalidSignature("signature missing");
    };
    // A header with other characters than ASCII is invalid, so a lossy conversion is safe.
    let header = String::from_utf8_lossy(header.as_bytes());
    match verify_signature(&header, delivery.body, &secrets, now.unix_timestamp()) {
        Ok(()) => Authenticity::Signed,
        Err(why) => Authenticity::InvalidSignature(why),
    }
}

/// Returns the id of a delivery, if it has the documented format.
pub(super) fn delivery_id(headers: &http::HeaderMap) -> Option<String> {
    let id = headers.get(DELIVERY_ID_HEADER)?.to_str().ok()?;
    let is_valid = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    is_valid.then(|| id.to_owned())
}

/// The types of webhook events (contract 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WebhookEventType {
    NewExport,
    NewBannerBatch,
    NewBanner,
    TemplateStatus,
}

impl WebhookEventType {
    fn name(self) -> &'static str {
        match self {
            WebhookEventType::NewExport => "NEW_EXPORT",
            WebhookEventType::NewBannerBatch => "NEW_BANNER_BATCH",
            WebhookEventType::NewBanner => "NEW_BANNER",
            WebhookEventType::TemplateStatus => "TEMPLATE_STATUS",
        }
    }

    /// Parses a name: `NewExport`, `NEW_EXPORT` and `new_export` are the same (contract 9, row 6).
    fn parse(name: &str) -> Option<Self> {
        let name: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        match name.as_str() {
            "newexport" => Some(WebhookEventType::NewExport),
            "newbannerbatch" => Some(WebhookEventType::NewBannerBatch),
            "newbanner" => Some(WebhookEventType::NewBanner),
            "templatestatus" => Some(WebhookEventType::TemplateStatus),
            _ => None,
        }
    }

    /// Detects the type by the fields of the body, for one without a name (contract 6.2, rule 2).
    fn detect(body: &Value) -> Option<Self> {
        let has = |key: &str| body.get(key).is_some();
        if has("export_id") && has("archive_url") {
            Some(WebhookEventType::NewExport)
        } else if body.get("banners").is_some_and(Value::is_array) {
            Some(WebhookEventType::NewBannerBatch)
        } else if body.get("file").is_some_and(Value::is_object) {
            Some(WebhookEventType::NewBanner)
        } else if has("status") && has("status_updated_at") {
            Some(WebhookEventType::TemplateStatus)
        } else {
            None
        }
    }
}

/// Whether an event of this name can report the end of work of this kind (contract 3.4).
pub(super) fn can_end_kind(name: &str, kind: &str) -> bool {
    match WebhookEventType::parse(name) {
        Some(WebhookEventType::NewExport) => kind == EXPORT,
        Some(WebhookEventType::NewBannerBatch) => matches!(kind, GENERATION | MULTIPAGE_PDF),
        Some(WebhookEventType::NewBanner) => matches!(kind, IMAGE | BANNER),
        Some(WebhookEventType::TemplateStatus) | None => false,
    }
}

/// The fields that may name the type of an event (contract 6.2, rule 1).
const NAME_FIELDS: [&str; 4] = ["event_type", "event", "type", "webhook_event"];

/// Returns the name of an event of an unknown type, `unnamed` for one that has neither a name nor the fields of a known
/// type.
pub(super) fn unknown_event_name(body: &Value) -> Option<String> {
    let data = body.get("data").and_then(WebhookEventType::detect);
    let is_detected = WebhookEventType::detect(body).or(data).is_some();
    let named = NAME_FIELDS.iter().find_map(|field| {
        let name = body.get(*field)?.as_str().filter(|name| !name.is_empty())?;
        Some((*field, name))
    });
    match named {
        Some((_, name)) if WebhookEventType::parse(name).is_some() => None,
        // `type` can be something else in an event without a name, such as the type of a file.
        Some(("type", _)) | None if is_detected => None,
        Some((_, name)) => Some(name.to_owned()),
        None => Some("unnamed".to_owned()),
    }
}

/// Reads a delivery, with or without an envelope.
pub(super) fn read_delivery(body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
    let body: Value =
        serde_json::from_slice(body).map_err(|e| MalformedDelivery(format!("not JSON: {e}")))?;
    if !body.is_object() {
        return Err(MalformedDelivery("not a JSON object".into()));
    }
    let report = read_report(&body);
    if matches!(&report, Ok(report) if report.event.is_some()) {
        return report;
    }
    // One sentence of the documentation mentions an envelope `data`, which no sample has (contract 6.2).
    match body.get("data").filter(|data| WebhookEventType::detect(data).is_some()) {
        Some(data) => read_report(data),
        None => report,
    }
}

fn read_report(body: &Value) -> Result<DeliveryReport, MalformedDelivery> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = NAME_FIELDS.into_iter().find_map(text);
    let detected = WebhookEventType::detect(body);
    let event_type = match name {
        // Finished work with an unknown name is accepted too: the delivery may be the only report of it.
        Some(name) => WebhookEventType::parse(name).or(detected.filter(|detected| {
            matches!(detected, WebhookEventType::NewExport | WebhookEventType::NewBannerBatch)
        })),
        None => detected,
    };
    let Some(event_type) = event_type else {
        return Ok(DeliveryReport {
            event_name: name.unwrap_or("unknown").to_owned(),
            ..DeliveryReport::without_event()
        });
    };
    let report =
        DeliveryReport { event_name: event_type.name().to_owned(), ..DeliveryReport::without_event() };
    match event_type {
        WebhookEventType::NewExport => {
            let export_id = text("export_id");
            let url = text("archive_url")
                .ok_or_else(|| MalformedDelivery("NEW_EXPORT without archive_url".into()))?;
            let event = Some(JobEvent::FilesReady { sources: vec![Source::archive(url)], missing: vec![] });
            let provider_job_id = export_id.map(ProviderJobId::new);
            Ok(DeliveryReport {
                provider_job_id,
                event,
                importable_as: Some(EXPORT),
                may_match_pending_submission: true,
                ..report
            })
        }
        WebhookEventType::NewBannerBatch => {
            // The flag is documented for polls only, and one example of a delivery has it (contract 3.4).
            let is_finalized = body.get("is_finalized").and_then(Value::as_bool).unwrap_or(true);
            let event = is_finalized.then(|| batch_result::read_event(body, OffsetDateTime::now_utc()));
            let provider_job_id = batch_result::provider_job_id(body);
            Ok(DeliveryReport {
                provider_job_id,
                event,
                importable_as: Some(GENERATION),
                may_match_pending_submission: true,
                ..report
            })
        }
        WebhookEventType::NewBanner => {
            let event = banner::has_file(body)
                .then(|| JobEvent::FilesReady { sources: banner::sources(body), missing: vec![] });
            let adoptable_as = event.is_some().then_some(BANNER);
            Ok(DeliveryReport {
                provider_job_id: banner::provider_job_id(body),
                event,
                importable_as: adoptable_as,
                ..report
            })
        }
        WebhookEventType::TemplateStatus => Ok(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_export(body: &str) -> (Option<String>, Option<String>) {
        let report = read_delivery(body.as_bytes()).expect("readable");
        let url = match report.event {
            Some(JobEvent::FilesReady { sources, .. }) => Some(sources[0].url.clone()),
            _ => None,
        };
        (report.provider_job_id.map(|id| id.as_str().to_owned()), url)
    }

    #[test]
    fn an_export_is_recognised_in_every_spelling() {
        let expected = (Some("e".to_owned()), Some("https://x/a.zip".to_owned()));
        for body in [
            r#"{"event_type":"NEW_EXPORT","export_id":"e","archive_url":"https://x/a.zip","requested_at":1.5}"#,
            r#"{"event_type":"NewExport","export_id":"e","archive_url":"https://x/a.zip"}"#,
            r#"{"type":"new_export","export_id":"e","archive_url":"https://x/a.zip","new":{"field":1}}"#,
            r#"{"export_id":"e","archive_url":"https://x/a.zip"}"#,
            r#"{"data":{"export_id":"e","archive_url":"https://x/a.zip"}}"#,
            r#"{"event_type":"NEW_EXPORT","data":{"export_id":"e","archive_url":"https://x/a.zip"}}"#,
            r#"{"type":"zip","export_id":"e","archive_url":"https://x/a.zip"}"#,
            r#"{"event":"export.finished","data":{"export_id":"e","archive_url":"https://x/a.zip"}}"#,
        ] {
            assert_eq!(read_export(body), expected, "{body}");
        }
    }

    #[test]
    fn other_and_unknown_event_types_are_named_and_have_no_event() {
        for (body, name) in [
            (r#"{"banners":[],"errors":[],"is_finalized":false}"#, "NEW_BANNER_BATCH"),
            (r#"{"file":{"type":"png"}}"#, "NEW_BANNER"),
            (r#"{"id":"d","status":"APPROVED","status_updated_at":1}"#, "TEMPLATE_STATUS"),
            (r#"{"event_type":"SOMETHING_NEW","id":"e","archive_url":"https://x"}"#, "SOMETHING_NEW"),
            (r#"{}"#, "unknown"),
        ] {
            let report = read_delivery(body.as_bytes()).expect("readable");
            assert_eq!(
                (report.event_name.as_str(), report.event.is_none(), report.provider_job_id),
                (name, true, None),
                "{body}"
            );
        }
    }

    #[test]
    fn a_batch_is_recognised_in_every_spelling_and_a_banner_by_its_version() {
        let banner = r#"{"id":"b","version":3,"file":{"type":"png","url":"https://h/b.png"}}"#;
        for body in [
            format!(r#"{{"event_type":"NEW_BANNER_BATCH","id":"g","banners":[{banner}]}}"#),
            format!(
                r#"{{"generation_request_id":"g","banners":[{banner}],"errors":[],"is_finalized":true}}"#
            ),
            format!(r#"{{"data":{{"id":"g","banners":[{banner}]}}}}"#),
            format!(r#"{{"event":"generation.done","id":"g","banners":[{banner}]}}"#),
        ] {
            let report = read_delivery(body.as_bytes()).expect("readable");
            assert_eq!(report.provider_job_id, Some(ProviderJobId::new("g")), "{body}");
            assert!(
                matches!(report.event, Some(JobEvent::FilesReady { sources, .. }) if sources.len() == 1),
                "{body}"
            );
            assert_eq!(report.importable_as, Some(GENERATION));
        }
        let report = read_delivery(banner.as_bytes()).expect("readable");
        assert_eq!(
            (report.provider_job_id, report.importable_as),
            (Some(ProviderJobId::new("b#3")), Some(BANNER))
        );
    }

    #[test]
    fn malformed_deliveries_are_rejected() {
        for body in ["", "[]", "\"x\"", "{", r#"{"event_type":"NEW_EXPORT","export_id":"e"}"#] {
            assert!(read_delivery(body.as_bytes()).is_err(), "{body}");
        }
    }
}
