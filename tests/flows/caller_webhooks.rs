//! Webhooks to callers, in the format of Standard Webhooks, when a job ends.

mod caller_server;
mod event_bus_isolation;
mod first_secret;
mod job_ends;
mod retries;
mod signing_secrets;
mod slow_callers;
mod url_restrictions;

use std::time::Duration;

use harness::{CALLER_WEBHOOKS_DEAD_LETTER_QUEUE, CALLER_WEBHOOKS_QUEUE, StackOptions, until};
use http::Response;
use serde_json::{Value, json};

use crate::world::World;
use caller_server::Caller;

/// A new world, where no operator has created a secret that signs webhooks, and a caller on this machine.
async fn start_with_caller(change: impl FnOnce(StackOptions) -> StackOptions) -> (World, Caller) {
    let caller = Caller::start().await;
    let origin = caller.origin.clone();
    let world = World::start_with(|mut options| {
        options.caller_origins = vec![origin];
        change(options)
    });
    (world.await, caller)
}

impl World {
    /// Runs the command `webhook_secret`.
    async fn run_webhook_secret(&self, action: &str) -> Value {
        let command = json!({ "command": "webhook_secret", "action": action });
        self.invoke(command).await.expect("a response")
    }

    /// Submits an export with this `notify.webhook_url`.
    async fn post_with_webhook(&self, url: &str) -> Response<Value> {
        let mut body = self.export_request(2);
        body["metadata"] = json!({ "campaign": "spring" });
        body["notify"] = json!({ "webhook_url": url });
        self.post(&body, &[]).await
    }

    /// Submits an export with this `notify.webhook_url`. Returns the job's id.
    async fn submit_with_webhook(&self, url: &str) -> String {
        let response = self.post_with_webhook(url).await;
        assert_eq!(response.status(), 202, "{}", response.body());
        response.body()["job_id"].as_str().expect("an id").to_owned()
    }

    /// Waits until a message to a caller is hidden for a retry. Returns for how long.
    async fn wait_for_hidden_message(&self) -> Duration {
        until("a message to a caller is hidden", || async {
            let hidden = self.cloud.remaining_invisibility(CALLER_WEBHOOKS_QUEUE);
            // During an attempt the message is hidden for the visibility timeout of the queue.
            hidden.first().copied().filter(|hidden| !(900..=960).contains(&hidden.as_secs()))
        })
        .await
    }

    /// Advances the queue's time until hidden messages are visible again.
    fn advance_queue_time(&self, time: Duration) {
        self.cloud.advance_queue_clock(CALLER_WEBHOOKS_QUEUE, time + Duration::from_secs(1));
    }

    /// Waits until the queue of webhooks is empty.
    async fn wait_until_webhooks_sent(&self) {
        until("no notification is left", || async {
            let depth = self.cloud.queue_depth(CALLER_WEBHOOKS_QUEUE)?;
            (depth.visible + depth.in_flight + depth.delayed == 0).then_some(())
        })
        .await;
    }

    /// The number of webhooks in the dead-letter queue.
    fn dead_webhook_count(&self) -> usize {
        self.cloud.queue_depth(CALLER_WEBHOOKS_DEAD_LETTER_QUEUE).expect("a queue").visible
    }
}
