//! Bodies of events, rebuilt for each attempt as the provider does (contract 2.4, 3.4, 6.1 and 6.2).

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::abyssale::design::Design;
use crate::abyssale::export::Export;

/// How a body differs from the documented one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EventBodyShape {
    pub(super) event_type: bool,
    pub(super) envelope: bool,
    /// Rotates the keys by this many places and adds blanks; 0 changes nothing.
    pub(super) rotated_by: usize,
    /// Pads the body to this many bytes with an undocumented field.
    pub(super) padded_to: usize,
}

/// The fields of a body, in their order.
pub(super) type EventFields = Vec<(&'static str, Value)>;

/// Returns the fields of `NEW_EXPORT`.
pub(super) fn new_export_fields(export: &Export, archive_url: &str) -> EventFields {
    vec![
        ("export_id", json!(export.id)),
        ("archive_url", json!(archive_url)),
        ("requested_at", json!(export.requested_at.unix_timestamp())),
        ("generated_at", json!(export.generated_at.unix_timestamp())),
    ]
}

/// Returns the fields of `TEMPLATE_STATUS` (contract 3.4).
pub(super) fn template_status_fields(design: &Design, status: &str, since: OffsetDateTime) -> EventFields {
    vec![
        ("id", json!(design.id)),
        ("name", json!(design.name)),
        ("created_at", json!(design.created_at)),
        ("updated_at", json!(design.updated_at)),
        ("status", json!(status)),
        ("status_updated_at", json!(since.unix_timestamp())),
    ]
}

/// Returns the body of an event of this type.
pub(super) fn build_body(event_type: &str, mut fields: EventFields, shape: EventBodyShape) -> Bytes {
    if shape.event_type {
        fields.insert(0, ("event_type", json!(event_type)));
    }
    let plain = write_fields(&fields, shape);
    if plain.len() < shape.padded_to {
        fields.push(("padding", Value::String("x".repeat(shape.padded_to - plain.len()))));
        return Bytes::from(write_fields(&fields, shape));
    }
    Bytes::from(plain)
}

fn write_fields(fields: &[(&str, Value)], shape: EventBodyShape) -> String {
    let mut fields: Vec<_> = fields.iter().collect();
    let turn = shape.rotated_by % fields.len().max(1);
    fields.rotate_left(turn);
    let (colon, comma) = if shape.rotated_by > 0 { (": ", ", ") } else { (":", ",") };
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\"{colon}{value}")).collect();
    let object = format!("{{{}}}", fields.join(comma));
    if shape.envelope { format!("{{\"data\"{colon}{object}}}") } else { object }
}

#[cfg(test)]
mod tests {
    //! The order of the keys of contract 2.4, and what a rebuilt body may change.

    use uuid::Uuid;

    use super::*;

    fn build_body(shape: EventBodyShape) -> String {
        let export = Export {
            id: Uuid::nil(),
            platform: false,
            requested: Vec::new(),
            found: Vec::new(),
            callback_url: None,
            requested_at: OffsetDateTime::UNIX_EPOCH,
            generated_at: OffsetDateTime::UNIX_EPOCH,
            custom: None,
            bare_file: false,
            downloads: 0,
            packed: None,
        };
        let fields = new_export_fields(&export, "http://f/a.zip");
        String::from_utf8(super::build_body("NEW_EXPORT", fields, shape).to_vec()).expect("JSON is text")
    }

    #[test]
    fn fields_have_the_documented_order_and_no_blanks() {
        let shape = EventBodyShape { event_type: true, ..EventBodyShape::default() };
        assert_eq!(
            build_body(shape),
            r#"{"event_type":"NEW_EXPORT","export_id":"00000000-0000-0000-0000-000000000000","archive_url":"http://f/a.zip","requested_at":0,"generated_at":0}"#
        );
    }

    #[test]
    fn a_rebuilt_body_has_the_same_content_in_other_bytes() {
        let [plain, rotated_by] =
            [0, 2].map(|rotated_by| build_body(EventBodyShape { rotated_by, ..EventBodyShape::default() }));
        assert_ne!(plain, rotated_by);
        let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(parse(&plain), parse(&rotated_by));
        let wrapped = build_body(EventBodyShape { envelope: true, ..EventBodyShape::default() });
        assert_eq!(parse(&wrapped)["data"], parse(&plain));
    }

    #[test]
    fn padding_reaches_the_requested_size() {
        assert!(
            build_body(EventBodyShape { padded_to: 300_000, ..EventBodyShape::default() }).len() >= 300_000
        );
    }
}
