//! Callbacks arrive early, twice, by two routes and out of order. The job lands once.

use std::{cell::Cell, collections::BTreeSet};

use harness::{BUCKET, cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Checks that a job's archive was downloaded once and written once. Returns the job.
    async fn assert_downloaded_and_stored_once(&self, id: &str) -> Value {
        let job = self.wait_for_status(id, "stored").await;
        let key = job["archive"]["key"].as_str().expect("a key");
        assert_eq!(self.cloud.object_writes(BUCKET, key), 1);
        let versions =
            self.aws.s3.list_object_versions().bucket(BUCKET).prefix(key).send().await.expect("a list");
        assert_eq!((versions.versions().len(), versions.delete_markers().len()), (1, 0));
        assert_eq!(self.admin(Method::GET, "/exports", Value::Null)["exports"][0]["downloads"], 1);
        job
    }

    /// The provider's delivery ids of everything that it delivered.
    fn delivery_ids(&self) -> BTreeSet<String> {
        let ids = self.deliveries().into_iter();
        ids.filter_map(|sent| sent["delivery_id"].as_str().map(str::to_owned)).collect()
    }
}

#[tokio::test]
async fn a_callback_before_the_response_finds_its_job() {
    let world = World::start_with(|options| options.variable("PROVIDER_TIMEOUT_SECONDS", "30")).await;
    let post = "POST /async/banners/export";
    world.inject_fault(json!({ "on": "call", "route": post, "kind": "callback_first", "seconds": 4 }));
    let answered = Cell::new(false);
    let submit = async {
        let id = world.submit_export(2).await;
        answered.set(true);
        id
    };
    let callback = async {
        let url = until("the provider is called", || async {
            world.deliveries().pop()?["url"].as_str().map(str::to_owned)
        });
        assert_eq!(world.wait_for_attempts(&url.await, 1).await, [200]);
        assert!(!answered.get(), "the response arrived before the callback");
    };
    let (id, ()) = tokio::join!(submit, callback);
    let job = world.assert_downloaded_and_stored_once(&id).await;
    assert_eq!(
        job["provider_job_id"],
        world.admin(Method::GET, "/exports", Value::Null)["exports"][0]["export_id"]
    );
}

#[tokio::test]
async fn a_lost_response_is_resolved_by_the_callback_without_a_second_request() {
    let world = World::start().await;
    world.inject_fault(
        json!({ "on": "call", "route": "POST /async/banners/export", "kind": "lost_response" }),
    );
    let id = world.submit_export(2).await;
    let job = world.assert_downloaded_and_stored_once(&id).await;
    assert_eq!(world.export_requests().len(), 1);
    assert_eq!(
        job["provider_job_id"],
        world.admin(Method::GET, "/exports", Value::Null)["exports"][0]["export_id"]
    );
    assert_eq!(job["error"], Value::Null);
}

#[tokio::test]
async fn six_redeliveries_and_a_subscription_delivery_are_one_completion() {
    let world = World::start().await;
    world.subscribe().await;
    let id = world.submit_export(3).await;
    let url = world.callback_url(&id);
    world.assert_downloaded_and_stored_once(&id).await;
    world.wait_for_attempts(&world.subscription_url(), 1).await;
    world.wait_for_empty_queue().await;
    let finished = world.job_item(&id).await;

    world.redeliver(&url, 6);
    world.redeliver(&world.subscription_url(), 6);
    assert_eq!(world.wait_for_attempts(&url, 7).await, [200; 7]);
    assert_eq!(world.wait_for_attempts(&world.subscription_url(), 7).await, [200; 7]);
    world.wait_for_empty_queue().await;
    world.assert_downloaded_and_stored_once(&id).await;
    assert_eq!(world.job_item(&id).await, finished, "the finished job was written again");
    let recorded: BTreeSet<String> = world.recorded_deliveries(&id).await.into_iter().collect();
    assert_eq!(recorded, world.delivery_ids());
    assert_eq!(recorded.len(), 2);
}

#[tokio::test]
async fn of_many_concurrent_duplicates_one_lands() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "duplicate", "times": 5 }));
    world.inject_fault(json!({ "on": "archive", "kind": "slow", "chunk": 8192, "pause_seconds": 0.05 }));
    let id = world.submit_export(3).await;
    let url = world.callback_url(&id);
    world.assert_downloaded_and_stored_once(&id).await;
    assert_eq!(world.wait_for_attempts(&url, 6).await, [200; 6]);
    world.wait_for_empty_queue().await;
    world.assert_downloaded_and_stored_once(&id).await;
    // The archive, its three files and the manifest.
    assert_eq!(world.cloud.requests().count(Service::S3, "PutObject"), 5);
}

#[tokio::test]
async fn a_subscription_delivery_may_arrive_before_the_callback() {
    let world = World::start().await;
    world.subscribe().await;
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "delay", "seconds": 7200 }));
    let id = world.submit_export(2).await;
    world.assert_downloaded_and_stored_once(&id).await;
    world.advance_to_next_delivery();
    assert_eq!(world.wait_for_attempts(&world.callback_url(&id), 1).await, [200]);
    world.wait_for_empty_queue().await;
    world.assert_downloaded_and_stored_once(&id).await;
    assert_eq!(world.recorded_deliveries(&id).await.len(), 2);
}

#[tokio::test]
async fn callbacks_of_two_jobs_may_arrive_out_of_order() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "reorder" }));
    let older = world.submit_export(2).await;
    let newer = world.submit_export(1).await;
    world.wait_for_status(&newer, "stored").await;
    let job = world.wait_for_status(&older, "stored").await;
    assert_eq!(job["archive"]["entries"], 2);
}
