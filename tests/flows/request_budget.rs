//! The requests to AWS that one job of each kind costs. Each test prints the row of its kind in `docs/benchmarks.md`:
//! `cargo test --test flows request_budget -- --nocapture`.

use std::{collections::BTreeMap, fmt::Write as _};

use aws_sdk_dynamodb::types::AttributeValue;
use harness::{StackOptions, cloud::Service, until};
use serde_json::{Value, json};

use crate::{
    generation::accepted_job_id,
    world::{Item, World},
};

/// The most requests to DynamoDB that a job may cost. A transaction is one write, and so is each try that fails.
pub(crate) struct RequestBudget {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// The limits and the lease that a deployment has by default. The other flows shorten or remove them.
pub(crate) fn with_default_limits(options: StackOptions) -> StackOptions {
    let options = options.variable("LEASE_SECONDS", "60").variable("ABYSSALE_REQUESTS_PER_SECOND", "8");
    let options = options.variable("ABYSSALE_RATE_LIMITS", "");
    options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "2")
}

impl World {
    /// Submits a request with an idempotency key, and counts from here on.
    pub(crate) async fn submit_counted(&self, request: &Value) -> String {
        self.cloud.requests().reset();
        accepted_job_id(&self.post(request, &[("idempotency-key", "budget")]).await)
    }

    /// Waits until the job is stored. It reads the table by a scan, which no function uses and no budget counts.
    async fn wait_until_stored(&self, id: &str) {
        let stored = AttributeValue::S("stored".to_owned());
        until("the job is stored", || async {
            (self.job_item(id).await.get("status") == Some(&stored)).then_some(())
        })
        .await;
        self.wait_for_empty_queue().await;
    }

    /// Waits until the job is stored, prints what it cost, and checks the budget.
    #[expect(clippy::print_stdout, reason = "prints the measurement")]
    pub(crate) async fn assert_within_budget(&self, id: &str, kind: &str, budget: RequestBudget) {
        self.wait_until_stored(id).await;
        let (calls, items) = (self.cloud.requests().all(), self.cloud.requests().transaction_items());
        let (mut reads, mut writes) = (0, 0);
        for ((_, operation), count) in calls.iter().filter(|((service, _), _)| *service == Service::DynamoDb)
        {
            match operation.as_str() {
                "Scan" => {}
                "GetItem" | "BatchGetItem" | "Query" => reads += count,
                _ => writes += count,
            }
        }
        let list = describe_calls(&calls, items);
        println!(
            "{kind}: {reads} reads and {writes} writes of DynamoDB\n{list}{}",
            self.describe_items().await
        );
        assert!(
            reads <= budget.reads && writes <= budget.writes,
            "{kind}: {reads} reads and {writes} writes of DynamoDB, at most {} and {} are allowed:\n{list}",
            budget.reads,
            budget.writes
        );
    }

    /// The size of each item that is in the table at the end.
    async fn describe_items(&self) -> String {
        let describe = |item: &Item| {
            let key = item.get("sk").and_then(|key| key.as_s().ok()).map(String::as_str).unwrap_or_default();
            format!("  item {}: {} bytes\n", key.split('#').next().unwrap_or_default(), item_bytes(item))
        };
        self.table_items().await.iter().map(describe).collect()
    }
}

/// One line for each operation.
fn describe_calls(calls: &BTreeMap<(Service, String), u64>, transaction_items: u64) -> String {
    let mut list = String::new();
    for ((service, operation), count) in calls.iter().filter(|((_, operation), _)| operation != "Scan") {
        // Writing to a string cannot fail.
        let _ = write!(list, "  {service:?} {operation}: {count}");
        if operation == "TransactWriteItems" {
            let _ = write!(list, " with {transaction_items} items");
        }
        list.push('\n');
    }
    list
}

/// The size of an item as DynamoDB bills it (developer guide, "DynamoDB item sizes and formats"): names and texts in UTF-8, a
/// number in a byte for two digits and one more, a list or map in three bytes, one for each member, and its members.
fn item_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + value_bytes(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.len() + item_bytes(map),
        other => panic!("the table has no {other:?}"),
    }
}

#[tokio::test]
async fn an_export_of_six_banners_keeps_its_budget() {
    let world = World::start_with(with_default_limits).await;
    let id = world.submit_counted(&world.export_request(6)).await;
    world.assert_within_budget(&id, "export of six banners", RequestBudget { reads: 5, writes: 8 }).await;
}

#[tokio::test]
async fn a_generation_of_six_files_keeps_its_budget() {
    let world = World::start_with(with_default_limits).await;
    let id = world.submit_counted(&world.generation_request("static", json!({}))).await;
    world.assert_within_budget(&id, "generation of six files", RequestBudget { reads: 5, writes: 8 }).await;
    let files = &world.job_item(&id).await["files_total"];
    assert_eq!(files, &AttributeValue::N("6".to_owned()));
}
