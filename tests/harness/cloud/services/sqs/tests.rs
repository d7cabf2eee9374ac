//! The cost of an operation does not depend on the number of messages in the queue, and a restart restores the queue.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::*;

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("local-sqs-{}", uuid::Uuid::new_v4())))
    }

    fn open(&self) -> Arc<Queues> {
        Queues::open(self.0.clone(), "us-east-1", "http://127.0.0.1")
            .expect("the temporary folder is writable")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: the system cleans its temporary folder as well.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn call(queues: &Queues, operation: &str, input: Value) -> Value {
    super::call(queues, operation, input).await.expect("the request is valid")
}

async fn create_queue_with(queues: &Queues, messages: usize) {
    call(queues, "CreateQueue", json!({"QueueName": "work"})).await;
    for _ in 0..messages {
        send(queues).await;
    }
}

async fn send(queues: &Queues) {
    call(queues, "SendMessage", json!({"QueueUrl": "work", "MessageBody": "x".repeat(200)})).await;
}

async fn receive(queues: &Queues) -> Value {
    let response = call(queues, "ReceiveMessage", json!({"QueueUrl": "work"})).await;
    response["Messages"][0]["ReceiptHandle"].clone()
}

async fn send_receive_delete(queues: &Queues) {
    send(queues).await;
    let receipt = receive(queues).await;
    let delay = json!({"QueueUrl": "work", "ReceiptHandle": receipt, "VisibilityTimeout": 30});
    call(queues, "ChangeMessageVisibility", delay).await;
    call(queues, "DeleteMessage", json!({"QueueUrl": "work", "ReceiptHandle": receipt})).await;
}

/// Returns how many bytes this thread has written so far.
#[cfg(target_os = "linux")]
fn bytes_written() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/io").expect("Linux counts them");
    let written = text.lines().find_map(|line| line.strip_prefix("wchar: "));
    written.and_then(|written| written.parse().ok()).expect("a number")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bytes_written_per_message_do_not_grow_with_the_queue() {
    const CYCLES: u64 = 50;
    let mut written = vec![];
    for queue_length in [10, 1000] {
        let folder = Folder::new();
        let queues = folder.open();
        create_queue_with(&queues, queue_length).await;
        let before = bytes_written();
        for _ in 0..CYCLES {
            send_receive_delete(&queues).await;
        }
        written.push((bytes_written() - before) / CYCLES);
    }
    assert!(written[1] <= 2 * written[0], "bytes per message beside 10 and 1000 others: {written:?}");
}

fn file_length(folder: &Folder) -> u64 {
    std::fs::metadata(folder.0.join("work.jsonl")).expect("the queue's file").len()
}

#[tokio::test]
async fn the_file_size_is_bounded_by_the_number_of_queued_messages() {
    let folder = Folder::new();
    let queues = folder.open();
    create_queue_with(&queues, 10).await;
    let mut longest = 0;
    for _ in 0..2000 {
        send_receive_delete(&queues).await;
        longest = longest.max(file_length(&folder));
    }
    // 8,000 changes take about 3 MB without compaction.
    assert!(longest < 600_000, "{longest}");
    drop(queues);
    assert_eq!(folder.open().depth("work"), Some(QueueDepth { visible: 10, ..QueueDepth::default() }));
}

#[tokio::test]
async fn a_restart_restores_the_state_of_each_message() {
    let folder = Folder::new();
    let queues = folder.open();
    create_queue_with(&queues, 3).await;
    let delayed = json!({"QueueUrl": "work", "MessageBody": "late", "DelaySeconds": 900});
    call(&queues, "SendMessage", delayed).await;
    let deleted = receive(&queues).await;
    let in_flight = receive(&queues).await;
    call(&queues, "DeleteMessage", json!({"QueueUrl": "work", "ReceiptHandle": deleted})).await;
    drop(queues);

    let queues = folder.open();
    let depth = QueueDepth { visible: 1, in_flight: 1, delayed: 1 };
    assert_eq!(queues.depth("work"), Some(depth));
    let make_visible = json!({"QueueUrl": "work", "ReceiptHandle": in_flight, "VisibilityTimeout": 0});
    call(&queues, "ChangeMessageVisibility", make_visible).await;
    let request = json!({"QueueUrl": "work", "AttributeNames": ["ApproximateReceiveCount"]});
    let second = call(&queues, "ReceiveMessage", request).await;
    assert_eq!(second["Messages"][0]["Attributes"]["ApproximateReceiveCount"], "2");
}

#[tokio::test]
async fn a_truncated_last_line_loses_only_its_own_message() {
    let folder = Folder::new();
    let queues = folder.open();
    create_queue_with(&queues, 2).await;
    drop(queues);
    let path = folder.0.join("work.jsonl");
    let complete = std::fs::read(&path).expect("the queue's file");
    std::fs::write(&path, &complete[..complete.len() - 5]).expect("the file is writable");
    let queues = folder.open();
    assert_eq!(queues.depth("work").map(|depth| depth.visible), Some(1));
    send(&queues).await;
    drop(queues);
    assert_eq!(folder.open().depth("work").map(|depth| depth.visible), Some(2));
}

#[tokio::test]
async fn a_fifo_queue_keeps_its_deduplication_ids_over_a_restart() {
    let folder = Folder::new();
    let sent = json!({
        "QueueUrl": "work.fifo", "MessageBody": "x", "MessageGroupId": "a", "MessageDeduplicationId": "one",
    });
    let queues = folder.open();
    call(&queues, "CreateQueue", json!({"QueueName": "work.fifo", "Attributes": {"FifoQueue": "true"}}))
        .await;
    let first = call(&queues, "SendMessage", sent.clone()).await;
    drop(queues);
    let queues = folder.open();
    assert_eq!(call(&queues, "SendMessage", sent).await["MessageId"], first["MessageId"]);
    assert_eq!(queues.depth("work.fifo").map(|depth| depth.visible), Some(1));
}
