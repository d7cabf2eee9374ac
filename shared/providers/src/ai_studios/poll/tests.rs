//! What each way of answering a question comes to.

use model::{JobId, NewJob, Origin, ProviderJobId, ProviderName};
use serde_json::{Map, Value, json};

use super::*;
use crate::{Credentials, SendFailure, ai_studios::order::EXPORT};

const ID: &str = "66b1";
const OTHER: &str = "77c2";
const VIDEO: &str = "https://media.aistudios.com/export/66b1.mp4";
const ASKED: i64 = 1_000_000;

/// A job that was asked for at [`ASKED`] and accepted as `provider_job_id`.
fn job(provider_job_id: Option<&str>, notes: Value) -> Job {
    let mut job = Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("ai_studios"),
        kind: EXPORT.into(),
        request: json!({ "project_id": ID, "resolution": "720" }),
        expected: Some(1),
        metadata: None,
        unpack: None,
        origin: Origin::Submitted,
    });
    job.provider_job_id = provider_job_id.map(ProviderJobId::new);
    job.notes.insert("asked_at".into(), ASKED.into());
    job.notes.insert("snapshot".into(), json!({}));
    job.notes.extend(notes.as_object().cloned().expect("an object"));
    job
}

fn running() -> Job {
    job(Some(ID), json!({ "backend_task_id": "bt-2" }))
}

/// Answers each request by the end of its path, asks at `after` seconds, and returns the end and what was requested.
fn asked(job: &Job, after: i64, answers: &[(&str, u16, Value)]) -> (QueryStep<PollStatus>, Vec<String>) {
    let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
    let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
    let now = OffsetDateTime::from_unix_timestamp(ASKED + after).expect("a time");
    let mut question = Question::new(&access, job, now).expect("keys").expect("a question");
    let (mut step, mut requests) = (question.start(), vec![]);
    loop {
        step = match step {
            QueryStep::Authorize { refused } => {
                if refused {
                    requests.push("token".to_owned());
                }
                question.on_token(&Secret::new("t"))
            }
            QueryStep::Send(request) => {
                let path = request.uri().path().trim_start_matches("/api/odin/v3/editor/").to_owned();
                let answer = answers.iter().find(|(known, ..)| *known == path);
                requests.push(path);
                let Some((_, status, body)) = answer else {
                    return (question.on_response(Err(SendFailure::MaybeSent)), requests);
                };
                let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
                let response = http::Response::builder().status(*status).body(body.into());
                question.on_response(Ok(response.expect("a response")))
            }
            end => return (end, requests),
        };
    }
}

fn progress(fields: Value) -> (&'static str, u16, Value) {
    ("progress/66b1", 200, json!({ "success": true, "data": fields }))
}

fn project(fields: Value) -> (&'static str, u16, Value) {
    ("project/66b1", 200, json!({ "success": true, "data": { "project": fields } }))
}

fn refusal(path: &'static str, status: u16, code: u16) -> (&'static str, u16, Value) {
    (path, status, json!({ "success": false, "error": { "code": code, "msg": "no" } }))
}

fn told(end: &QueryStep<PollStatus>) -> String {
    match end {
        QueryStep::Done(PollStatus::Working { percent, .. }) => format!("working {percent:?}"),
        QueryStep::Done(PollStatus::Found { provider_job_id, .. }) => format!("found {provider_job_id}"),
        QueryStep::Done(PollStatus::Gone(error)) => format!("gone {}", error.message),
        QueryStep::Done(PollStatus::Told(Event::Finished { sources, .. })) => {
            format!("finished {}", sources[0].url)
        }
        QueryStep::Done(PollStatus::Told(Event::Failed { error, .. })) => format!("failed {}", error.message),
        QueryStep::Done(PollStatus::Told(Event::Expired { .. })) => "expired".into(),
        QueryStep::Done(PollStatus::Told(event)) => format!("{event:?}"),
        QueryStep::SendAfter { wait, .. } => format!("again after {} s", wait.as_secs()),
        QueryStep::Failed(error) => format!("no answer: {}", error.class.name()),
        QueryStep::Send(_) | QueryStep::Authorize { .. } => "asks on".into(),
    }
}

fn notes(end: &QueryStep<PollStatus>) -> Map<String, Value> {
    match end {
        QueryStep::Done(PollStatus::Working { notes, .. } | PollStatus::Found { notes, .. }) => {
            notes.clone().unwrap_or_default()
        }
        _ => Map::new(),
    }
}

#[test]
fn each_answer_about_the_progress_has_one_meaning() {
    let finished = format!("finished {VIDEO}");
    for (answer, meaning) in [
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
        (("progress/66b1", 429, json!({})), "again after 30 s"),
        (("progress/66b1", 500, json!({})), "no answer: ProviderUnavailable"),
        (("progress/66b1", 502, json!("<html>")), "no answer: ProviderUnavailable"),
        (("progress/66b1", 200, json!("")), "no answer: ProviderUnavailable"),
        (("elsewhere", 200, json!({})), "no answer: ProviderUnavailable"),
        (refusal("progress/66b1", 200, 7), "working None"),
    ] {
        assert_eq!(told(&asked(&running(), 90, std::slice::from_ref(&answer)).0), meaning, "{answer:?}");
    }
}

#[test]
fn a_token_is_refused_once_and_then_the_refusals_count() {
    let no = refusal("progress/66b1", 401, 4010);
    let (end, requests) = asked(&running(), 90, std::slice::from_ref(&no));
    assert_eq!(requests, ["progress/66b1", "token", "progress/66b1"]);
    assert_eq!((told(&end).as_str(), &notes(&end)["refusals"]), ("working None", &json!(1)));
    let twice = job(Some(ID), json!({ "backend_task_id": "bt-2", "refusals": 2 }));
    let (end, _) = asked(&twice, 90, &[no]);
    let QueryStep::Done(PollStatus::Gone(error)) = end else { panic!("not given up") };
    assert_eq!(error.class, ErrorClass::ProviderCredentials);
    let odd = refusal("progress/66b1", 200, 7);
    assert!(told(&asked(&twice, 90, &[odd]).0).starts_with("gone AI Studios does not tell"));
    let (end, _) = asked(&twice, 90, &[progress(json!({ "progress": 5 }))]);
    assert_eq!(notes(&end)["refusals"], 0, "an answer in between starts the count again");
}

#[test]
fn a_project_that_is_not_found_is_looked_for_in_every_way_after_a_minute() {
    let none = |path| refusal(path, 404, 4040);
    let (end, requests) = asked(&running(), 59, &[none("progress/66b1")]);
    assert_eq!((told(&end).as_str(), requests.len()), ("working None", 1));

    let renamed = job(Some(OTHER), json!({ "backend_task_id": "bt-2" }));
    let other = progress(json!({ "progress": 50 }));
    let (end, requests) = asked(&renamed, 60, &[none("progress/77c2"), other]);
    assert_eq!((told(&end).as_str(), requests.len()), ("working Some(50.0)", 2));

    let done = project(json!({ "progress": 100, "state": "exported", "download_url": VIDEO }));
    let (end, _) = asked(&running(), 60, &[none("progress/66b1"), done]);
    assert_eq!(told(&end), format!("finished {VIDEO}"));

    let (end, requests) =
        asked(&renamed, 60, &[none("progress/77c2"), none("progress/66b1"), none("project/77c2")]);
    assert!(told(&end).starts_with("gone project_missing"), "{}", told(&end));
    assert_eq!(requests, ["progress/77c2", "progress/66b1", "project/77c2"]);
}

#[test]
fn an_export_without_a_url_waits_ten_minutes_and_then_its_project_is_asked() {
    let done = || progress(json!({ "progress": 100 }));
    let (end, _) = asked(&running(), 100, &[done()]);
    let since = notes(&end)["finalizing_since"].clone();
    assert_eq!(since, ASKED + 100);
    let waiting = job(Some(ID), json!({ "backend_task_id": "bt-2", "finalizing_since": since }));
    assert_eq!(asked(&waiting, 699, &[done()]).1.len(), 1);
    let (end, _) = asked(&waiting, 700, &[done(), project(json!({ "download_url": VIDEO }))]);
    assert_eq!(told(&end), format!("finished {VIDEO}"));
    let (end, _) = asked(&waiting, 700, &[done(), project(json!({}))]);
    assert!(told(&end).starts_with("failed completed_without_url"), "{}", told(&end));
    let (end, _) = asked(&waiting, 700, &[done(), ("project/66b1", 503, json!(""))]);
    assert_eq!(told(&end), "working Some(100.0)", "a project that cannot be read says nothing");
}

#[test]
fn an_earlier_exports_end_is_not_taken_for_this_ones() {
    let before = json!({ "backend_task_id": "bt-1", "percent": 100, "state": "exported", "url": VIDEO });
    let again = job(Some(ID), json!({ "snapshot": before }));
    let old = || progress(json!({ "progress": 100, "state": "exported", "downloadUrl": VIDEO }));
    let (end, requests) = asked(&again, 20, &[old(), project(json!({ "backendTaskId": "bt-1" }))]);
    assert_eq!((told(&end).as_str(), requests.len()), ("working None", 2));
    let (end, _) = asked(&again, 20, &[old(), project(json!({ "backendTaskId": "bt-2" }))]);
    assert_eq!(told(&end), format!("finished {VIDEO}"));
    let (end, _) = asked(&again, 1800, &[old(), project(json!({ "backendTaskId": "bt-1" }))]);
    let QueryStep::Done(PollStatus::Told(Event::Finished { sources, .. })) = &end else {
        panic!("{}", told(&end))
    };
    assert_eq!(sources[0].details["possibly_stale"], true);

    let failed = json!({ "backend_task_id": "bt-1", "percent": 40.0, "state": "error" });
    let again = job(Some(ID), json!({ "snapshot": failed }));
    let (end, _) = asked(&again, 20, &[progress(json!({ "progress": 40, "state": "error" }))]);
    assert_eq!(told(&end), "working None", "an earlier failure is not this one's");
    let (end, _) = asked(&again, 20, &[progress(json!({ "progress": 7, "state": "exporting" }))]);
    assert_eq!(notes(&end)["restarted"], true);
}

#[test]
fn what_does_not_move_fails_by_name_and_what_takes_too_long_expires() {
    let at = |percent: f64, changed: i64| {
        let kept = json!({ "backend_task_id": "bt-2", "percent": percent, "changed_at": ASKED + changed });
        job(Some(ID), kept)
    };
    let stuck = || progress(json!({ "progress": 63 }));
    assert_eq!(told(&asked(&at(63.0, 10), 1809, &[stuck()]).0), "working Some(63.0)");
    assert_eq!(
        told(&asked(&at(63.0, 10), 1810, &[stuck()]).0),
        "failed stalled: AI Studios has reported 63 % for 30 minutes"
    );
    assert_eq!(told(&asked(&at(62.0, 10), 1810, &[stuck()]).0), "working Some(63.0)", "it moved");
    assert_eq!(told(&asked(&at(62.0, 10), 3600, &[stuck()]).0), "expired");
    assert_eq!(told(&asked(&at(62.0, 10), 3600, &[]).0), "expired", "also when nobody answers");
    let late = progress(json!({ "progress": 100, "downloadUrl": VIDEO }));
    assert_eq!(told(&asked(&at(62.0, 10), 9000, &[late]).0), format!("finished {VIDEO}"));
}

#[test]
fn a_lost_answer_is_found_by_what_changed() {
    let before = json!({ "backend_task_id": "bt-1", "percent": 100.0, "state": "exported" });
    let lost = job(None, json!({ "snapshot": before }));
    let same = || [progress(json!({ "progress": 100 })), project(json!({ "backendTaskId": "bt-1" }))];
    assert_eq!(told(&asked(&lost, 90, &same()).0), "working None");
    assert_eq!(told(&asked(&lost, 3600, &same()).0), "expired");
    let new = [progress(json!({ "progress": 100 })), project(json!({ "backendTaskId": "bt-2" }))];
    let (end, _) = asked(&lost, 90, &new);
    assert_eq!((told(&end).as_str(), &notes(&end)["backend_task_id"]), ("found 66b1", &json!("bt-2")));
    let restarted = [progress(json!({ "progress": 12 }))];
    assert_eq!(told(&asked(&lost, 90, &restarted).0), "found 66b1");
    let unanswered = [refusal("progress/66b1", 404, 4040), project(json!({ "backendTaskId": "bt-2" }))];
    assert_eq!(told(&asked(&lost, 5, &unanswered).0), "found 66b1");
}

#[test]
fn the_manifest_is_told_what_is_known_and_a_claim_only_of_the_same_render() {
    let reported = |task: &str| {
        let claim = json!({ "backend_task_id": task, "credit": 2 });
        let job = job(Some(ID), json!({ "backend_task_id": "bt-2", "reported": claim }));
        let url = format!("{VIDEO}?Signature=s");
        match asked(&job, 90, &[progress(json!({ "progress": 100, "downloadUrl": url }))]).0 {
            QueryStep::Done(PollStatus::Told(Event::Finished { sources, .. })) => sources[0].clone(),
            other => panic!("{}", told(&other)),
        }
    };
    let source = reported("bt-2");
    assert_eq!(source.name.as_deref(), Some("66b1.mp4"));
    let expected = json!({ "project_id": ID, "resolution": "720", "backend_task_id": "bt-2", "credit": 2 });
    assert_eq!(Value::Object(source.details), expected);
    assert_eq!(reported("bt-9").details.get("credit"), None);
}

#[test]
fn a_url_without_a_file_name_takes_the_projects() {
    for (url, name) in [
        ("https://h/a/Spring%20video.mp4?x=1", "Spring%20video.mp4"),
        ("https://h/a/clip.webm", "clip.webm"),
        ("https://h/download", "66b1.mp4"),
        ("https://h/v1.0.0-export", "66b1.mp4"),
        ("https://h/", "66b1.mp4"),
        ("https://h/.mp4", "66b1.mp4"),
    ] {
        let answer = progress(json!({ "progress": 100, "downloadUrl": url }));
        match asked(&running(), 90, &[answer]).0 {
            QueryStep::Done(PollStatus::Told(Event::Finished { sources, .. })) => {
                assert_eq!(sources[0].name.as_deref(), Some(name), "{url}");
            }
            other => panic!("{}", told(&other)),
        }
    }
}

#[test]
fn files_that_are_gone_are_asked_for_anew_at_the_project_too() {
    let mut landing = running();
    let done = progress(json!({ "progress": 100, "downloadUrl": VIDEO }));
    let fresh = "https://media.aistudios.com/fresh/66b1.mp4";
    let answers = [done, project(json!({ "backendTaskId": "bt-2", "download_url": fresh }))];
    assert_eq!(told(&asked(&landing, 90, &answers).0), format!("finished {VIDEO}"));
    landing.sources = vec![model::Source::archive(VIDEO)];
    assert_eq!(told(&asked(&landing, 90, &answers).0), format!("finished {fresh}"));
}

#[test]
fn what_was_never_asked_for_is_not_asked_about() {
    let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
    let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
    let mut job = running();
    job.notes.clear();
    assert!(Question::new(&access, &job, OffsetDateTime::UNIX_EPOCH).expect("keys").is_none());
}

#[test]
fn intervals_grow_with_the_age_of_the_job() {
    let seconds = |age: u64| interval(Duration::from_secs(age), 7).as_secs();
    assert_eq!([0, 119, 120, 599, 600, 3599].map(seconds), [15, 15, 30, 30, 60, 60]);
}
