//! AI Studios video exports: submission, polling, callbacks and landing. Scenario numbers (S01, ...) are those of the
//! provider's contract (9.6).

mod asset_scenarios;
mod automation;
mod automation_outcomes;
mod concurrency_limit;
mod creator_scenarios;
mod creators;
mod dubbing;
mod dubbing_scenarios;
mod export;
mod export_status;
mod generated_assets;
mod landing;
mod request_budget;
mod scenarios;
mod scripted_server;
mod tokens;
mod tracked_projects;
mod unverified_callbacks;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use harness::{StackOptions, TABLE};
use http::Method;
use scripted_server::{PROJECT, ScriptedStudio};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::World;

/// Longer than the delay between any two polls of a job.
const BEYOND_POLL_DELAY: u64 = 2 * 3600;

/// A world with a scripted AI Studios server.
async fn world() -> (World, ScriptedStudio) {
    world_with(|options| options).await
}

async fn world_with(more: impl FnOnce(StackOptions) -> StackOptions) -> (World, ScriptedStudio) {
    let studio = ScriptedStudio::start().await;
    let (api, files) = (studio.api.clone(), studio.files.clone());
    let world = World::start_with(|options| {
        let options = options.variable("AI_STUDIOS_API_URL", api).variable("TRUSTED_ORIGINS", files);
        more(options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0"))
    });
    (world.await, studio)
}

/// A request for the export of the project.
fn video_request() -> Value {
    json!({ "provider": "ai_studios", "kind": "export", "project_id": PROJECT })
}

impl World {
    /// Ages a job: moves every recorded time of the job so far into the past.
    async fn age_job(&self, id: &str, by: Duration) {
        let item = self.job_item(id).await;
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let created = OffsetDateTime::parse(&text("created_at").expect("a time"), &Rfc3339).expect("a time");
        let created = (created - by).format(&Rfc3339).expect("a time");
        let mut provider_state: Value =
            serde_json::from_str(&text("provider_state").expect("a state")).expect("JSON");
        for name in ["asked_at", "changed_at", "finalizing_since"] {
            if let Some(at) = provider_state[name].as_i64() {
                provider_state[name] = json!(at - by.as_secs().cast_signed());
            }
        }
        let text = |text: String| AttributeValue::S(text);
        let update = self.aws.dynamodb.update_item().table_name(TABLE);
        let update = update.key("pk", text(id.to_owned())).key("sk", text("JOB".into()));
        let update = update.update_expression(
            "SET created_at = :created, provider_state = :state REMOVE last_callback_poll_at",
        );
        let update = update.expression_attribute_values(":created", text(created));
        update
            .expression_attribute_values(":state", text(provider_state.to_string()))
            .send()
            .await
            .expect("written");
    }

    /// Sends the provider's callback for a job with this body. Returns the response status.
    async fn send_callback(&self, studio: &ScriptedStudio, body: &Value) -> u16 {
        let url = callback(studio);
        self.http.json(Method::POST, &url, &[], body).await.expect("a response").status().as_u16()
    }
}

/// The callback URL that the provider was given.
fn callback(studio: &ScriptedStudio) -> String {
    studio.requests("export").last().expect("an export").body["webhookUrl"]
        .as_str()
        .expect("a URL")
        .to_owned()
}
