//! Tests of the evaluation of folders.

use model::{JobId, JobOrigin, NewJob, ProviderName};
use serde_json::json;

use super::*;
use crate::ai_studios::dubbing::folder::read_folder;

const HOUR: i64 = 3600;

/// Evaluates these items at this age of a dubbing into two languages, with the stored state of earlier polls.
fn evaluate(items: &Value, age: i64, stored: Value) -> PollStatus {
    let job = job(stored);
    let now = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(age);
    FolderEvaluation::new(&job, &Credentials::default(), now).evaluate(&read_folder(items.clone()))
}

fn job(stored: Value) -> Job {
    let mut job = Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("ai_studios"),
        kind: "dubbing".into(),
        request: json!({ "targets": ["en-US", "ko-KR"] }),
        expected_files: Some(2),
        metadata: None,
        unpack: None,
        origin: JobOrigin::Submitted,
    });
    job.provider_state = stored.as_object().cloned().expect("an object");
    job.provider_state.insert("asked_at".into(), json!(0));
    job
}

fn ready(name: &str, project: &str) -> Value {
    let url = format!("https://media.aistudios.com/export/{project}.mp4?Signature=s");
    json!({ "projectId": project, "name": name, "progress": 100, "download_url": url })
}

/// Returns the names of the files and what is missing.
fn files(status: PollStatus) -> (Vec<String>, Vec<String>) {
    let PollStatus::Ended(JobEvent::FilesReady { sources, missing }) = status else { panic!("{status:?}") };
    let names = sources.into_iter().map(|source| source.name.expect("a name")).collect();
    (names, missing.into_iter().map(describe).collect())
}

fn describe(missing: MissingFile) -> String {
    format!("{}: {}", missing.name.as_deref().unwrap_or("-"), missing.reason)
}

#[test]
fn a_dubbing_ends_when_every_language_has_a_video_named_by_it() {
    let items = json!([ready("Talk_ko-KR", "p2"), ready("Talk_en-US", "p1")]);
    let status = evaluate(&items, 90, json!({}));
    let PollStatus::Ended(JobEvent::FilesReady { sources, missing }) = status else { panic!("{status:?}") };
    assert_eq!(
        (sources[0].name.as_deref(), sources[1].name.as_deref()),
        (Some("ko-KR.mp4"), Some("en-US.mp4"))
    );
    let details = json!({ "project_id": "p2", "name": "Talk_ko-KR", "language": "ko-KR" });
    assert_eq!((Value::Object(sources[0].details.clone()), missing), (details, vec![]));
}

#[test]
fn an_item_without_a_language_has_the_providers_name() {
    let items = json!([ready("Talk", "p1"), ready("Talk.mp4", "p2")]);
    assert_eq!(files(evaluate(&items, 90, json!({}))).0, ["Talk.mp4", "Talk.mp4"]);
}

#[test]
fn languages_that_failed_are_missing_and_the_others_land() {
    let failed = json!({
        "projectId": "p2", "name": "Talk_ko-KR", "progress": 40, "state": "error",
        "error": { "code": 7, "msg": "no speech" },
    });
    let status = evaluate(&json!([ready("Talk_en-US", "p1"), failed]), 90, json!({}));
    let expected = (vec!["en-US.mp4".to_owned()], vec!["ko-KR: failed at 40 %: no speech (7)".to_owned()]);
    assert_eq!(files(status), expected);

    let status = evaluate(&json!([failed, { "projectId": "p1", "state": "failed" }]), 90, json!({}));
    let PollStatus::Ended(JobEvent::WorkFailed { missing, .. }) = status else { panic!("{status:?}") };
    let missing: Vec<String> = missing.into_iter().map(describe).collect();
    assert_eq!(missing, ["ko-KR: failed at 40 %: no speech (7)", "p1: failed: AI Studios gives no reason"]);
}

#[test]
fn unfinished_languages_are_waited_for() {
    for (items, percent) in [
        (json!([]), 0.0),
        (json!([ready("Talk_en-US", "p1")]), 50.0),
        (json!([ready("Talk_en-US", "p1"), { "projectId": "p2", "progress": "33.3" }]), 66.7),
        (json!([ready("Talk_en-US", "p1"), { "projectId": "p2", "progress": 100 }]), 100.0),
    ] {
        let status = evaluate(&items, 90, json!({}));
        let PollStatus::InProgress { percent: reported, .. } = status else { panic!("{items}: {status:?}") };
        assert_eq!(reported, Some(percent), "{items}");
    }
}

#[test]
fn a_stalled_dubbing_ends_with_the_languages_that_are_ready() {
    let pending = json!({ "projectId": "p2", "name": "Talk_ko-KR", "progress": 63 });
    let items = json!([ready("Talk_en-US", "p1"), pending]);
    let PollStatus::InProgress { provider_state: Some(stored), .. } = evaluate(&items, 100, json!({})) else {
        panic!("it is in progress")
    };
    let stored = Value::Object(stored);
    assert!(matches!(evaluate(&items, 100 + 1799, stored.clone()), PollStatus::InProgress { .. }));
    let expected = (vec!["en-US.mp4".to_owned()], vec!["ko-KR: not finished: 63 %".to_owned()]);
    assert_eq!(files(evaluate(&items, 100 + 1800, stored.clone())), expected);

    let mut moved = items.clone();
    moved[1]["progress"] = json!(64);
    assert!(matches!(evaluate(&moved, 100 + 1800, stored), PollStatus::InProgress { .. }));
}

#[test]
fn languages_without_an_item_are_named_if_the_others_are_known() {
    let stalled = |items: &Value| {
        let PollStatus::InProgress { provider_state: Some(stored), .. } = evaluate(items, 100, json!({}))
        else {
            panic!("it is in progress")
        };
        files(evaluate(items, 100 + 1800, Value::Object(stored))).1
    };
    assert_eq!(stalled(&json!([ready("Talk_en-US", "p1")])), ["ko-KR: not in the folder of the dubbing"]);
    let unknown = "-: not in the folder of the dubbing; its items do not state their languages";
    assert_eq!(stalled(&json!([ready("Talk", "p1")])), [unknown]);
}

#[test]
fn after_the_timeout_the_ready_languages_land_or_the_dubbing_expires() {
    let moving = json!({ "projectId": "p2", "name": "Talk_ko-KR", "progress": 63 });
    let items = json!([ready("Talk_en-US", "p1"), moving]);
    assert!(matches!(evaluate(&items, 6 * HOUR - 1, json!({})), PollStatus::InProgress { .. }));
    assert_eq!(files(evaluate(&items, 6 * HOUR, json!({}))).1, ["ko-KR: not finished: 63 %"]);
    let expired = evaluate(&json!([moving]), 6 * HOUR, json!({}));
    assert!(matches!(expired, PollStatus::Ended(JobEvent::Expired { .. })), "{expired:?}");
}
