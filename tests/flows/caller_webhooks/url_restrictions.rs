//! A URL that leads where it should not: refused when it is named, or when somebody would connect.

use harness::{CALLER_WEBHOOKS_QUEUE, until};
use serde_json::{Value, json};

use super::{
    caller_server::{Answer::With, Caller},
    with_caller,
};
use crate::{
    signing_secret::log::Page,
    world::{World, named, problem},
};

/// Checks that a job that names this URL is refused, before anything is written, and returns why.
async fn refused(world: &World, url: &str) -> String {
    let answer = world.post_for(url).await;
    let body = problem(&answer, 400, "invalid-request");
    assert_eq!(named(body), ["notify.webhook_url"], "{url}: {body}");
    assert_eq!(world.jobs().await.len(), 0, "{url}");
    let text = body.to_string();
    assert!(!text.contains("caller-key"), "{url}: {text}");
    text
}

#[tokio::test]
async fn a_url_that_nobody_may_be_told_at_is_refused_when_it_is_named() {
    let (world, _caller) = with_caller(|options| options).await;
    for url in [
        "http://hooks.example.com/?key=caller-key",
        "https://10.0.0.1/hook?key=caller-key",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://0x7f.1/hook",
        "https://169.254.169.254/latest/meta-data/",
        "https://user:caller-key@hooks.example.com/",
        "https://hooks.example.com:8443/",
        "ftp://hooks.example.com/",
        "not a URL",
        "",
    ] {
        refused(&world, url).await;
    }
}

#[tokio::test]
async fn with_a_list_of_hosts_no_other_may_be_named() {
    let (world, _caller) =
        with_caller(|options| options.variable("WEBHOOK_ALLOWED_HOSTS", "*.hooks.invalid,hooks.example.net"))
            .await;
    let why = refused(&world, "https://hooks.example.org/?key=caller-key").await;
    assert!(why.contains("WEBHOOK_ALLOWED_HOSTS"), "{why}");
    assert_eq!(world.post_for("https://a.hooks.invalid/").await.status(), 202);
}

#[tokio::test]
async fn a_name_with_a_private_address_is_refused_when_it_is_connected_to() {
    let (world, _caller) = with_caller(|options| options).await;
    let (page, _guard) = Page::open();
    let id = world.submitted_for("https://localhost/hook?key=caller-key").await;
    world.ends(&id, "stored").await;
    let log = until("the log says why nobody was told", || async {
        let hidden = world.hidden_for().await;
        let log = page.text();
        // A line that another test writes for the first time while the page is opened may be left out; then the next
        // attempt writes it.
        tracing::callsite::rebuild_interest_cache();
        world.time_passes(hidden);
        log.contains("localhost has no public address").then_some(log)
    })
    .await;
    assert!(!log.contains("caller-key"), "{log}");
}

#[tokio::test]
async fn a_redirect_is_a_failure_wherever_it_leads() {
    let (world, caller) = with_caller(|options| options).await;
    let elsewhere = Caller::start().await;
    let location: &'static str = Box::leak(elsewhere.url().into_boxed_str());
    caller.answers([With(307, "location", location), With(301, "location", "http://169.254.169.254/")]);
    world.submitted_for(&caller.url()).await;
    for tried in 1..=2 {
        caller.hears(tried).await;
        let hidden = world.hidden_for().await;
        world.time_passes(hidden);
    }
    caller.hears(3).await;
    world.nobody_is_left_to_tell().await;
    assert_eq!(elsewhere.told().len(), 0);
}

#[tokio::test]
async fn without_a_secret_to_sign_with_no_caller_is_promised_anything() {
    let world = World::start().await;
    let answer = world.post_for("https://hooks.example.com/").await;
    let body = problem(&answer, 409, "webhook-secret-missing");
    assert!(!answer.headers().contains_key("retry-after"), "a retry would not help: {body}");
    assert!(body["detail"].as_str().is_some_and(|why| why.contains("webhook_secret")), "{body}");
    assert_eq!(world.jobs().await.len(), 0);
    assert_eq!(world.asked(), Vec::<Value>::new());
}

#[tokio::test]
async fn the_url_is_nowhere_shown_whole() {
    let (world, caller) = with_caller(|options| options.variable("EVENT_BUS_NAME", "landfall")).await;
    let id = world.submitted_for(&caller.url()).await;
    let job = world.ends(&id, "stored").await;
    assert_eq!(job["notify"]["webhook_url"], caller.origin);
    let shown = job.to_string();
    let told = caller.hears(1).await[0].body().to_string();
    let events =
        json!(world.cloud.events().into_iter().map(|event| event.detail).collect::<Vec<_>>()).to_string();
    until("nothing is left in the queue", || async {
        (world.cloud.queue_depth(CALLER_WEBHOOKS_QUEUE)?.in_flight == 0).then_some(())
    })
    .await;
    for text in [shown, told, events] {
        assert!(!text.contains("caller-key"), "{text}");
    }
}
