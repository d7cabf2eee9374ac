//! Tests that need the complete cloud: ports, faults, restarts, and the event source mapping. The conformance run covers
//! the operations themselves.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("local-cloud-{}", uuid::Uuid::now_v7())))
    }

    async fn start(&self) -> LocalCloud {
        let options = LocalCloudOptions { dynamodb_in_memory: true, ..LocalCloudOptions::new(&self.0) };
        LocalCloud::start(options).await.expect("the cloud starts on free ports")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: the operating system cleans its temporary folder as well.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn call(cloud: &LocalCloud, service: Service, operation: &str, input: Value) -> Value {
    let operation = operation::Operation::new(service, operation);
    cloud.services.json(&operation, input).await.expect("the request is valid")
}

async fn sqs(cloud: &LocalCloud, operation: &str, input: Value) -> Value {
    call(cloud, Service::Sqs, operation, input).await
}

async fn create_queue(cloud: &LocalCloud, name: &str, attributes: Value) {
    sqs(cloud, "CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
}

async fn send(cloud: &LocalCloud, queue: &str, body: &str) {
    sqs(cloud, "SendMessage", json!({"QueueUrl": queue, "MessageBody": body})).await;
}

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..100 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("timed out after five seconds waiting for: {what}");
}

/// Returns the status line of the response to an unsigned request, empty if the connection closes without a response.
async fn status(endpoint: &str, method: &str) -> String {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the port is open");
    let request = format!("{method} /bucket/key HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the request is short");
    let mut response = String::new();
    // A reset also counts as no response.
    let _ = stream.read_to_string(&mut response).await;
    response.lines().next().unwrap_or_default().to_owned()
}

fn visible(cloud: &LocalCloud, queue: &str) -> usize {
    cloud.queue_depth(queue).expect("the queue exists").visible
}

#[tokio::test]
async fn the_error_names_a_port_in_use() {
    let folder = Folder::new();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    let mut options = LocalCloudOptions::new(&folder.0);
    options.ports.dynamodb = port;
    let error = LocalCloud::start(options).await.err().expect("the port is taken").to_string();
    assert!(error.contains(&port.to_string()) && error.contains("DynamoDB"), "{error}");
}

#[tokio::test]
async fn faults_start_and_end_an_outage() {
    let folder = Folder::new();
    let cloud = folder.start().await;
    assert_eq!(status(&cloud.s3_endpoint, "GET").await, "HTTP/1.1 403 Forbidden");
    cloud.faults().s3(Outage::Refuse503);
    assert_eq!(status(&cloud.s3_endpoint, "GET").await, "HTTP/1.1 503 Service Unavailable");
    cloud.faults().s3(Outage::RefuseWrites503);
    assert_eq!(status(&cloud.s3_endpoint, "GET").await, "HTTP/1.1 403 Forbidden");
    assert_eq!(status(&cloud.s3_endpoint, "DELETE").await, "HTTP/1.1 503 Service Unavailable");
    cloud.faults().s3(Outage::LoseAnswers);
    assert_eq!(status(&cloud.s3_endpoint, "GET").await, "");
    cloud.faults().s3(Outage::None);
    cloud.faults().next(Service::S3, "GetObject", Outage::DropConnections, 1);
    assert_eq!(status(&cloud.s3_endpoint, "GET").await, "");
    assert_eq!(status(&cloud.s3_endpoint, "GET").await, "HTTP/1.1 403 Forbidden");
    assert_eq!(cloud.requests().count(Service::S3, "GetObject"), 6);
    assert_eq!(cloud.requests().count(Service::S3, "DeleteObject"), 1);
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_recording_has_each_request_with_its_response_or_without_one() {
    let folder = Folder::new();
    let recording = Recording::start(&folder.0.join("recording")).expect("a file");
    let mut options = LocalCloudOptions::new(&folder.0);
    options.dynamodb_in_memory = true;
    options.recording = Some(Arc::new(recording));
    let cloud = LocalCloud::start(options).await.expect("the cloud starts on free ports");
    status(&cloud.s3_endpoint, "GET").await;
    cloud.faults().s3(Outage::DropConnections);
    status(&cloud.s3_endpoint, "DELETE").await;
    let path = folder.0.join("recording").join(format!("{}.jsonl", std::process::id()));
    let recorded = || std::fs::read_to_string(&path).expect("a recording");
    eventually("both requests are recorded", || recorded().lines().count() == 2).await;
    let lines: Vec<Value> =
        recorded().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        (&lines[0]["request"]["method"], &lines[0]["request"]["uri"]),
        (&json!("GET"), &json!("/bucket/key"))
    );
    assert_eq!(lines[0]["response"]["status"], 403);
    let document = lines[0]["response"]["body"]["text"].as_str().expect("a document");
    assert!(document.contains("<Code>AccessDenied</Code>") && document.contains("<RequestId>"), "{document}");
    assert_eq!((&lines[1]["request"]["method"], &lines[1]["response"]), (&json!("DELETE"), &Value::Null));
}

#[tokio::test]
async fn only_the_failed_message_is_retried_and_dead_lettered() {
    let folder = Folder::new();
    let cloud = folder.start().await;
    create_queue(&cloud, "dead", json!({})).await;
    let policy = json!({"deadLetterTargetArn": cloud.services.queues().arn("dead"), "maxReceiveCount": 2});
    create_queue(&cloud, "work", json!({"VisibilityTimeout": "1", "RedrivePolicy": policy.to_string()}))
        .await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let handler: BatchHandler = Arc::new(move |event: Value| {
        let counted = Arc::clone(&counted);
        Box::pin(async move {
            let records = event["Records"].as_array().cloned().unwrap_or_default();
            counted.fetch_add(records.len(), Ordering::SeqCst);
            let bad = records.iter().filter(|record| record["body"] == "bad");
            let failures: Vec<_> = bad.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
            Ok(json!({"batchItemFailures": failures}))
        })
    });
    send(&cloud, "work", "good").await;
    send(&cloud, "work", "bad").await;
    let source = cloud.event_source(EventSourceOptions::new("work"), handler);
    eventually("the bad message is in the dead-letter queue", || visible(&cloud, "dead") == 1).await;
    assert_eq!(calls.load(Ordering::SeqCst), 3, "once the good one, twice the bad one");
    assert_eq!(cloud.queue_depth("work"), Some(QueueDepth::default()));

    drop(source);
    let arn = cloud.services.queues().arn("dead");
    sqs(&cloud, "StartMessageMoveTask", json!({"SourceArn": arn})).await;
    assert_eq!((visible(&cloud, "dead"), visible(&cloud, "work")), (0, 1));
}

#[tokio::test]
async fn the_maximum_concurrency_is_not_exceeded() {
    let folder = Folder::new();
    let cloud = folder.start().await;
    create_queue(&cloud, "work", json!({"VisibilityTimeout": "30"})).await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let handler: BatchHandler = Arc::new(move |_| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        Box::pin(async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(Value::Null)
        })
    });
    for number in 0..12 {
        send(&cloud, "work", &number.to_string()).await;
    }
    let options =
        EventSourceOptions { batch_size: 1, maximum_concurrency: 3, ..EventSourceOptions::new("work") };
    let _source = cloud.event_source(options, handler);
    eventually("all are done", || cloud.queue_depth("work") == Some(QueueDepth::default())).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn messages_and_secrets_survive_a_restart() {
    let folder = Folder::new();
    let cloud = folder.start().await;
    create_queue(&cloud, "work", json!({})).await;
    send(&cloud, "work", "kept").await;
    let secret = json!({"Name": "token", "SecretString": "value"});
    call(&cloud, Service::SecretsManager, "CreateSecret", secret).await;
    cloud.shutdown().await;

    let cloud = folder.start().await;
    assert_eq!(visible(&cloud, "work"), 1);
    let named = json!({"SecretId": "token"});
    let secret = call(&cloud, Service::SecretsManager, "GetSecretValue", named).await;
    assert_eq!(secret["SecretString"], "value");
}

#[tokio::test]
async fn an_outdated_receipt_handle_deletes_nothing() {
    let folder = Folder::new();
    let cloud = folder.start().await;
    create_queue(&cloud, "work", json!({"VisibilityTimeout": "0"})).await;
    send(&cloud, "work", "body").await;
    let receive = || sqs(&cloud, "ReceiveMessage", json!({"QueueUrl": "work"}));
    let stale = receive().await["Messages"][0]["ReceiptHandle"].clone();
    let fresh = receive().await["Messages"][0]["ReceiptHandle"].clone();
    sqs(&cloud, "DeleteMessage", json!({"QueueUrl": "work", "ReceiptHandle": stale})).await;
    assert_eq!(visible(&cloud, "work"), 1);
    sqs(&cloud, "DeleteMessage", json!({"QueueUrl": "work", "ReceiptHandle": fresh})).await;
    assert_eq!(visible(&cloud, "work"), 0);
}

#[tokio::test]
async fn a_stage_moves_only_from_the_version_that_the_request_names() {
    let folder = Folder::new();
    let cloud = folder.start().await;
    let secrets = |operation: &'static str, mut input: Value| {
        input["SecretId"] = json!("token");
        let operation = operation::Operation::new(Service::SecretsManager, operation);
        let services = &cloud.services;
        async move { services.json(&operation, input).await }
    };
    let made = json!({"Name": "token", "SecretString": "one"});
    let one = call(&cloud, Service::SecretsManager, "CreateSecret", made).await["VersionId"].clone();
    let put = json!({"SecretString": "two", "VersionStages": ["PENDING"]});
    let two = secrets("PutSecretValue", put).await.expect("a version")["VersionId"].clone();
    let current =
        || async { secrets("GetSecretValue", json!({})).await.expect("a value")["SecretString"].clone() };
    assert_eq!(current().await, "one");

    let step = json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": two});
    for from in [Value::Null, two.clone()] {
        let mut refused = step.clone();
        refused["RemoveFromVersionId"] = from;
        assert!(secrets("UpdateSecretVersionStage", refused).await.is_err());
        assert_eq!(current().await, "one");
    }
    let mut moved = step;
    moved["RemoveFromVersionId"] = one.clone();
    secrets("UpdateSecretVersionStage", moved).await.expect("the stage moves");
    assert_eq!(current().await, "two");
    let stages = secrets("DescribeSecret", json!({})).await.expect("stages")["VersionIdsToStages"].clone();
    let text = |id: &Value| id.as_str().expect("an id").to_owned();
    assert_eq!(stages[text(&one)], json!(["AWSPREVIOUS"]));
    assert_eq!(stages[text(&two)], json!(["PENDING", "AWSCURRENT"]));
}
