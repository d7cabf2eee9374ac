//! A request becomes a job, once.

use std::fs;

use harness::cloud::{Outage, Service};
use serde_json::Value;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_a_stored_job_and_the_same_key_gives_the_same_job() {
    let world = World::start().await;
    fs::write(world.path("request.json"), world.export(2)).expect("written");
    let key = ["--wait", "--idempotency-key", "spring-1"];
    let stored = world.landfall(&[&["submit", "request.json"], &key[..]].concat()).await.ends(0).document();
    assert_eq!((&stored["status"], &stored["files_total"]), (&"stored".into(), &2.into()));

    let again = world.landfall_reading(&[&["submit", "-"], &key[..]].concat(), &world.export(2)).await;
    assert_eq!(again.ends(0).document(), stored);
    assert_eq!(world.accepted(), 1);

    let other = world.landfall(&["submit", &world.export(1), "--idempotency-key", "spring-1"]).await.ends(3);
    assert_eq!(other.problem(), "idempotency-mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_key_is_made_once_though_the_answer_was_lost() {
    let world = World::start().await;
    world.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    world.landfall(&["submit", &world.export(1)]).await.ends(0);
    assert_eq!((world.stack.cloud.requests().count(Service::Lambda, "Invoke"), world.accepted()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_answers_are_all_lost_can_be_sent_again_under_the_key_that_is_told() {
    let world = World::start().await;
    world.stack.cloud.faults().set(Service::Lambda, Outage::LoseAnswers);
    let lost = world.landfall(&["submit", &world.export(1)]).await.ends(1);
    let problem: Value = serde_json::from_str(&lost.err).expect("one problem");
    let key = problem["idempotency_key"].as_str().expect("a key");
    world.stack.cloud.faults().clear();
    world.landfall(&["submit", &world.export(1), "--idempotency-key", key]).await.ends(0);
    assert_eq!(world.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_the_key_before_anything_can_go_wrong_and_again_when_it_has() {
    let world = World::start().await;
    let refused = world.landfall(&["submit", "{}", "--output", "text"]).await.ends(3);
    let told = refused.err.lines().next().and_then(|line| line.strip_prefix("idempotency key "));
    assert!(told.is_some_and(|key| key.len() == 36), "{}", refused.err);
    assert!(!refused.err.contains("--idempotency-key"), "there is no job: {}", refused.err);

    world.stack.cloud.faults().set(Service::Lambda, Outage::LoseAnswers);
    let lost = world.landfall(&["submit", &world.export(1), "--output", "text", "--quiet"]).await.ends(1);
    let key = lost.err.trim_end().split("--idempotency-key ").nth(1).expect("a key");
    world.stack.cloud.faults().clear();
    world.landfall(&["submit", &world.export(1), "--idempotency-key", key]).await.ends(0);
    assert_eq!(world.accepted(), 1);
}
