//! The provider is unreachable, which proves that it did no work.

use std::net::TcpListener;

use serde_json::Value;

use super::assert_failed;
use crate::world::{World, assert_problem};

/// A URL with no listener: a port that was free a moment ago.
fn unreachable_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[tokio::test]
async fn an_unreachable_provider_is_reported_and_the_key_stays_free() {
    let world = World::start_with(|options| options.variable("ABYSSALE_API_URL", unreachable_url())).await;
    let key = [("idempotency-key", "unreachable")];
    let first = world.post(&world.export_request(1), &key).await;

    let rejection = assert_problem(&first, 503, "provider-unavailable");
    assert_eq!(first.headers()["retry-after"], "30");
    assert_eq!(rejection.get("provider"), None::<&Value>);
    assert_failed(&world, rejection, "ProviderUnavailable").await;
    assert_eq!(world.table_items().await.len(), 1, "the key is still taken");

    let second = world.post(&world.export_request(1), &key).await;
    assert_ne!(assert_problem(&second, 503, "provider-unavailable")["job_id"], rejection["job_id"]);
}

#[tokio::test]
async fn an_unreachable_provider_is_a_retryable_failure_of_a_direct_invocation() {
    let world = World::start_with(|options| options.variable("ABYSSALE_API_URL", unreachable_url())).await;
    let mut event = world.export_request(1);
    event["command"] = "submit".into();
    let failure = world.invoke(event).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Retryable.ProviderUnavailable");
}
