//! Exports whose callback never comes.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use time::Duration;

use super::{A_DAY, file_names, missing_names};
use crate::{generation::assert_mentions, world::World};

/// A little more than the default of `RESCUE_AFTER_SECONDS`.
const HALF_AN_HOUR: Duration = Duration::minutes(31);

#[tokio::test]
async fn a_lost_export_lands_its_banners_after_half_an_hour_and_costs_nothing() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(3).await;
    world.sweep_at_age(&id, Duration::minutes(29)).await;
    assert_eq!((world.read_banners(), &world.job(&id).await["status"]), (vec![], &json!("submitted")));

    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(
        (&job["completed_by"], &job["archive"], &job["files_total"]),
        (&json!("banners"), &Value::Null, &json!(3))
    );
    assert_eq!((&job["missing"], &job["error"]), (&json!([]), &Value::Null));
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completed_by"], "banners");
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }));
    let read: Vec<&Value> = manifest["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| &file["details"]["banner_id"])
        .collect();
    assert_eq!(json!(read), json!(world.banner_ids(3)));
    world.assert_files_match_manifest(&manifest).await;
    assert_eq!(json!(world.read_banners()), json!(world.banner_ids(3)));
    world.assert_nothing_billed();
}

#[tokio::test]
async fn every_type_of_file_is_rescued_with_its_companions() {
    let world = World::start().await;
    let mut ids = world.banner_ids(1);
    for (design, file_type) in [("animated", "html5"), ("animated", "mp4"), ("printer", "pdf")] {
        let request = world.generation_request(design, json!({ "image_file_type": file_type }));
        let made = world.run_job(&request, "stored").await;
        let manifest = world.read_manifest(&made).await;
        ids.push(manifest["files"][0]["details"]["banner_id"].clone());
    }
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    let export = json!({ "provider": "abyssale", "kind": "export", "banner_ids": ids });
    let id = world.submit_request(&export).await;
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    let job = world.wait_for_status(&id, "stored").await;
    let manifest = world.read_manifest(&job).await;
    let types: BTreeSet<&str> = manifest["files"]
        .as_array()
        .expect("files")
        .iter()
        .filter_map(|file| file["content_type"].as_str())
        .collect();
    assert!(
        types.is_superset(&BTreeSet::from(["application/zip", "video/mp4", "application/pdf"])),
        "{types:?}"
    );
    assert!(file_names(&job).iter().any(|name| name.ends_with("-fallback.jpg")), "{job:#}");
    assert_eq!(manifest["completeness"], json!({ "expected": 4, "landed": 4, "missing": 0 }));
    world.assert_files_match_manifest(&manifest).await;
}

#[tokio::test]
async fn banners_that_do_not_exist_and_files_that_are_gone_are_named() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(4).await;
    let ids = world.banner_ids(4);
    world.delete_banners(&ids[1..2]);
    let gone = format!("GET /banners/{}.png", ids[0].as_str().expect("an id"));
    let gone_jpeg = gone.replace(".png", ".jpg");
    for route in [gone, gone_jpeg] {
        world.inject_fault(json!({ "on": "file", "route": route, "kind": "not_found", "count": null }));
    }
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    let job = world.wait_for_status(&id, "partial").await;
    assert_eq!((&job["files_total"], &job["completed_by"]), (&json!(2), &json!("banners")));
    assert_eq!(missing_names(&job), BTreeSet::from([ids[1].as_str().expect("an id")]));
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 4, "landed": 2, "missing": 2 }));
    assert_eq!(manifest["missing"], job["missing"]);
    assert_eq!(manifest["refused"].as_array().map(Vec::len), Some(1), "{manifest:#}");
}

#[tokio::test]
async fn an_export_of_which_nothing_can_be_read_waits_for_its_callback_and_then_expires_with_the_reason() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(2).await;
    world.delete_banners(&world.banner_ids(2));
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], missing_names(&job).len()), (&json!("submitted"), 2), "{job:#}");
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    assert_eq!(world.read_banners().len(), 2, "they are read once");

    world.sweep_at_age(&id, Duration::hours(25)).await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("expired"), &json!("ProviderSilent")));
    assert_mentions(&job["error"]["message"], &["sent no update", "none of its 2 files", "no such banner"]);

    world.redeliver(&url, 1);
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["completed_by"], &job["missing"]), (&json!("callback"), &json!([])));
    world.assert_nothing_billed();
}

#[tokio::test]
async fn a_callback_after_the_rescue_changes_nothing_and_is_recorded() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(2).await;
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    let stored = world.wait_for_status(&id, "stored").await;
    let keys = world.object_keys().await;
    world.redeliver(&url, 1);
    world.wait_for_attempts(&url, 1).await;
    world.wait_for_empty_queue().await;
    let mut job = world.job(&id).await;
    assert_eq!(job["deliveries"].as_array().map(Vec::len), Some(1));
    job["deliveries"] = stored["deliveries"].clone();
    assert_eq!((job, world.object_keys().await), (stored, keys));
    assert_eq!(world.admin(Method::GET, "/exports", Value::Null)["exports"][0]["downloads"], 0);
}

#[tokio::test]
async fn a_callback_during_the_rescue_lands_the_archive_alone() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(3).await;
    let second = world.banner_ids(2)[1].as_str().expect("an id").to_owned();
    let limited = json!({ "on": "call", "route": format!("GET /banners/{second}"), "kind": "rate_limited" });
    world.inject_fault(limited);
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    assert_eq!((world.read_banners().len(), &world.job(&id).await["status"]), (2, &json!("submitted")));

    world.redeliver(&url, 1);
    let job = world.wait_for_status(&id, "stored").await;
    world.sweep_for_rescue().await;
    assert_eq!((&job["completed_by"], &job["files_total"]), (&json!("callback"), &json!(3)));
    assert_eq!((world.job(&id).await, world.read_banners().len()), (job.clone(), 2));
    world.assert_files_match_manifest(&world.read_manifest(&job).await).await;
}

#[tokio::test]
async fn a_rescue_that_is_throttled_continues_where_it_stopped() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(4).await;
    let third = world.banner_ids(3)[2].as_str().expect("an id").to_owned();
    let limited = json!({ "on": "call", "route": format!("GET /banners/{third}"), "kind": "rate_limited" });
    world.inject_fault(limited);
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    assert_eq!(world.read_banners().len(), 3);
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["files_total"], world.read_banners().len()), (&json!(4), 5), "the third was read twice");
}

#[tokio::test]
async fn a_rescue_whose_message_is_lost_is_started_again_by_the_sweep() {
    let mut world = World::start().await;
    let (id, _) = world.submit_export_without_callback(2).await;
    world.stack.pause_worker();
    world.set_age(&id, HALF_AN_HOUR).await;
    world.sweep(A_DAY).await;
    world.aws.sqs.purge_queue().queue_url(&world.delivery_queue_url).send().await.expect("purged");
    world.stack.resume_worker();
    world.wait_for_empty_queue().await;
    assert_eq!(world.read_banners(), Vec::<String>::new());
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn a_banner_that_the_provider_never_answers_for_does_not_hold_up_the_others() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(3).await;
    let first = world.banner_ids(1)[0].as_str().expect("an id").to_owned();
    let broken = format!("GET /banners/{first}");
    world.inject_fault(
        json!({ "on": "call", "route": broken, "kind": "gateway_error", "status": 500, "count": null }),
    );
    let mut sweeps = 0;
    while world.job(&id).await["status"] == "submitted" {
        sweeps += 1;
        assert!(sweeps <= 10, "{:#}", world.job(&id).await);
        world.sweep_at_age(&id, HALF_AN_HOUR).await;
    }
    let job = world.wait_for_status(&id, "partial").await;
    assert_eq!((&job["files_total"], missing_names(&job)), (&json!(2), BTreeSet::from([first.as_str()])));
}

#[tokio::test]
async fn an_export_whose_submission_had_no_response_is_rescued_too() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    world.inject_fault(
        json!({ "on": "call", "route": "POST /async/banners/export", "kind": "lost_response" }),
    );
    let id = world.submit_export(2).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["completed_by"], &job["provider_job_id"]), (&json!("banners"), &Value::Null));
    world.assert_nothing_billed();
}

#[tokio::test]
async fn a_cancelled_export_is_not_rescued() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(2).await;
    world.cancel_job(&id).await;
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    assert_eq!((world.read_banners(), world.object_keys().await), (vec![], vec![]));
}

#[tokio::test]
async fn without_a_rescue_a_lost_export_expires() {
    let world = World::start_with(|options| options.variable("RESCUE_AFTER_SECONDS", "0")).await;
    let (id, _) = world.submit_export_without_callback(2).await;
    world.sweep_at_age(&id, HALF_AN_HOUR).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.sweep_at_age(&id, Duration::hours(25)).await;
    assert_eq!((&world.job(&id).await["status"], world.read_banners()), (&json!("expired"), vec![]));
}

#[tokio::test]
async fn every_banner_of_many_lost_exports_is_landed_or_named() {
    let world = World::start().await;
    let all = world.banner_ids(12);
    let deleted: Vec<Value> = all.iter().step_by(3).cloned().collect();
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop", "count": null }));
    for mut fault in [
        json!({ "kind": "gateway_error", "count": 5 }),
        json!({ "kind": "reset", "count": 4 }),
        json!({ "kind": "rate_limited", "count": 2, "retry_after": 1 }),
    ] {
        fault["on"] = "call".into();
        fault["route"] = "GET /banners/*".into();
        world.inject_fault(fault);
    }
    let mut jobs = vec![];
    for number in 0..8 {
        let ids: Vec<Value> = (0..=number).map(|step| all[(number + step * 5) % 12].clone()).collect();
        let request = json!({ "provider": "abyssale", "kind": "export", "banner_ids": ids });
        jobs.push((world.submit_request(&request).await, ids));
    }
    world.delete_banners(&deleted);
    for (id, _) in &jobs {
        world.set_age(id, HALF_AN_HOUR).await;
    }
    // The provider's failures end some of the batches, its pauses delay others, and the next sweeps continue them.
    for _ in 0..12 {
        world.sweep_for_rescue().await;
        let mut unfinished = 0;
        for (id, ids) in &jobs {
            let job = world.job(id).await;
            let named = missing_names(&job).len() as u64 + job["files_total"].as_u64().expect("a number");
            unfinished += usize::from(named < ids.len() as u64);
        }
        if unfinished == 0 {
            break;
        }
    }
    for (id, ids) in &jobs {
        let job = world.job(id).await;
        let is_deleted = |id: &&Value| deleted.contains(id);
        let expected: BTreeSet<&str> = ids.iter().filter(is_deleted).filter_map(Value::as_str).collect();
        assert_eq!(missing_names(&job), expected, "{job:#}");
        assert_eq!(job["files_total"], ids.len() - expected.len(), "{job:#}");
        let status = match expected.len() {
            0 => "stored",
            all if all == ids.len() => "submitted",
            _ => "partial",
        };
        assert_eq!(job["status"], status, "{job:#}");
    }
    assert_eq!(world.work_requests().len(), jobs.len());
}
