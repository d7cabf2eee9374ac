//! What the responses to each poll mean.

mod creation;

use model::{ErrorClass, JobEvent, JobId, JobOrigin, NewJob, ProviderJobId, ProviderName};
use serde_json::{Map, Value, json};

use super::*;
use crate::{Credentials, SendFailure, ai_studios::order::Kind};

const ID: &str = "66b1";
const OTHER: &str = "77c2";
const VIDEO: &str = "https://media.aistudios.com/export/66b1.mp4";
const REQUESTED_AT: i64 = 1_000_000;

/// A job that was requested at [`REQUESTED_AT`] and accepted as `provider_job_id`.
fn job(provider_job_id: Option<&str>, stored: Value) -> Job {
    let mut job = Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("ai_studios"),
        kind: Kind::Export.name().into(),
        request: json!({ "project_id": ID, "resolution": "720" }),
        expected_files: Some(1),
        metadata: None,
        unpack: None,
        origin: JobOrigin::Submitted,
    });
    job.provider_job_id = provider_job_id.map(ProviderJobId::new);
    job.provider_state.insert("asked_at".into(), REQUESTED_AT.into());
    job.provider_state.insert("snapshot".into(), json!({}));
    job.provider_state.extend(stored.as_object().cloned().expect("an object"));
    job
}

fn running_job() -> Job {
    job(Some(ID), json!({ "backend_task_id": "bt-2" }))
}

/// Polls `after` seconds after the request, with a response for each path. Returns the last step and the requested
/// paths.
fn poll(job: &Job, after: i64, responses: &[(&str, u16, Value)]) -> (QueryStep<PollStatus>, Vec<String>) {
    let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
    let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
    let now = OffsetDateTime::from_unix_timestamp(REQUESTED_AT + after).expect("a time");
    let mut poll = ProjectPoll::new(&access, job, now).expect("keys").expect("a poll");
    let (mut step, mut requests) = (poll.start(), vec![]);
    loop {
        step = match step {
            QueryStep::Authorize { is_token_rejected: refused } => {
                if refused {
                    requests.push("token".to_owned());
                }
                poll.on_token(&Secret::new("t"))
            }
            QueryStep::Send(request) => {
                let path = request.uri().path().trim_start_matches("/api/odin/v3/editor/").to_owned();
                let known = responses.iter().find(|(known, ..)| *known == path);
                requests.push(path);
                let Some((_, status, body)) = known else {
                    return (poll.on_response(Err(SendFailure::MaybeSent)), requests);
                };
                let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
                let response = http::Response::builder().status(*status).body(body.into());
                poll.on_response(Ok(response.expect("a response")))
            }
            step => return (step, requests),
        };
    }
}

fn progress(fields: Value) -> (&'static str, u16, Value) {
    ("progress/66b1", 200, json!({ "success": true, "data": fields }))
}

fn project(fields: Value) -> (&'static str, u16, Value) {
    ("project/66b1", 200, json!({ "success": true, "data": { "project": fields } }))
}

fn error_response(path: &'static str, status: u16, code: u16) -> (&'static str, u16, Value) {
    (path, status, json!({ "success": false, "error": { "code": code, "msg": "no" } }))
}

fn describe(step: &QueryStep<PollStatus>) -> String {
    match step {
        QueryStep::Done(PollStatus::InProgress { percent, .. }) => format!("working {percent:?}"),
        QueryStep::Done(PollStatus::Accepted { provider_job_id, .. }) => format!("found {provider_job_id}"),
        QueryStep::Done(PollStatus::PhaseFinished) => "phase finished".into(),
        QueryStep::Done(PollStatus::NotFound(error)) => format!("not found {}", error.message),
        QueryStep::Done(PollStatus::Ended(JobEvent::FilesReady { sources, .. })) => {
            format!("finished {}", sources[0].url)
        }
        QueryStep::Done(PollStatus::Ended(JobEvent::WorkFailed { error, .. })) => {
            format!("failed {}", error.message)
        }
        QueryStep::Done(PollStatus::Ended(JobEvent::Expired { .. })) => "expired".into(),
        QueryStep::Done(PollStatus::Ended(event)) => format!("{event:?}"),
        QueryStep::SendAfter { wait, .. } => format!("retried after {} s", wait.as_secs()),
        QueryStep::Failed(error) => format!("no result: {}", error.class.name()),
        QueryStep::Send(_) | QueryStep::Authorize { .. } => "not finished".into(),
    }
}

fn stored(step: &QueryStep<PollStatus>) -> Map<String, Value> {
    match step {
        QueryStep::Done(
            PollStatus::InProgress { provider_state, .. } | PollStatus::Accepted { provider_state, .. },
        ) => provider_state.clone().unwrap_or_default(),
        _ => Map::new(),
    }
}

#[test]
fn each_response_about_the_progress_has_one_meaning() {
    let finished = format!("finished {VIDEO}");
    for (response, meaning) in [
        (progress(json!({ "progress": 37.25, "state": "exporting" })), "working Some(37.25)"),
        (progress(json!({ "progress": 100, "downloadUrl": VIDEO })), &*finished),
        (progress(json!({ "progress": 100 })), "working Some(100.0)"),
        (progress(json!({})), "working None"),
        (
            progress(json!({ "state": "error", "progress": 40, "error": { "code": 9, "msg": "no voice" } })),
            "failed AI Studios' export ended as error at 40 %: no voice (9)",
        ),
        (
            progress(json!({ "state": "failed" })),
            "failed AI Studios' export ended as failed: no reason was given",
        ),
        (("progress/66b1", 429, json!({})), "retried after 30 s"),
        (("progress/66b1", 500, json!({})), "no result: ProviderUnavailable"),
        (("progress/66b1", 502, json!("<html>")), "no result: ProviderUnavailable"),
        (("progress/66b1", 200, json!("")), "no result: ProviderUnavailable"),
        (("elsewhere", 200, json!({})), "no result: ProviderUnavailable"),
        (error_response("progress/66b1", 200, 7), "working None"),
    ] {
        assert_eq!(
            describe(&poll(&running_job(), 90, std::slice::from_ref(&response)).0),
            meaning,
            "{response:?}"
        );
    }
}

#[test]
fn a_rejected_token_is_replaced_once_and_then_counts_as_a_rejected_poll() {
    let no = error_response("progress/66b1", 401, 4010);
    let (step, requests) = poll(&running_job(), 90, std::slice::from_ref(&no));
    assert_eq!(requests, ["progress/66b1", "token", "progress/66b1"]);
    assert_eq!((describe(&step).as_str(), &stored(&step)["refusals"]), ("working None", &json!(1)));
    let twice = job(Some(ID), json!({ "backend_task_id": "bt-2", "refusals": 2 }));
    let (step, _) = poll(&twice, 90, &[no]);
    let QueryStep::Done(PollStatus::NotFound(error)) = step else { panic!("not failed") };
    assert_eq!(error.class, ErrorClass::ProviderCredentials);
    let odd = error_response("progress/66b1", 200, 7);
    assert!(describe(&poll(&twice, 90, &[odd]).0).starts_with("not found AI Studios rejects polls"));
    let (step, _) = poll(&twice, 90, &[progress(json!({ "progress": 5 }))]);
    assert_eq!(stored(&step)["refusals"], 0, "a successful poll resets the count");
}

#[test]
fn a_project_that_is_not_found_is_looked_up_by_all_its_ids_after_a_minute() {
    let none = |path| error_response(path, 404, 4040);
    let (step, requests) = poll(&running_job(), 59, &[none("progress/66b1")]);
    assert_eq!((describe(&step).as_str(), requests.len()), ("working None", 1));

    let renamed = job(Some(OTHER), json!({ "backend_task_id": "bt-2" }));
    let other = progress(json!({ "progress": 50 }));
    let (step, requests) = poll(&renamed, 60, &[none("progress/77c2"), other]);
    assert_eq!((describe(&step).as_str(), requests.len()), ("working Some(50.0)", 2));

    let done = project(json!({ "progress": 100, "state": "exported", "download_url": VIDEO }));
    let (step, _) = poll(&running_job(), 60, &[none("progress/66b1"), done]);
    assert_eq!(describe(&step), format!("finished {VIDEO}"));

    let (step, requests) =
        poll(&renamed, 60, &[none("progress/77c2"), none("progress/66b1"), none("project/77c2")]);
    assert!(describe(&step).starts_with("not found project_missing"), "{}", describe(&step));
    assert_eq!(requests, ["progress/77c2", "progress/66b1", "project/77c2"]);
}

#[test]
fn the_project_is_read_for_the_url_after_ten_minutes_without_one() {
    let done = || progress(json!({ "progress": 100 }));
    let (step, _) = poll(&running_job(), 100, &[done()]);
    let since = stored(&step)["finalizing_since"].clone();
    assert_eq!(since, REQUESTED_AT + 100);
    let waiting = job(Some(ID), json!({ "backend_task_id": "bt-2", "finalizing_since": since }));
    assert_eq!(poll(&waiting, 699, &[done()]).1.len(), 1);
    let (step, _) = poll(&waiting, 700, &[done(), project(json!({ "download_url": VIDEO }))]);
    assert_eq!(describe(&step), format!("finished {VIDEO}"));
    let (step, _) = poll(&waiting, 700, &[done(), project(json!({}))]);
    assert!(describe(&step).starts_with("failed completed_without_url"), "{}", describe(&step));
    let (step, _) = poll(&waiting, 700, &[done(), ("project/66b1", 503, json!(""))]);
    assert_eq!(describe(&step), "working Some(100.0)", "a project that cannot be read says nothing");
}

#[test]
fn the_result_of_an_earlier_export_is_not_used() {
    let before = json!({ "backend_task_id": "bt-1", "percent": 100, "state": "exported", "url": VIDEO });
    let repeated = job(Some(ID), json!({ "snapshot": before }));
    let old = || progress(json!({ "progress": 100, "state": "exported", "downloadUrl": VIDEO }));
    let (step, requests) = poll(&repeated, 20, &[old(), project(json!({ "backendTaskId": "bt-1" }))]);
    assert_eq!((describe(&step).as_str(), requests.len()), ("working None", 2));
    let (step, _) = poll(&repeated, 20, &[old(), project(json!({ "backendTaskId": "bt-2" }))]);
    assert_eq!(describe(&step), format!("finished {VIDEO}"));
    let (step, _) = poll(&repeated, 1800, &[old(), project(json!({ "backendTaskId": "bt-1" }))]);
    let QueryStep::Done(PollStatus::Ended(JobEvent::FilesReady { sources, .. })) = &step else {
        panic!("{}", describe(&step))
    };
    assert_eq!(sources[0].details["possibly_stale"], true);

    let failed = json!({ "backend_task_id": "bt-1", "percent": 40.0, "state": "error" });
    let repeated = job(Some(ID), json!({ "snapshot": failed }));
    let (step, _) = poll(&repeated, 20, &[progress(json!({ "progress": 40, "state": "error" }))]);
    assert_eq!(describe(&step), "working None", "the failure of an earlier export is not used");
    let (step, _) = poll(&repeated, 20, &[progress(json!({ "progress": 7, "state": "exporting" }))]);
    assert_eq!(stored(&step)["restarted"], true);
}

#[test]
fn an_export_without_progress_fails_as_stalled_and_one_beyond_the_timeout_expires() {
    let job_at = |percent: f64, changed: i64| {
        let stored =
            json!({ "backend_task_id": "bt-2", "percent": percent, "changed_at": REQUESTED_AT + changed });
        job(Some(ID), stored)
    };
    let stuck = || progress(json!({ "progress": 63 }));
    assert_eq!(describe(&poll(&job_at(63.0, 10), 1809, &[stuck()]).0), "working Some(63.0)");
    assert_eq!(
        describe(&poll(&job_at(63.0, 10), 1810, &[stuck()]).0),
        "failed stalled: AI Studios has reported 63 % for 30 minutes"
    );
    assert_eq!(
        describe(&poll(&job_at(62.0, 10), 1810, &[stuck()]).0),
        "working Some(63.0)",
        "the progress changed"
    );
    assert_eq!(describe(&poll(&job_at(62.0, 10), 3600, &[stuck()]).0), "expired");
    assert_eq!(describe(&poll(&job_at(62.0, 10), 3600, &[]).0), "expired", "without a response too");
    let late = progress(json!({ "progress": 100, "downloadUrl": VIDEO }));
    assert_eq!(describe(&poll(&job_at(62.0, 10), 9000, &[late]).0), format!("finished {VIDEO}"));
}

#[test]
fn an_export_without_a_response_is_found_by_what_changed() {
    let before = json!({ "backend_task_id": "bt-1", "percent": 100.0, "state": "exported" });
    let lost = job(None, json!({ "snapshot": before }));
    let same = || [progress(json!({ "progress": 100 })), project(json!({ "backendTaskId": "bt-1" }))];
    assert_eq!(describe(&poll(&lost, 90, &same()).0), "working None");
    assert_eq!(describe(&poll(&lost, 3600, &same()).0), "expired");
    let new = [progress(json!({ "progress": 100 })), project(json!({ "backendTaskId": "bt-2" }))];
    let (step, _) = poll(&lost, 90, &new);
    assert_eq!((describe(&step).as_str(), &stored(&step)["backend_task_id"]), ("found 66b1", &json!("bt-2")));
    let restarted = [progress(json!({ "progress": 12 }))];
    assert_eq!(describe(&poll(&lost, 90, &restarted).0), "found 66b1");
    let unanswered =
        [error_response("progress/66b1", 404, 4040), project(json!({ "backendTaskId": "bt-2" }))];
    assert_eq!(describe(&poll(&lost, 5, &unanswered).0), "found 66b1");
}

#[test]
fn the_manifest_includes_a_claim_only_for_the_same_render_task() {
    let reported = |task: &str| {
        let claim = json!({ "backend_task_id": task, "credit": 2 });
        let job = job(Some(ID), json!({ "backend_task_id": "bt-2", "reported": claim }));
        let url = format!("{VIDEO}?Signature=s");
        match poll(&job, 90, &[progress(json!({ "progress": 100, "downloadUrl": url }))]).0 {
            QueryStep::Done(PollStatus::Ended(JobEvent::FilesReady { sources, .. })) => sources[0].clone(),
            other => panic!("{}", describe(&other)),
        }
    };
    let source = reported("bt-2");
    assert_eq!(source.name.as_deref(), Some("66b1.mp4"));
    let expected = json!({ "project_id": ID, "resolution": "720", "backend_task_id": "bt-2", "credit": 2 });
    assert_eq!(Value::Object(source.details), expected);
    assert_eq!(reported("bt-9").details.get("credit"), None);
}

#[test]
fn a_url_without_a_file_name_is_named_after_the_project() {
    for (url, name) in [
        ("https://h/a/Spring%20video.mp4?x=1", "Spring%20video.mp4"),
        ("https://h/a/clip.webm", "clip.webm"),
        ("https://h/download", "66b1.mp4"),
        ("https://h/v1.0.0-export", "66b1.mp4"),
        ("https://h/", "66b1.mp4"),
        ("https://h/.mp4", "66b1.mp4"),
    ] {
        let response = progress(json!({ "progress": 100, "downloadUrl": url }));
        match poll(&running_job(), 90, &[response]).0 {
            QueryStep::Done(PollStatus::Ended(JobEvent::FilesReady { sources, .. })) => {
                assert_eq!(sources[0].name.as_deref(), Some(name), "{url}");
            }
            other => panic!("{}", describe(&other)),
        }
    }
}

#[test]
fn the_project_is_read_for_another_url_when_the_known_one_is_unusable() {
    let mut landing = running_job();
    let done = progress(json!({ "progress": 100, "downloadUrl": VIDEO }));
    let fresh = "https://media.aistudios.com/fresh/66b1.mp4";
    let responses = [done, project(json!({ "backendTaskId": "bt-2", "download_url": fresh }))];
    assert_eq!(describe(&poll(&landing, 90, &responses).0), format!("finished {VIDEO}"));
    landing.sources = vec![model::Source::archive(VIDEO)];
    assert_eq!(describe(&poll(&landing, 90, &responses).0), format!("finished {fresh}"));
}

#[test]
fn an_export_that_was_never_requested_is_not_polled() {
    let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
    let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
    let mut job = running_job();
    job.provider_state.clear();
    assert!(ProjectPoll::new(&access, &job, OffsetDateTime::UNIX_EPOCH).expect("keys").is_none());
}

#[test]
fn intervals_grow_with_the_age_of_the_job() {
    let seconds = |age: u64| interval(Duration::from_secs(age), 7).as_secs();
    assert_eq!([0, 119, 120, 599, 600, 3599].map(seconds), [15, 15, 30, 30, 60, 60]);
}
