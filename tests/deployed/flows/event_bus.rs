//! The events of a job, which both functions publish under their roles, reach a rule of the event bus.

use std::collections::BTreeMap;

use harness::until;
use serde_json::{Value, json};

use super::{STACK_LOCK, report_skipped, submit_export, wait_until_stored};
use crate::stack::Deployed;

/// Receives the events in the queue of the event bus, and adds those of the job by their sequence.
async fn receive_events(stack: &Deployed, queue: &str, id: &str, events: &mut BTreeMap<u64, Value>) {
    let receive = stack.aws.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
    let received = receive.wait_time_seconds(1).send().await.expect("an response");
    for message in received.messages() {
        let event: Value = serde_json::from_str(message.body().expect("a body")).expect("JSON");
        if event["detail"]["job_id"] == id {
            events.insert(event["detail"]["sequence"].as_u64().expect("a number"), event);
        }
        let handle = message.receipt_handle().expect("a handle");
        let delete = stack.aws.sqs.delete_message().queue_url(queue).receipt_handle(handle);
        delete.send().await.expect("deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_status_of_a_job_is_published_on_the_event_bus() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let Some(queue) = stack.described["events_queue_url"].as_str() else { return report_skipped() };
    let id = submit_export(&stack).await;
    let job = wait_until_stored(&stack, &id).await;
    let events = tokio::sync::Mutex::new(BTreeMap::new());
    until("the last event of the job arrives", || async {
        let mut events = events.lock().await;
        receive_events(&stack, queue, &id, &mut events).await;
        (events.len() >= 4).then_some(())
    })
    .await;
    let events: Vec<Value> = events.into_inner().into_values().collect();
    let statuses: Vec<&Value> = events.iter().map(|event| &event["detail"]["status"]).collect();
    assert_eq!(statuses, ["submitted", "received", "landing", "stored"]);
    let last = &events[3];
    assert_eq!((&last["source"], &last["detail-type"]), (&json!("landfall"), &json!("Job Stored")));
    assert_eq!(last["detail"]["manifest"]["key"], job["manifest"]["key"]);
}
