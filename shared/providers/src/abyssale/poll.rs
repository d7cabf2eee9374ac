//! Polls the status of a generation (contract 3.3). Abyssale has no way to poll an export: its banners are
//! read instead, see `read_banner.rs`.

use std::time::Duration;

use http::{Method, StatusCode};
use model::{Error, ErrorClass, Job};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    batch_result,
    error_response::{parse_error_response, rejection_error},
    get_with_retries::ReadRequest,
    order::{GENERATION, MULTIPAGE_PDF},
};
use crate::{ApiAccess, PollSchedule, PollStatus};

/// The intervals of the provider's own clients: 3 seconds, doubled each time up to 30, for half an hour (contract 7).
/// After that the intervals are long: nearly all work is finished by then, and the rest should not use up the rate
/// limit. The work expires before the provider deletes its results, which is after 7 days (contract 3.3).
pub(super) const POLLING: PollSchedule =
    PollSchedule { interval, give_up_after: Duration::from_secs((6 * 24 + 12) * 3600) };

fn interval(age: Duration, asked: u32) -> Duration {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    Duration::from_secs(match age.as_secs() {
        0..1800 => (3 << asked.min(10)).min(30),
        1800..21_600 => 5 * MINUTE,
        _ => HOUR,
    })
}

/// Builds the poll of a job. None unless the job is a generation whose provider job id is known.
///
/// # Errors
/// [`ErrorClass::ProviderCredentials`] when no key is configured.
pub(super) fn build_poll(
    access: &ApiAccess<'_>,
    job: &Job,
) -> Result<Option<ReadRequest<PollStatus>>, Error> {
    let is_pollable = matches!(job.kind.as_str(), GENERATION | MULTIPAGE_PDF);
    match job.provider_job_id.as_ref().filter(|_| is_pollable) {
        Some(provider_job_id) => {
            // The id comes from the provider and becomes a part of the path.
            let id: String =
                url::form_urlencoded::byte_serialize(provider_job_id.as_str().as_bytes()).collect();
            let path = format!("/generation-request/{id}");
            ReadRequest::new(access, Method::GET, &path, read_status).map(Some)
        }
        None => Ok(None),
    }
}

/// Reads the status of a generation. The flag in the body decides, not the HTTP status 200 or 202 (contract 3.3).
fn read_status(status: StatusCode, body: &[u8]) -> Result<PollStatus, Error> {
    if !status.is_success() {
        return match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let message = "the generation no longer exists at Abyssale, which stores results for 7 days";
                let error_response = parse_error_response(status.as_u16(), body);
                Ok(PollStatus::NotFound(
                    Error::new(ErrorClass::ProviderFailed, message).with_provider_error(error_response),
                ))
            }
            _ => Err(rejection_error(status, body)),
        };
    }
    let not_json = || Error::new(ErrorClass::ProviderUnavailable, "Abyssale's response is not JSON");
    let body: Value = serde_json::from_slice(body).map_err(|e| not_json().with_source(e))?;
    let is_finalized = body.get("is_finalized").and_then(Value::as_bool);
    match is_finalized.unwrap_or(status == StatusCode::OK) {
        true => Ok(PollStatus::Ended(batch_result::read_event(&body, OffsetDateTime::now_utc()))),
        false => Ok(PollStatus::InProgress { percent: None, provider_state: None }),
    }
}

#[cfg(test)]
mod tests {
    use model::JobEvent;

    use super::*;

    fn describe(status: u16, body: &str) -> String {
        match read_status(StatusCode::from_u16(status).expect("a status"), body.as_bytes()) {
            Ok(PollStatus::InProgress { .. }) => "working".into(),
            Ok(PollStatus::Ended(JobEvent::FilesReady { sources, .. })) => format!("{} files", sources.len()),
            Ok(PollStatus::Ended(event)) => format!("{event:?}"),
            Ok(PollStatus::Accepted { provider_job_id, .. }) => format!("found as {provider_job_id}"),
            Ok(PollStatus::PhaseFinished) => "phase finished".into(),
            Ok(PollStatus::NotFound(error)) => format!("not found: {}", error.class.name()),
            Err(error) => error.class.name().into(),
        }
    }

    #[test]
    fn intervals_double_up_to_half_a_minute_and_are_long_after_half_an_hour() {
        let seconds = |age: u64, asked: u32| interval(Duration::from_secs(age), asked).as_secs();
        let intervals: Vec<u64> = (0..6).map(|asked| seconds(60, asked)).collect();
        assert_eq!(intervals, [3, 6, 12, 24, 30, 30]);
        assert_eq!((seconds(1860, 90), seconds(7 * 3600, 90)), (300, 3600));
    }

    #[test]
    fn the_flag_decides_and_not_the_http_status() {
        let banner = r#"{"id":"b","file":{"type":"png","url":"https://h/b.png"}}"#;
        let done = format!(r#"{{"id":"g","is_finalized":true,"banners":[{banner}]}}"#);
        for (status, body, expected) in [
            (202, r#"{"id":"g","is_finalized":false,"banners":[]}"#, "working"),
            (200, r#"{"id":"g","is_finalized":false,"banners":[]}"#, "working"),
            (202, &*done, "1 files"),
            (200, &*done, "1 files"),
            (202, "{}", "working"),
            (404, r#"{"id":"generation_request_not_found","message":"x"}"#, "not found: ProviderFailed"),
            (410, "", "not found: ProviderFailed"),
            (401, "", "ProviderCredentials"),
            (200, "<html>", "ProviderUnavailable"),
        ] {
            assert_eq!(describe(status, body), expected, "{status} {body}");
        }
    }
}
