//! A caller's webhook on a deployment where no operator has created a secret to sign it.

use std::time::Duration;

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::json;
use standardwebhooks::Webhook;
use tokio::{net::TcpListener, sync::mpsc};

use super::{STACK_LOCK, export, job_id, report_skipped, submit_job};
use crate::stack::Deployed;

type Received = (HeaderMap, Vec<u8>);

/// Serves a caller's endpoint at this address. It accepts every webhook and passes it on.
async fn start_caller(url: &str) -> mpsc::UnboundedReceiver<Received> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let address = url.trim_start_matches("http://");
    let listener = TcpListener::bind(address).await.expect("the port of caller_url is free");
    let api = Router::new().fallback(accept).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, api).await });
    receiver
}

async fn accept(State(sender): State<mpsc::UnboundedSender<Received>>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, 1024 * 1024).await.expect("a body").to_vec();
    sender.send((head.headers, bytes)).expect("the test waits");
    StatusCode::NO_CONTENT
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_webhook_of_a_deployment_is_signed_without_an_operators_step() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let mut webhooks = start_caller(stack.text("caller_url")).await;
    let mut job = export(&stack, 1);
    job["notify"] = json!({ "webhook_url": format!("{}/hook", stack.text("caller_url")) });
    let id = job_id(&submit_job(&stack, &job).await);
    // No flow of this suite rotates, so the one secret is the one that the stack created.
    let secrets = stack.secret().await["notify_signing_secrets"].clone();
    assert_eq!(secrets.as_array().map(Vec::len), Some(1));
    let webhook = Webhook::new(secrets[0].as_str().expect("a secret")).expect("a key");
    let webhook_arrives = tokio::time::timeout(Duration::from_secs(120), webhooks.recv());
    let (headers, body) =
        webhook_arrives.await.expect("a webhook within two minutes").expect("a running caller");
    webhook.verify(&body, &headers).expect("its signature is valid");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&body["type"], &body["data"]["job_id"]), (&json!("job.stored"), &json!(id)));
}
