//! Helpers for deliveries, queues and objects.

use std::collections::BTreeMap;

use bytes::Bytes;
use harness::{
    BUCKET, DELIVERY_QUEUE, LONG_LANDINGS_QUEUE,
    cloud::{QueueDepth, Service},
    until,
};
use http::Method;
use serde_json::{Value, json};

use crate::world::{Item, World};

impl World {
    /// Submits an export that is ready at once and whose callback is dropped. Returns the job's id and its callback
    /// URL.
    pub(crate) async fn submit_export_without_callback(&self, count: usize) -> (String, String) {
        self.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 0 }));
        self.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
        let id = self.submit_export(count).await;
        let url = self.callback_url(&id);
        (id, url)
    }

    /// The callback URL that the provider was given for a job.
    pub(crate) fn callback_url(&self, id: &str) -> String {
        let mut urls = self.work_requests().into_iter().filter_map(|post| {
            let body: Value = serde_json::from_str(post["body"].as_str()?).ok()?;
            body["callback_url"].as_str().map(str::to_owned)
        });
        urls.find(|url| url.contains(id)).expect("a callback URL")
    }

    /// All deliveries of the provider with their attempts, in the order of their schedule.
    pub(crate) fn deliveries(&self) -> Vec<Value> {
        self.admin(Method::GET, "/deliveries", Value::Null).as_array().cloned().unwrap_or_default()
    }

    /// Waits until so many attempts of the first delivery to a URL were answered. Returns the statuses.
    pub(crate) async fn wait_for_attempts(&self, url: &str, count: usize) -> Vec<u64> {
        until(&format!("{count} attempts are answered"), || async {
            let sent = self.deliveries().into_iter().find(|sent| sent["url"] == url)?;
            let attempts = sent["attempts"].as_array()?;
            let responses: Vec<u64> =
                attempts.iter().filter_map(|attempt| attempt["status"].as_u64()).collect();
            (responses.len() >= count).then_some(responses)
        })
        .await
    }

    /// Makes the provider send the first delivery to a URL again, so many times and at once.
    pub(crate) fn redeliver(&self, url: &str, times: usize) {
        let sent = self.deliveries().into_iter().find(|sent| sent["url"] == url).expect("a delivery");
        let path = format!("/deliveries/{}/redeliver?times={times}", sent["number"]);
        self.admin(Method::POST, &path, Value::Null);
    }

    /// Advances the provider's clock to its next delivery.
    pub(crate) fn advance_to_next_delivery(&self) {
        self.admin(Method::POST, "/clock/advance", json!({ "to": "next_delivery" }));
    }

    /// Sends one delivery, in the format of the simulator's `POST /deliver`. Returns the status of the response.
    pub(crate) async fn deliver(&self, delivery: Value) -> u64 {
        let number = self.admin(Method::POST, "/deliver", delivery)["number"].clone();
        until("the delivery is answered", || async {
            let sent = self.deliveries().into_iter().find(|sent| sent["number"] == number)?;
            sent["attempts"][0]["status"].as_u64()
        })
        .await
    }

    /// The webhook URL of workspace subscriptions.
    pub(crate) fn subscription_url(&self) -> String {
        format!("{}/webhooks/abyssale", self.webhook.url)
    }

    /// Calls Abyssale's API with the operator's key.
    pub(crate) async fn call_abyssale(&self, path: &str, body: Value) -> Value {
        let known = self.abyssale().describe();
        let (url, key) =
            (known["api_url"].as_str().expect("a URL"), known["api_key"].as_str().expect("a key"));
        let (url, headers) = (format!("{url}{path}"), [("x-api-key", key)]);
        let response = self.http.json(Method::POST, &url, &headers, &body).await.expect("a response");
        assert!(response.status().is_success(), "{}", response.body());
        response.into_body()
    }

    /// Subscribes Landfall to every export of the workspace.
    pub(crate) async fn subscribe(&self) {
        self.call_abyssale(
            "/subscribe",
            json!({ "hook_url": self.subscription_url(), "type": "new_export" }),
        )
        .await;
    }

    /// Replaces the signing secrets that Landfall has stored.
    pub(crate) async fn set_signing_secrets(&self, secrets: Value) {
        let mut secret = self.secret().await;
        secret["providers"]["abyssale"]["signing_secrets"] = secrets;
        self.put_secret(&secret).await;
    }

    /// Serves these bytes as the archive of the next export.
    pub(crate) fn set_next_archive(&self, bytes: impl Into<Bytes>) {
        let put = self.abyssale().admin_bytes(Method::PUT, "/archive", "application/zip", bytes.into());
        put.unwrap_or_else(|rejection| panic!("{rejection}"));
    }

    /// Serves archives without their length, both in the headers and in responses to range requests.
    pub(crate) fn hide_archive_length(&self) {
        self.admin(Method::PUT, "/knobs", json!({ "archive_ranges": false }));
        self.inject_fault(json!({ "on": "archive", "kind": "no_length", "count": null }));
    }

    /// Waits until the delivery queue and the queue of long landings have no visible, delayed or in-flight message.
    pub(crate) async fn wait_for_empty_queue(&self) {
        until("the queues are empty", || async {
            let depths = [DELIVERY_QUEUE, LONG_LANDINGS_QUEUE].map(|queue| self.cloud.queue_depth(queue));
            let is_empty = |depth: &QueueDepth| depth.visible + depth.in_flight + depth.delayed == 0;
            depths.iter().all(|depth| depth.as_ref().is_some_and(is_empty)).then_some(())
        })
        .await;
    }

    /// How often each AWS operation was called. Secrets Manager is left out.
    pub(crate) fn aws_calls(&self) -> BTreeMap<(Service, String), u64> {
        let calls = self.cloud.requests().all().into_iter();
        calls.filter(|((service, _), _)| *service != Service::SecretsManager).collect()
    }

    /// Ids of the multipart uploads that are open.
    pub(crate) async fn open_uploads(&self) -> Vec<String> {
        let open = self.aws.s3.list_multipart_uploads().bucket(BUCKET).send().await.expect("a list");
        open.uploads().iter().filter_map(|upload| upload.upload_id().map(str::to_owned)).collect()
    }

    /// Keys of the completed objects.
    pub(crate) async fn object_keys(&self) -> Vec<String> {
        let listed = self.aws.s3.list_objects_v2().bucket(BUCKET).send().await.expect("a list");
        listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// The item of a job.
    pub(crate) async fn job_item(&self, id: &str) -> Item {
        let is = |item: &Item| item.get("pk").and_then(|pk| pk.as_s().ok()).is_some_and(|pk| pk == id);
        self.job_items().await.into_iter().find(is).expect("the job's item")
    }

    /// The provider's ids of the deliveries that are recorded for a job.
    pub(crate) async fn recorded_deliveries(&self, id: &str) -> Vec<String> {
        let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let items =
            self.table_items().await.into_iter().filter(|item| text(item, "pk").as_deref() == Some(id));
        let sort_keys = items.filter_map(|item| text(&item, "sk"));
        sort_keys.filter_map(|sk| Some(sk.strip_prefix("DELIVERY#")?.split_once('#')?.1.to_owned())).collect()
    }
}
