//! Whether Abyssale would serve: its key, its plan, and a design (contract 1.2, 1.4 and 5.2).

use http::{Method, StatusCode};
use model::Error;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    error_response,
    read_request::{Question, refused},
};
use crate::{ApiAccess, CheckResult, CheckStatus, Fields, ProviderCheck};

/// The questions, in the order in which their answers make sense.
pub(super) fn checks(
    access: &ApiAccess<'_>,
    fields: Map<String, Value>,
) -> Result<Vec<ProviderCheck>, Error> {
    let mut fields = Fields::new(fields);
    let design = match fields.take("design_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if Uuid::try_parse(&id).is_ok() && id.len() == 36 => Some(id),
        Some(_) => {
            fields.violation("design_id", "expected a UUID of 36 characters");
            None
        }
    };
    fields.finish()?;
    let mut checks: Vec<ProviderCheck> = vec![
        ("key", Box::new(Question::new(access, Method::POST, "/auth", key)?)),
        // `POST /auth` does not look at the plan for a key of a user (contract 1.2); everything else does. This
        // reads a banner that no workspace has.
        ("plan", Box::new(Question::new(access, Method::GET, &format!("/banners/{}", Uuid::nil()), plan)?)),
    ];
    if let Some(id) = design {
        checks
            .push(("design", Box::new(Question::new(access, Method::GET, &format!("/designs/{id}"), read)?)));
    }
    Ok(checks)
}

/// Every failure of `POST /auth` is 401 (contract 1.2).
fn key(status: StatusCode, body: &[u8]) -> Result<CheckResult, Error> {
    if !status.is_success() {
        return Err(refused(status, body));
    }
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let detail = match body.get("company").and_then(Value::as_str) {
        Some(company) => format!("Abyssale accepts the key, for {}", shortened(company)),
        None => "Abyssale accepts the key".to_owned(),
    };
    Ok(CheckResult::new(CheckStatus::Ok, detail))
}

fn plan(status: StatusCode, body: &[u8]) -> Result<CheckResult, Error> {
    let missing = status == StatusCode::NOT_FOUND && error_response::read(404, body).id == "visual_not_found";
    if missing || status.is_success() {
        return Ok(CheckResult::new(CheckStatus::Ok, "the plan includes API access"));
    }
    Err(refused(status, body))
}

/// What is wanted of a design. The provider adds fields at will; unknown ones are ignored.
struct Design {
    name: String,
    kind: String,
    formats: Vec<String>,
}

impl Design {
    fn parse(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |name: &str| shortened(body.get(name).and_then(Value::as_str).unwrap_or("?"));
        // A design of several pages has `pages` instead of `formats` (contract 5.2).
        let list = body.get("formats").or_else(|| body.get("pages")).and_then(Value::as_array);
        let formats = list.into_iter().flatten().filter_map(|format| format.get("id")?.as_str());
        Self { name: text("name"), kind: text("type"), formats: formats.map(shortened).collect() }
    }

    /// Which `image_file_type` an asynchronous generation takes (contract 3.1).
    fn file_types(&self) -> Option<&'static str> {
        match self.kind.as_str() {
            "static" => Some("jpeg, png, webp, avif, pdf"),
            "animated" => Some("mp4, gif, html5"),
            "printer" | "printer_multipage" => Some("pdf"),
            _ => None,
        }
    }
}

fn read(status: StatusCode, body: &[u8]) -> Result<CheckResult, Error> {
    if status == StatusCode::NOT_FOUND {
        let id = error_response::read(404, body).id;
        return Ok(CheckResult::new(CheckStatus::Failed, format!("the workspace has no such design ({id})")));
    }
    if !status.is_success() {
        return Err(refused(status, body));
    }
    let design = Design::parse(body);
    let (name, kind) = (&design.name, &design.kind);
    let Some(types) = design.file_types() else {
        let detail = format!("\"{name}\" is of the type {kind}, which is not known here");
        return Ok(CheckResult::new(CheckStatus::Warning, detail));
    };
    let parts = if kind == "printer_multipage" { "pages" } else { "formats" };
    let listed = match design.formats.len() {
        0 => format!("no {parts}"),
        _ => format!("{parts} {}", design.formats.join(", ")),
    };
    let health = if design.formats.is_empty() { CheckStatus::Warning } else { CheckStatus::Ok };
    Ok(CheckResult::new(health, format!("\"{name}\" is {kind}, with {listed}; image_file_type: {types}")))
}

/// Names are a person's text and may be of any length.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use model::ErrorClass;
    use serde_json::json;

    use super::*;
    use crate::Credentials;

    #[test]
    fn a_design_is_told_by_type_formats_and_file_types() {
        let found = |body: Value| read(StatusCode::OK, body.to_string().as_bytes()).expect("a finding");
        let fixed =
            json!({ "name": "Spring", "type": "static", "formats": [{ "id": "square" }, { "id": "story" }] });
        let detail =
            "\"Spring\" is static, with formats square, story; image_file_type: jpeg, png, webp, avif, pdf";
        assert_eq!(found(fixed), CheckResult::new(CheckStatus::Ok, detail));
        let pages = json!({ "name": "Book", "type": "printer_multipage", "pages": [{ "id": "page_1" }] });
        let detail = "\"Book\" is printer_multipage, with pages page_1; image_file_type: pdf";
        assert_eq!(found(pages), CheckResult::new(CheckStatus::Ok, detail));
        for odd in [
            json!({ "name": "New", "type": "hologram" }),
            json!({ "name": "x", "type": "animated" }),
            json!([]),
        ] {
            assert_eq!(found(odd).health, CheckStatus::Warning);
        }
        let missing = read(StatusCode::NOT_FOUND, br#"{"id":"template_not_found"}"#).expect("a finding");
        assert_eq!(missing.health, CheckStatus::Failed);
    }

    #[test]
    fn the_plan_is_fine_when_only_the_banner_is_missing() {
        assert!(plan(StatusCode::NOT_FOUND, br#"{"id":"visual_not_found"}"#).is_ok());
        let class = |id: &str, status| {
            plan(status, json!({ "id": id }).to_string().as_bytes()).expect_err("refused").class
        };
        assert_eq!(class("api_access_denied", StatusCode::UNAUTHORIZED), ErrorClass::ProviderPlan);
        assert_eq!(class("endpoint_not_found", StatusCode::NOT_FOUND), ErrorClass::ProviderRefusedRequest);
    }

    #[test]
    fn unknown_fields_are_refused_and_a_design_is_asked_for_only_when_named() {
        let credentials = Credentials::new(json!({ "api_key": "k" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let named = |fields: Value| {
            checks(&access, fields.as_object().cloned().unwrap_or_default())
                .map(|checks| checks.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        };
        assert_eq!(named(json!({})).expect("checks"), ["key", "plan"]);
        let id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
        assert_eq!(named(json!({ "design_id": id })).expect("checks"), ["key", "plan", "design"]);
        for wrong in [json!({ "design_id": "../auth" }), json!({ "design_id": 7 }), json!({ "more": 1 })] {
            assert!(!named(wrong).expect_err("refused").violations.is_empty());
        }
    }
}
