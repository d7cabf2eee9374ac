//! Operations on existing jobs: list, download, retry, cancel and replay.

mod cancel;
mod direct_invocation;
mod download_links;
mod list_jobs;
mod replay_delivery;
mod resubmit;
mod retry;

use aws_sdk_dynamodb::types::AttributeValue;
use harness::TABLE;
use http::{Method, Response};
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// `GET` of a path of the submit API. Redirects are not followed.
    async fn get(&self, path: &str) -> Response<Value> {
        self.call_api(Method::GET, path, &[], &Value::Null).await
    }

    /// Calls an operation of a job: `retry`, `cancel` or `replay`.
    async fn post_operation(&self, id: &str, what: &str, body: Value) -> Response<Value> {
        self.call_api(Method::POST, &format!("/jobs/{id}/{what}"), &[], &body).await
    }

    /// Cancels a job that can be cancelled. Returns it.
    pub(crate) async fn cancel_job(&self, id: &str) -> Value {
        let response = self.post_operation(id, "cancel", Value::Null).await;
        assert_eq!((response.status().as_u16(), &response.body()["status"]), (200, &json!("cancelled")));
        response.into_body()
    }

    /// Sets the status of a job to `expired`.
    async fn expire_job(&self, id: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update =
            self.aws.dynamodb.update_item().table_name(TABLE).key("pk", text(id)).key("sk", text("JOB"));
        let update = update.update_expression("SET #status = :expired REMOVE due_at, due_shard");
        let update = update.expression_attribute_names("#status", "status");
        update.expression_attribute_values(":expired", text("expired")).send().await.expect("written");
    }
}
