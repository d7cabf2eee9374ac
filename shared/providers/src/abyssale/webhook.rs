//! What Abyssale delivers: whether it is authentic, and what it says (contract 6).

use model::{Event, ProviderJobId, Source};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    banner, batch_result,
    order::{BANNER, EXPORT, GENERATION, IMAGE, MULTIPAGE_PDF},
    verify_signature,
};
use crate::{Authenticity, Credentials, Delivery, DeliveryReport, MalformedDelivery};

/// Identical on all attempts of one delivery (contract 6.1).
const DELIVERY_ID: &str = "x-abyssale-delivery-id";
/// Present once the workspace has a signing secret (contract 6.1).
const SIGNATURE: &str = "x-abyssale-signature";

pub(super) fn authenticate(
    delivery: &Delivery<'_>,
    credentials: &Credentials,
    now: OffsetDateTime,
) -> Authenticity {
    let secrets = credentials.signing_secrets().valid(now);
    if secrets.is_empty() {
        return Authenticity::NotSigned;
    }
    let Some(header) = delivery.headers.get(SIGNATURE) else {
        return Authenticity::Refused("signature missing");
    };
    // Values beyond ASCII cannot match; losing them here only makes them not match.
    let header = String::from_utf8_lossy(header.as_bytes());
    match verify_signature::verify(&header, delivery.body, &secrets, now.unix_timestamp()) {
        Ok(()) => Authenticity::Signed,
        Err(why) => Authenticity::Refused(why),
    }
}

pub(super) fn delivery_id(headers: &http::HeaderMap) -> Option<String> {
    let id = headers.get(DELIVERY_ID)?.to_str().ok()?;
    let usual = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    usual.then(|| id.to_owned())
}

/// The kinds of delivery (contract 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NewExport,
    NewBannerBatch,
    NewBanner,
    TemplateStatus,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::NewExport => "NEW_EXPORT",
            Kind::NewBannerBatch => "NEW_BANNER_BATCH",
            Kind::NewBanner => "NEW_BANNER",
            Kind::TemplateStatus => "TEMPLATE_STATUS",
        }
    }

    /// `NewExport`, `NEW_EXPORT` and `new_export` are the same (contract 9, row 6).
    fn named(name: &str) -> Option<Self> {
        let name: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        match name.as_str() {
            "newexport" => Some(Kind::NewExport),
            "newbannerbatch" => Some(Kind::NewBannerBatch),
            "newbanner" => Some(Kind::NewBanner),
            "templatestatus" => Some(Kind::TemplateStatus),
            _ => None,
        }
    }

    /// By shape, when there is no name (contract 6.2, rule 2).
    fn shaped(body: &Value) -> Option<Self> {
        let has = |key: &str| body.get(key).is_some();
        if has("export_id") && has("archive_url") {
            Some(Kind::NewExport)
        } else if body.get("banners").is_some_and(Value::is_array) {
            Some(Kind::NewBannerBatch)
        } else if body.get("file").is_some_and(Value::is_object) {
            Some(Kind::NewBanner)
        } else if has("status") && has("status_updated_at") {
            Some(Kind::TemplateStatus)
        } else {
            None
        }
    }
}

/// Whether an event of this name can be the end of work of this kind (contract 3.4).
pub(super) fn may_end(name: &str, kind: &str) -> bool {
    match Kind::named(name) {
        Some(Kind::NewExport) => kind == EXPORT,
        Some(Kind::NewBannerBatch) => matches!(kind, GENERATION | MULTIPAGE_PDF),
        Some(Kind::NewBanner) => matches!(kind, IMAGE | BANNER),
        Some(Kind::TemplateStatus) | None => false,
    }
}

pub(super) fn read_delivery(body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
    let body: Value =
        serde_json::from_slice(body).map_err(|e| MalformedDelivery(format!("not JSON: {e}")))?;
    if !body.is_object() {
        return Err(MalformedDelivery("not a JSON object".into()));
    }
    let flat = read_flat(&body);
    if matches!(&flat, Ok(report) if report.event.is_some()) {
        return flat;
    }
    // One docs sentence speaks of a `data` envelope that no sample has (contract 6.2): flat first, then this.
    match body.get("data").filter(|data| Kind::shaped(data).is_some()) {
        Some(data) => read_flat(data),
        None => flat,
    }
}

fn read_flat(body: &Value) -> Result<DeliveryReport, MalformedDelivery> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = ["event_type", "event", "type", "webhook_event"].into_iter().find_map(text);
    let shape = Kind::shaped(body);
    let kind = match name {
        // Finished work by another name is finished all the same: dropping it would lose the only word of it.
        Some(name) => Kind::named(name)
            .or(shape.filter(|shape| matches!(shape, Kind::NewExport | Kind::NewBannerBatch))),
        None => shape,
    };
    let Some(kind) = kind else {
        return Ok(DeliveryReport {
            name: name.unwrap_or("unknown").to_owned(),
            ..DeliveryReport::unreadable()
        });
    };
    let report = DeliveryReport { name: kind.name().to_owned(), ..DeliveryReport::unreadable() };
    match kind {
        Kind::NewExport => {
            let export_id = text("export_id");
            let url = text("archive_url")
                .ok_or_else(|| MalformedDelivery("NEW_EXPORT without archive_url".into()))?;
            let event = Some(Event::Finished { sources: vec![Source::archive(url)], missing: vec![] });
            let provider_job_id = export_id.map(ProviderJobId::new);
            Ok(DeliveryReport { provider_job_id, event, adoptable_as: Some(EXPORT), awaited: true, ..report })
        }
        Kind::NewBannerBatch => {
            // The flag is documented for polling only, and one example has it here (contract 3.4).
            let finished = body.get("is_finalized").and_then(Value::as_bool).unwrap_or(true);
            let event = finished.then(|| batch_result::outcome(body, OffsetDateTime::now_utc()));
            let provider_job_id = batch_result::provider_job_id(body);
            Ok(DeliveryReport {
                provider_job_id,
                event,
                adoptable_as: Some(GENERATION),
                awaited: true,
                ..report
            })
        }
        Kind::NewBanner => {
            let event = banner::has_file(body)
                .then(|| Event::Finished { sources: banner::sources(body), missing: vec![] });
            let adoptable_as = event.is_some().then_some(BANNER);
            Ok(DeliveryReport {
                provider_job_id: banner::provider_job_id(body),
                event,
                adoptable_as,
                ..report
            })
        }
        Kind::TemplateStatus => Ok(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(body: &str) -> (Option<String>, Option<String>) {
        let report = read_delivery(body.as_bytes()).expect("readable");
        let url = match report.event {
            Some(Event::Finished { sources, .. }) => Some(sources[0].url.clone()),
            _ => None,
        };
        (report.provider_job_id.map(|t| t.as_str().to_owned()), url)
    }

    #[test]
    fn an_export_is_recognised_in_every_spelling() {
        let told = (Some("e".to_owned()), Some("https://x/a.zip".to_owned()));
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
            assert_eq!(export(body), told, "{body}");
        }
    }

    #[test]
    fn other_and_unknown_kinds_are_named_and_move_nothing() {
        for (body, name) in [
            (r#"{"banners":[],"errors":[],"is_finalized":false}"#, "NEW_BANNER_BATCH"),
            (r#"{"file":{"type":"png"}}"#, "NEW_BANNER"),
            (r#"{"id":"d","status":"APPROVED","status_updated_at":1}"#, "TEMPLATE_STATUS"),
            (r#"{"event_type":"SOMETHING_NEW","id":"e","archive_url":"https://x"}"#, "SOMETHING_NEW"),
            (r#"{}"#, "unknown"),
        ] {
            let report = read_delivery(body.as_bytes()).expect("readable");
            assert_eq!(
                (report.name.as_str(), report.event.is_none(), report.provider_job_id),
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
                matches!(report.event, Some(Event::Finished { sources, .. }) if sources.len() == 1),
                "{body}"
            );
            assert_eq!(report.adoptable_as, Some(GENERATION));
        }
        let report = read_delivery(banner.as_bytes()).expect("readable");
        assert_eq!(
            (report.provider_job_id, report.adoptable_as),
            (Some(ProviderJobId::new("b#3")), Some(BANNER))
        );
    }

    #[test]
    fn what_cannot_be_a_delivery_is_unreadable() {
        for body in ["", "[]", "\"x\"", "{", r#"{"event_type":"NEW_EXPORT","export_id":"e"}"#] {
            assert!(read_delivery(body.as_bytes()).is_err(), "{body}");
        }
    }
}
