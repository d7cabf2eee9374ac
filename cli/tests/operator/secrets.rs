//! Secrets are looked after without being told, and links are told to nobody but who asks for one.

use bytes::Bytes;
use harness::cloud::{Outage, Service};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{World, id};

#[tokio::test(flavor = "multi_thread")]
async fn the_secrets_of_webhooks_are_made_rotated_and_revoked_by_their_fingerprints() {
    let world = World::start().await;
    let stored = async |action: &str| {
        let ran = world.landfall(&["webhook-secret", action]).await.ends(0);
        ran.document()["stored"].as_array().expect("fingerprints").clone()
    };
    assert_eq!(stored("status").await, Vec::<Value>::new());
    let first = stored("rotate").await;
    let both = stored("rotate").await;
    assert_eq!((first.len(), both.len(), &both[1]), (1, 2, &first[0]));
    assert_eq!(world.landfall(&["webhook-secret", "rotate"]).await.ends(3).problem(), "invalid-request");
    assert_eq!(stored("revoke").await, both[..1]);
    let ran = world.landfall(&["webhook-secret", "status", "--output", "text"]).await.ends(0);
    assert_eq!(ran.out, format!("signing      {}\n", both[0].as_str().expect("a fingerprint")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_whose_answer_is_lost_is_not_sent_again() {
    let world = World::start().await;
    world.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    let lost = world.landfall(&["webhook-secret", "rotate"]).await.ends(1);
    assert!(lost.err.contains("status"), "{}", lost.err);
    let status = world.landfall(&["webhook-secret", "status"]).await.ends(0).document();
    assert_eq!(status["stored"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_secret_is_fetched_and_rotated_and_a_second_rotation_must_be_meant() {
    let world = World::start().await;
    let of = |action| ["signing-secret", "abyssale", action];
    let fetched = world.landfall(&of("fetch")).await.ends(0).document();
    assert_eq!(fetched["in_sync"], true);
    let rotated = world.landfall(&of("rotate")).await.ends(0).document();
    assert_ne!(rotated["at_provider"]["fingerprint"], fetched["at_provider"]["fingerprint"]);
    assert_eq!(world.landfall(&of("rotate")).await.ends(3).problem(), "provider-conflict");
    let forced = world.landfall(&[&of("rotate")[..], &["--force"]].concat()).await.ends(0).document();
    assert_ne!(forced["at_provider"]["fingerprint"], rotated["at_provider"]["fingerprint"]);
    let status = world.landfall(&of("status")).await.ends(0).document();
    assert_eq!(status["stored"], forced["stored"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_gives_a_file_the_archive_or_the_manifest_to_whoever_has_it() {
    let world = World::start().await;
    let job = world.ended(0).await;
    let file = &job["files"][0];
    for (asked, linked) in [
        (file["name"].as_str().expect("a name"), file),
        ("--archive", &job["archive"]),
        ("--manifest", &job["manifest"]),
    ] {
        let line = ["link", &id(&job), asked, "--expires-in", "5m", "--output", "text"];
        let ran = world.landfall_handing_on_a_link(&line, "").await.ends(0);
        let request = Request::builder().method(Method::GET).uri(ran.out.trim_end()).body(Bytes::new());
        let answer = world.stack.http.send(request.expect("a request")).await.expect("a file");
        assert!(*answer.body() == world.object(linked).await, "other bytes: {asked}");
        assert!(ran.out.contains("X-Amz-Expires=300") && ran.err.contains("until"), "{ran:?}");
    }
    let ran = world.landfall_handing_on_a_link(&["link", &id(&job), "--archive"], "").await.ends(0);
    let keys: Vec<String> = ran.document().as_object().expect("an object").keys().cloned().collect();
    assert_eq!(json!(keys), json!(["expires_at", "url"]));
}
