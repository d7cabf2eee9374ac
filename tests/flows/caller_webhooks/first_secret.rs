//! The first signing secret of webhooks, and the other parts that the secret of a new or an older deployment lacks.

use futures_util::future::join_all;
use harness::{
    cloud::{Outage, Service},
    until,
};
use http::Method;
use serde_json::{Value, json};

use super::{signing_secrets::stored_webhook_secrets, start_with_caller};
use crate::world::{World, assert_problem};

/// The most bytes of a secret in Secrets Manager.
const MAX_SECRET_BYTES: usize = 65_536;

/// The secret as `template.yaml` generates it.
fn generated_secret() -> Value {
    json!({ "callback_key": "k".repeat(64), "previous_callback_keys": [],
            "providers": { "abyssale": { "api_key": "", "signing_secrets": [] } } })
}

impl World {
    /// Runs the command `complete_secret`.
    pub(super) async fn complete_secret(&self) -> Value {
        self.invoke(json!({ "command": "complete_secret" })).await.expect("a response")
    }

    /// The number of versions of the secret that functions wrote.
    fn written_versions(&self) -> u64 {
        self.cloud.requests().count(Service::SecretsManager, "PutSecretValue")
    }
}

#[tokio::test]
async fn the_first_job_of_a_new_deployment_gets_a_signed_webhook() {
    let (world, caller) = start_with_caller(|options| options).await;
    assert_eq!(stored_webhook_secrets(&world).await, Vec::<Value>::new());
    world.submit_with_webhook(&caller.url()).await;
    let secrets = stored_webhook_secrets(&world).await;
    assert_eq!(secrets.len(), 1);
    let webhook = caller.wait_for_webhooks(1).await.remove(0);
    assert!(webhook.is_signed_with(&secrets[0]));
    world.submit_with_webhook(&caller.url()).await;
    assert_eq!(stored_webhook_secrets(&world).await, secrets, "a second job creates no second secret");
}

#[tokio::test]
async fn jobs_that_start_at_once_agree_on_one_secret() {
    let (world, caller) = start_with_caller(|options| options).await;
    let url = caller.url();
    join_all((0..4).map(|_| world.submit_with_webhook(&url))).await;
    assert!(world.written_versions() > 1, "they raced");
    let secrets = stored_webhook_secrets(&world).await;
    assert_eq!(secrets.len(), 1);
    for webhook in caller.wait_for_webhooks(4).await {
        assert!(webhook.is_signed_with(&secrets[0]));
    }
}

#[tokio::test]
async fn a_rotation_loses_no_part_that_is_added_at_the_same_time() {
    let world = World::start().await;
    let mut older = world.secret().await;
    older["providers"].as_object_mut().expect("sections").remove("ai_studios");
    world.put_secret(&older).await;
    let late = json!({ "on": "call", "route": "POST /signing-secret/rotate", "kind": "late", "seconds": 1 });
    world.inject_fault(late);
    let rotations = || world.admin(Method::GET, "/requests?path=/signing-secret/rotate", Value::Null);
    let completion = async {
        until("the provider is called", || async { (rotations() != json!([])).then_some(()) }).await;
        world.complete_secret().await
    };
    let rotate = json!({ "command": "signing_secret", "provider": "abyssale", "action": "rotate" });
    let (rotated, completed) = tokio::join!(world.invoke(rotate), completion);
    assert_eq!(
        (&rotated.expect("a rotation")["in_sync"], &completed["changed"]),
        (&json!(true), &json!(true))
    );
    let secret = world.secret().await;
    assert_eq!(secret["providers"]["ai_studios"], json!({ "app_id": "", "user_key": "" }));
    assert_eq!(secret["notify_signing_secrets"].as_array().map(Vec::len), Some(1));
    let signing = &secret["providers"]["abyssale"]["signing_secrets"];
    assert_ne!(signing[0], older["providers"]["abyssale"]["signing_secrets"][0]);
}

#[tokio::test]
async fn the_secret_of_an_older_deployment_gets_only_what_it_lacks() {
    let world = World::start().await;
    let mut older = generated_secret();
    older["providers"]["abyssale"] = json!({ "api_key": "old", "signing_secrets": ["whsec_old"] });
    older["remark"] = json!(["mine", 1.5]);
    world.put_secret(&older).await;
    assert_eq!(world.complete_secret().await, json!({ "changed": true }));
    let mut completed = world.secret().await;
    assert_eq!(completed["providers"]["ai_studios"], json!({ "app_id": "", "user_key": "" }));
    completed["providers"].as_object_mut().expect("sections").remove("ai_studios");
    completed.as_object_mut().expect("an object").remove("notify_signing_secrets").expect("a secret");
    assert_eq!(completed, older);
    let written = world.written_versions();
    assert_eq!(world.complete_secret().await, json!({ "changed": false }));
    assert_eq!(world.written_versions(), written, "a complete secret is not written");
}

#[tokio::test]
async fn a_secret_that_cannot_be_stored_now_delays_only_jobs_with_webhooks() {
    let (world, caller) = start_with_caller(|options| options).await;
    world.cloud.faults().set(Service::SecretsManager, Outage::RefuseWrites503);
    let response = world.post_with_webhook(&caller.url()).await;
    assert_problem(&response, 503, "storage-unavailable");
    assert_eq!(world.job_items().await.len(), 0);
    world.submit_export(1).await;
    world.cloud.faults().set(Service::SecretsManager, Outage::None);
    world.submit_with_webhook(&caller.url()).await;
}

#[tokio::test]
async fn a_secret_that_would_be_too_long_is_a_permanent_error() {
    let world = World::start().await;
    let mut long = generated_secret();
    long["remark"] = json!("");
    long["remark"] = json!("x".repeat(MAX_SECRET_BYTES - long.to_string().len()));
    world.put_secret(&long).await;
    let rejection = world.invoke(json!({ "command": "complete_secret" })).await.expect_err("a rejection");
    assert_eq!(rejection.error_type, "Permanent.StorageRejected");
    assert_eq!(world.secret().await, long);
}
