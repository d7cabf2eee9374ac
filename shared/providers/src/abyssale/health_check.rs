//! Health checks of Abyssale: its key, its plan, and a design (contract 1.2, 1.4 and 5.2).

use http::{Method, StatusCode};
use model::Error;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    error_response::{parse_error_response, rejection_error},
    get_with_retries::ReadRequest,
    observations::{NEWEST_VERSION, newer_version},
};
use crate::{ApiAccess, HealthCheck, HealthCheckResult, HealthCheckStatus, RequestFields};

/// Returns the checks in the order in which they are useful: a later one depends on what an earlier one verifies.
pub(super) fn build_checks(
    access: &ApiAccess<'_>,
    fields: Map<String, Value>,
) -> Result<Vec<HealthCheck>, Error> {
    let mut fields = RequestFields::new(fields);
    let design = match fields.take("design_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if Uuid::try_parse(&id).is_ok() && id.len() == 36 => Some(id),
        Some(_) => {
            fields.add_violation("design_id", "expected a UUID of 36 characters");
            None
        }
    };
    fields.finish()?;
    // `POST /auth` does not check the plan for a key of a user (contract 1.2), and every other request does. This one
    // reads a banner that no workspace has.
    let banner = format!("/banners/{}", Uuid::nil());
    let mut checks: Vec<HealthCheck> = vec![
        ("key", Box::new(ReadRequest::new(access, Method::POST, "/auth", read_key)?)),
        ("plan", Box::new(ReadRequest::new(access, Method::GET, &banner, read_plan)?)),
    ];
    if let Some(id) = design {
        let request = ReadRequest::new(access, Method::GET, &format!("/designs/{id}"), read_design)?;
        checks.push(("design", Box::new(request)));
    }
    Ok(checks)
}

/// Reads the response to `POST /auth`, which returns 401 for every failure (contract 1.2).
fn read_key(status: StatusCode, body: &[u8]) -> Result<HealthCheckResult, Error> {
    if !status.is_success() {
        return Err(rejection_error(status, body));
    }
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let detail = match body.get("company").and_then(Value::as_str) {
        Some(company) => format!("Abyssale accepts the key, for {}", truncate_name(company)),
        None => "Abyssale accepts the key".to_owned(),
    };
    Ok(match newer_version(&body) {
        None => HealthCheckResult::new(HealthCheckStatus::Ok, detail),
        Some(version) => HealthCheckResult::new(
            HealthCheckStatus::Warning,
            format!(
                "{detail}; its API version {} is newer than {NEWEST_VERSION}, the newest that this version of Landfall knows",
                truncate_name(version)
            ),
        ),
    })
}

fn read_plan(status: StatusCode, body: &[u8]) -> Result<HealthCheckResult, Error> {
    let is_missing =
        status == StatusCode::NOT_FOUND && parse_error_response(404, body).id == "visual_not_found";
    if is_missing || status.is_success() {
        return Ok(HealthCheckResult::new(HealthCheckStatus::Ok, "the plan includes API access"));
    }
    Err(rejection_error(status, body))
}

/// The fields of a design that the check shows. The provider may add fields, and unknown fields are ignored.
struct Design {
    name: String,
    kind: String,
    formats: Vec<String>,
}

impl Design {
    fn parse(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |name: &str| truncate_name(body.get(name).and_then(Value::as_str).unwrap_or("?"));
        // A design of several pages has `pages` instead of `formats` (contract 5.2).
        let list = body.get("formats").or_else(|| body.get("pages")).and_then(Value::as_array);
        let formats = list.into_iter().flatten().filter_map(|format| format.get("id")?.as_str());
        Self { name: text("name"), kind: text("type"), formats: formats.map(truncate_name).collect() }
    }

    /// Returns the values of `image_file_type` that an asynchronous generation accepts (contract 3.1).
    fn file_types(&self) -> Option<&'static str> {
        match self.kind.as_str() {
            "static" => Some("jpeg, png, webp, avif, pdf"),
            "animated" => Some("mp4, gif, html5"),
            "printer" | "printer_multipage" => Some("pdf"),
            _ => None,
        }
    }
}

fn read_design(status: StatusCode, body: &[u8]) -> Result<HealthCheckResult, Error> {
    if status == StatusCode::NOT_FOUND {
        let id = parse_error_response(404, body).id;
        return Ok(HealthCheckResult::new(
            HealthCheckStatus::Failed,
            format!("the workspace has no such design ({id})"),
        ));
    }
    if !status.is_success() {
        return Err(rejection_error(status, body));
    }
    let design = Design::parse(body);
    let (name, kind) = (&design.name, &design.kind);
    let Some(types) = design.file_types() else {
        let detail = format!("\"{name}\" is of the type {kind}, which Landfall does not know");
        return Ok(HealthCheckResult::new(HealthCheckStatus::Warning, detail));
    };
    let parts = if kind == "printer_multipage" { "pages" } else { "formats" };
    let listed = match design.formats.len() {
        0 => format!("no {parts}"),
        _ => format!("{parts} {}", design.formats.join(", ")),
    };
    let health = if design.formats.is_empty() { HealthCheckStatus::Warning } else { HealthCheckStatus::Ok };
    Ok(HealthCheckResult::new(
        health,
        format!("\"{name}\" is {kind}, with {listed}; image_file_type: {types}"),
    ))
}

/// Truncates a name, which may be of any length.
fn truncate_name(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use model::ErrorClass;
    use serde_json::json;

    use super::*;
    use crate::Credentials;

    #[test]
    fn a_design_is_described_by_type_formats_and_file_types() {
        let check = |body: Value| read_design(StatusCode::OK, body.to_string().as_bytes()).expect("a result");
        let fixed =
            json!({ "name": "Spring", "type": "static", "formats": [{ "id": "square" }, { "id": "story" }] });
        let detail =
            "\"Spring\" is static, with formats square, story; image_file_type: jpeg, png, webp, avif, pdf";
        assert_eq!(check(fixed), HealthCheckResult::new(HealthCheckStatus::Ok, detail));
        let pages = json!({ "name": "Book", "type": "printer_multipage", "pages": [{ "id": "page_1" }] });
        let detail = "\"Book\" is printer_multipage, with pages page_1; image_file_type: pdf";
        assert_eq!(check(pages), HealthCheckResult::new(HealthCheckStatus::Ok, detail));
        for odd in [
            json!({ "name": "New", "type": "hologram" }),
            json!({ "name": "x", "type": "animated" }),
            json!([]),
        ] {
            assert_eq!(check(odd).status, HealthCheckStatus::Warning);
        }
        let missing =
            read_design(StatusCode::NOT_FOUND, br#"{"id":"template_not_found"}"#).expect("a result");
        assert_eq!(missing.status, HealthCheckStatus::Failed);
    }

    #[test]
    fn the_key_check_warns_of_a_newer_version_of_the_api() {
        let check = |version: &str| {
            let body = json!({ "company": "Acme Inc.", "version": version }).to_string();
            read_key(StatusCode::OK, body.as_bytes()).expect("a result")
        };
        assert_eq!(check(NEWEST_VERSION).status, HealthCheckStatus::Ok);
        let newer = check("v2027-01-31");
        assert_eq!(newer.status, HealthCheckStatus::Warning);
        assert!(
            newer.detail.contains("Acme Inc.") && newer.detail.contains("v2027-01-31"),
            "{}",
            newer.detail
        );
    }

    #[test]
    fn the_plan_check_passes_when_only_the_banner_is_missing() {
        assert!(read_plan(StatusCode::NOT_FOUND, br#"{"id":"visual_not_found"}"#).is_ok());
        let class = |id: &str, status| {
            read_plan(status, json!({ "id": id }).to_string().as_bytes()).expect_err("an error").class
        };
        assert_eq!(class("api_access_denied", StatusCode::UNAUTHORIZED), ErrorClass::ProviderPlan);
        assert_eq!(class("endpoint_not_found", StatusCode::NOT_FOUND), ErrorClass::ProviderRefusedRequest);
    }

    #[test]
    fn unknown_fields_are_rejected_and_a_design_is_checked_only_when_named() {
        let credentials = Credentials::new(json!({ "api_key": "k" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let names = |fields: Value| {
            build_checks(&access, fields.as_object().cloned().unwrap_or_default())
                .map(|checks| checks.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        };
        assert_eq!(names(json!({})).expect("checks"), ["key", "plan"]);
        let id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
        assert_eq!(names(json!({ "design_id": id })).expect("checks"), ["key", "plan", "design"]);
        for wrong in [json!({ "design_id": "../auth" }), json!({ "design_id": 7 }), json!({ "more": 1 })] {
            assert!(!names(wrong).expect_err("an invalid request").violations.is_empty());
        }
    }
}
