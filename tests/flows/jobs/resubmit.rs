//! A job whose files are lost for good is asked for again, as one new job, however often that is wanted.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::world::{World, problem};

impl World {
    /// A job whose link had expired when it was to be landed.
    async fn lost(&self) -> String {
        self.trouble(json!({ "on": "archive", "kind": "expired", "count": null }));
        let id = self.submitted(2).await;
        self.ends(&id, "failed").await;
        self.admin(Method::DELETE, "/faults", Value::Null);
        id
    }
}

#[tokio::test]
async fn a_job_is_resubmitted_once_however_often_and_concurrently() {
    let world = World::start().await;
    let id = world.lost().await;
    assert_eq!(world.accepted_posts(), 1);

    let again = || world.tell(&id, "retry", json!({ "resubmit": true }));
    let answers = join_all((0..6).map(|_| again())).await;
    let new = answers[0].body()["job_id"].as_str().expect("an id").to_owned();
    assert_ne!(new, id);
    for answer in answers {
        assert_eq!(
            (answer.status().as_u16(), &answer.body()["job_id"]),
            (202, &json!(new)),
            "{}",
            answer.body()
        );
        assert_eq!(answer.headers()["location"], format!("/jobs/{new}"));
    }
    let stored = world.ends(&new, "stored").await;
    assert_eq!(world.accepted_posts(), 2);
    let old = world.job(&id).await;
    assert_eq!((&stored["retry_of"], &old["resubmitted_as"]), (&json!(id), &json!(new)));
    assert_eq!((&old["status"], &stored["request"]), (&json!("failed"), &old["request"]));

    assert_eq!(again().await.body()["status"], "stored", "the same job, wherever it is by now");
    assert_eq!(world.accepted_posts(), 2);
}

#[tokio::test]
async fn a_resubmission_that_is_refused_for_the_moment_can_be_repeated() {
    let world = World::start().await;
    let id = world.lost().await;
    world.trouble(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    let refused = world.tell(&id, "retry", json!({ "resubmit": true })).await;
    problem(&refused, 429, "provider-throttled");
    assert_eq!(world.job(&id).await["resubmitted_as"], Value::Null);

    let answer = world.tell(&id, "retry", json!({ "resubmit": true })).await;
    assert_eq!(answer.status(), 202, "{}", answer.body());
    world.ends(answer.body()["job_id"].as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn work_that_may_still_come_is_not_asked_for_again_before_it_is_cancelled() {
    let world = World::start().await;
    let (id, _) = world.submitted_in_silence(1).await;
    problem(&world.tell(&id, "retry", json!({ "resubmit": true })).await, 409, "job-conflict");
    assert_eq!(world.accepted_posts(), 1);

    world.cancelled(&id).await;
    let answer = world.tell(&id, "retry", json!({ "resubmit": true })).await;
    assert_eq!(answer.body()["retry_of"], json!(id), "{}", answer.body());
    world.ends(answer.body()["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!(world.accepted_posts(), 2);
}
