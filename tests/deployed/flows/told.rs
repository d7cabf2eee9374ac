//! Others are told of a job: what both functions publish under their roles comes out behind the event bus.

use std::collections::BTreeMap;

use harness::until;
use serde_json::{Value, json};

use super::{TURN, skipped, stored, submitted};
use crate::stack::Deployed;

/// Takes what lies in the queue behind the bus, and keeps what is about the job by its sequence.
async fn take(stack: &Deployed, queue: &str, id: &str, told: &mut BTreeMap<u64, Value>) {
    let receive = stack.aws.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
    let received = receive.wait_time_seconds(1).send().await.expect("an answer");
    for message in received.messages() {
        let event: Value = serde_json::from_str(message.body().expect("a body")).expect("JSON");
        if event["detail"]["job_id"] == id {
            told.insert(event["detail"]["sequence"].as_u64().expect("a number"), event);
        }
        let handle = message.receipt_handle().expect("a handle");
        let delete = stack.aws.sqs.delete_message().queue_url(queue).receipt_handle(handle);
        delete.send().await.expect("deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_job_comes_out_behind_the_bus() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let Some(queue) = stack.described["events_queue_url"].as_str() else { return skipped() };
    let id = submitted(&stack).await;
    let job = stored(&stack, &id).await;
    let told = tokio::sync::Mutex::new(BTreeMap::new());
    until("the end of the job is told", || async {
        let mut told = told.lock().await;
        take(&stack, queue, &id, &mut told).await;
        (told.len() >= 4).then_some(())
    })
    .await;
    let told: Vec<Value> = told.into_inner().into_values().collect();
    let statuses: Vec<&Value> = told.iter().map(|event| &event["detail"]["status"]).collect();
    assert_eq!(statuses, ["submitted", "received", "landing", "stored"]);
    let last = &told[3];
    assert_eq!((&last["source"], &last["detail-type"]), (&json!("landfall"), &json!("Job Stored")));
    assert_eq!(last["detail"]["manifest"]["key"], job["manifest"]["key"]);
}
