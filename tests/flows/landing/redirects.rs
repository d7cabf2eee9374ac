//! Downloads follow redirects, but not to blocked addresses.

use http::Method;
use serde_json::{Value, json};

use super::assert_mentions;
use crate::world::World;

/// Lands an export whose archive always redirects to this location. Returns the message of the job.
async fn fail_redirected_landing(world: &World, location: &str) -> String {
    world.admin(Method::DELETE, "/faults", Value::Null);
    let redirect = json!({ "on": "archive", "kind": "redirect", "location": location, "count": null });
    world.fail_landing(redirect, "SourceRefused").await
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_rejected() {
    let world = World::start().await;
    for (location, host) in [
        ("https://10.0.0.1/a.zip", "10.0.0.1"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("https://[::1]/a.zip", "[::1]"),
    ] {
        assert_mentions(&fail_redirected_landing(&world, location).await, &["refused", host]);
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_is_rejected_with_the_name_of_the_setting() {
    let world = World::start().await;
    let message = fail_redirected_landing(&world, "https://elsewhere.example/a.zip?signature=secret").await;
    assert_mentions(&message, &["elsewhere.example", "ABYSSALE_DOWNLOAD_HOSTS"]);
    assert!(!message.contains("secret"), "{message}");
}

#[tokio::test]
async fn an_allowed_host_with_a_private_address_is_rejected() {
    let world = World::start_with(|options| options.variable("ABYSSALE_DOWNLOAD_HOSTS", "localhost")).await;
    assert_mentions(
        &fail_redirected_landing(&world, "https://localhost/a.zip").await,
        &["localhost", "no public address"],
    );
}

#[tokio::test]
async fn endless_redirects_are_rejected() {
    let world = World::start().await;
    let round = "/exports/67e55044-10b1-426f-9247-bb680e5fe0c8.zip";
    assert_mentions(&fail_redirected_landing(&world, round).await, &["redirects"]);
}

#[tokio::test]
async fn a_redirect_to_the_archive_is_followed() {
    let mut world = World::start().await;
    world.stack.pause_worker();
    let id = world.submit_export(3).await;
    assert_eq!(world.wait_for_attempts(&world.callback_url(&id), 1).await, [200]);
    let sent = world.deliveries().pop().expect("a delivery");
    let callback: Value =
        serde_json::from_str(sent["attempts"][0]["body"].as_str().expect("text")).expect("JSON");
    let location = &callback["archive_url"];
    world.inject_fault(
        json!({ "on": "archive", "kind": "redirect", "location": location, "status": 307, "count": 3 }),
    );
    world.stack.resume_worker();
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["archive"]["entries"], 3);
}
