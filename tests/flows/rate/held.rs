//! The provider wants to be left alone: everybody holds back, and nobody fails.

use serde_json::{Value, json};

use super::paced;
use crate::world::World;

/// When the provider said so, and when it was asked the next time, in milliseconds.
fn refused_and_next(world: &World) -> (i64, i64) {
    let asked = world.asked();
    let time = |asked: &Value| asked["milliseconds"].as_i64().expect("a time");
    let refused = asked.iter().find(|asked| asked["status"] == 429).map(time).expect("a refusal");
    // What was on its way already cannot be called back.
    let next = asked.iter().map(time).filter(|at| *at > refused + 700).min().expect("a request");
    (refused, next)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_one_job_holds_all_jobs_back() {
    let world = paced(20.0, |options| options.variable("LONGEST_WAIT_SECONDS", "0.5")).await;
    let before: Vec<_> = world.burst(20).await;
    world.trouble(json!({ "on": "call", "kind": "rate_limited", "retry_after": 3 }));
    let behind = world.burst(20).await;
    assert!(before.iter().chain(&behind).all(|answer| answer.status() == 202));

    assert_eq!(world.everybody_was_served(40).await, [("submitted".to_owned(), 40)]);
    let (refused, next) = refused_and_next(&world);
    assert!(next - refused >= 3000, "asked again after {} ms", next - refused);
    assert_eq!(world.accepted_posts(), 40);
}

#[tokio::test]
async fn a_long_wait_is_waited_by_the_job_and_not_by_its_caller() {
    let world = paced(5.0, |options| options).await;
    world.trouble(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    let answer = world.post(&world.export(1), &[]).await;

    let job = answer.body();
    assert_eq!((answer.status().as_u16(), &job["status"]), (202, &json!("waiting")), "{job}");
    assert_eq!(
        (&job["error"]["type"], &job["error"]["retryable"]),
        (&json!("ProviderThrottled"), &json!(true))
    );
    assert_eq!(job["error"]["provider"]["id"], "request_rate_limited");
    let behind = world.post(&world.export(1), &[]).await;
    assert_eq!((behind.status().as_u16(), &behind.body()["status"]), (202, &json!("waiting")));
    assert_eq!((world.asked().len(), world.queued().await), (1, 2));
}

#[tokio::test]
async fn a_short_wait_is_waited_and_nobody_notices() {
    let world = paced(5.0, |options| options).await;
    world.trouble(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1, "count": 2 }));
    let answer = world.post(&world.export(1), &[]).await;
    assert_eq!((answer.status().as_u16(), &answer.body()["status"]), (202, &json!("submitted")));
    assert_eq!((world.asked().len(), world.accepted_posts()), (3, 1));
}
