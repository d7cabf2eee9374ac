//! Reads a banner by its id (contract 8 and 13.7). So the files of an export are found whose callback is lost, and the
//! ids that its archive lacks. It is a GET, so it costs no credits and can be repeated.

use http::{Method, StatusCode};
use model::{Error, ErrorClass, Job, MissingFile};
use serde_json::Value;

use super::{
    banner,
    error_response::{parse_error_response, rejection_error},
    get_with_retries::ReadRequest,
    order::EXPORT,
};
use crate::{ApiAccess, ItemStatus};

/// Returns the ids of the banners of an export. An imported export has none: its event does not name them
/// (contract 2.4).
pub(super) fn banner_ids(job: &Job) -> Vec<String> {
    let ids = job.request.get("banner_ids").and_then(Value::as_array).filter(|_| job.kind == EXPORT);
    let ids = ids.map(Vec::as_slice).unwrap_or_default();
    ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Builds the request for a banner.
///
/// # Errors
/// [`ErrorClass::ProviderCredentials`] when no key is configured.
pub(super) fn build_read(access: &ApiAccess<'_>, id: &str) -> Result<ReadRequest<ItemStatus>, Error> {
    // The validation of orders ensures that the id is valid in a path.
    ReadRequest::new(access, Method::GET, &format!("/banners/{id}"), read_status)
}

/// Reads the response. The newest version of the banner is the one that is served (contract 8).
fn read_status(status: StatusCode, body: &[u8]) -> Result<ItemStatus, Error> {
    if !status.is_success() {
        return match status {
            // `visual_not_found`, or an id that the API does not accept (contract 1.4 and 2.3).
            StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::BAD_REQUEST
            | StatusCode::UNPROCESSABLE_ENTITY => {
                let error_response = parse_error_response(status.as_u16(), body);
                let reason = match error_response.id.as_str() {
                    "visual_not_found" | "not_found" | "endpoint_not_found" => {
                        "there is no such banner in the Abyssale workspace".to_owned()
                    }
                    id => format!("Abyssale cannot return this banner ({id}): {}", error_response.message),
                };
                Ok(ItemStatus::Missing(MissingFile { name: None, reason }))
            }
            _ => Err(rejection_error(status, body)),
        };
    }
    let not_json = || Error::new(ErrorClass::ProviderUnavailable, "Abyssale's response is not JSON");
    let body: Value = serde_json::from_slice(body).map_err(|e| not_json().with_source(e))?;
    Ok(match banner::has_file(&body) {
        true => ItemStatus::Found(banner::sources(&body)),
        false => {
            let reason = "Abyssale reports no file for this banner".to_owned();
            ItemStatus::Missing(MissingFile { name: None, reason })
        }
    })
}

#[cfg(test)]
mod tests {
    use model::{JobId, JobOrigin, NewJob, ProviderName};
    use serde_json::json;

    use super::*;

    fn describe(status: u16, body: &str) -> String {
        match read_status(StatusCode::from_u16(status).expect("a status"), body.as_bytes()) {
            Ok(ItemStatus::Found(sources)) => format!("{} files", sources.len()),
            Ok(ItemStatus::Missing(missing)) => format!("missing: {}", missing.reason),
            Err(error) => error.class.name().into(),
        }
    }

    #[test]
    fn a_banner_is_found_or_missing_and_every_other_response_says_nothing_about_it() {
        let png = r#"{"id":"b","version":2,"file":{"type":"png","url":"https://h/b.png"}}"#;
        let html5 = r#"{"id":"b","file":{"type":"zip","url":"https://h/b.zip","fallback_image_url":"https://h/b.jpg"}}"#;
        for (status, body, expected) in [
            (200, png, "1 files"),
            (200, html5, "2 files"),
            (200, r#"{"id":"b"}"#, "missing: Abyssale reports no file for this banner"),
            (
                404,
                r#"{"id":"visual_not_found","message":"x"}"#,
                "missing: there is no such banner in the Abyssale workspace",
            ),
            (404, "", "missing: there is no such banner in the Abyssale workspace"),
            (
                400,
                r#"{"id":"wrong_type","message":"No."}"#,
                "missing: Abyssale cannot return this banner (wrong_type): No.",
            ),
            (401, "", "ProviderCredentials"),
            (403, "", "ProviderCredentials"),
            (200, "<html>", "ProviderUnavailable"),
        ] {
            assert_eq!(describe(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn only_an_export_that_was_submitted_has_banner_ids() {
        let job = |kind: &str, request: Value| {
            Job::new(NewJob {
                id: JobId::generate(),
                provider: ProviderName::new("abyssale"),
                kind: kind.into(),
                request,
                expected_files: None,
                metadata: None,
                unpack: None,
                origin: JobOrigin::Submitted,
            })
        };
        assert_eq!(banner_ids(&job("export", json!({ "banner_ids": ["a", "b"] }))), ["a", "b"]);
        assert!(banner_ids(&job("export", json!({}))).is_empty());
        assert!(banner_ids(&job("generation", json!({ "banner_ids": ["a"] }))).is_empty());
    }
}
