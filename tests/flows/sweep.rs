//! The sweep: polling, expiry and lost messages of jobs without news.

mod expiry;
mod lost_messages;
mod many_jobs;
mod polling;

use aws_sdk_dynamodb::types::AttributeValue;
use harness::TABLE;
use http::Method;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::World;

/// Long enough for a new job to be due.
const A_MINUTE: u64 = 61;

impl World {
    /// The polls of generations that reached the provider.
    pub(crate) fn polls(&self) -> Vec<Value> {
        let requests = self.admin(Method::GET, "/requests?endpoint=api&method=GET", Value::Null);
        let requests = requests.as_array().cloned().unwrap_or_default();
        requests
            .into_iter()
            .filter(|request| {
                request["path"].as_str().is_some_and(|path| path.starts_with("/generation-request/"))
            })
            .collect()
    }

    /// When a job is due for the next sweep.
    async fn due_at(&self, id: &str) -> OffsetDateTime {
        let item = self.job_item(id).await;
        OffsetDateTime::parse(item["due_at"].as_s().expect("a text"), &Rfc3339).expect("a time")
    }

    /// Changes attributes of a job's item directly in the table.
    pub(crate) async fn update_job_item(&self, id: &str, attributes: &[(&str, &str)], removed: &[&str]) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut update =
            self.aws.dynamodb.update_item().table_name(TABLE).key("pk", text(id)).key("sk", text("JOB"));
        let names = attributes.iter().map(|(name, _)| *name).chain(removed.iter().copied());
        let mut set = vec![];
        for (place, name) in names.enumerate() {
            update = update.expression_attribute_names(format!("#{place}"), name);
            if let Some((_, value)) = attributes.get(place) {
                update = update.expression_attribute_values(format!(":{place}"), text(value));
                set.push(format!("#{place} = :{place}"));
            }
        }
        let removals: Vec<String> =
            (set.len()..set.len() + removed.len()).map(|place| format!("#{place}")).collect();
        let mut expression = format!("SET {}", set.join(", "));
        if !removals.is_empty() {
            expression = format!("{expression} REMOVE {}", removals.join(", "));
        }
        update.update_expression(expression).send().await.expect("written");
    }
}

/// How many jobs a sweep checked, and how many of them changed.
fn sweep_counts(swept: &Value) -> (u64, u64) {
    (swept["checked"].as_u64().expect("a count"), swept["changed"].as_u64().expect("a count"))
}
