//! One trace covers a job from its request to its files, over three invocations.

use std::time::Duration;

use serde_json::Value;
use tokio::net::UdpSocket;

use crate::world::World;

/// The X-Ray daemon that Lambda runs beside a function.
struct XRayDaemon(UdpSocket);

impl XRayDaemon {
    async fn start() -> (Self, String) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address").to_string();
        (Self(socket), address)
    }

    /// Receives the next segment.
    async fn receive_segment(&self) -> Value {
        let mut datagram = [0; 64 * 1024];
        let received = tokio::time::timeout(Duration::from_secs(10), self.0.recv(&mut datagram)).await;
        let length = received.expect("in time").expect("a datagram");
        let text = std::str::from_utf8(&datagram[..length]).expect("text");
        let (header, document) = text.split_once('\n').expect("a header and a document");
        assert_eq!(header, r#"{"format":"json","version":1}"#);
        serde_json::from_str(document).expect("JSON")
    }
}

#[tokio::test]
async fn submission_callback_and_landing_share_the_trace_of_the_request() {
    let (daemon, address) = XRayDaemon::start().await;
    let world = World::start_with(|options| options.variable("AWS_XRAY_DAEMON_ADDRESS", address)).await;
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "stored").await;
    let segments =
        [daemon.receive_segment().await, daemon.receive_segment().await, daemon.receive_segment().await];
    let [submission, callback, landing] = &segments;
    let names = segments.each_ref().map(|segment| segment["name"].as_str().expect("a name"));
    assert_eq!(names, ["Landfall submission", "Landfall callback", "Landfall landing"]);

    let trace = world.job_item(&id).await["trace"].as_s().expect("a text").clone();
    for segment in &segments {
        let root = segment["trace_id"].as_str().expect("an id");
        assert!(trace.contains(&format!("Root={root};")), "{segment} is not in the trace {trace}");
        assert_eq!(segment["annotations"]["job_id"], id, "{segment}");
        assert!(segment["start_time"].as_f64() <= segment["end_time"].as_f64(), "{segment}");
    }
    let request = submission["parent_id"].as_str().expect("an id");
    assert!(trace.contains(&format!("Parent={request};")), "{submission} has another parent than {trace}");
    assert_eq!(submission["type"], "subsegment", "a part of the invocation that Lambda records");
    assert_eq!(callback["parent_id"], request);
    assert_eq!(landing["parent_id"], callback["id"]);
    assert_eq!(landing["annotations"]["bytes"], job["transfer"]["bytes"]);
    assert_eq!(landing["annotations"]["status"], "stored");
}

#[tokio::test]
async fn a_job_submitted_from_the_queue_stays_in_the_trace_of_its_request() {
    let (daemon, address) = XRayDaemon::start().await;
    let world = World::start_with(|options| {
        let options = options.variable("AWS_XRAY_DAEMON_ADDRESS", address);
        options.variable("ABYSSALE_REQUESTS_PER_SECOND", "2").variable("MAX_SUBMIT_WAIT_SECONDS", "0")
    });
    let mut world = world.await;
    world.stack.pause_worker();
    // The first job takes the free reservation; the second one has to wait.
    world.submit_export(1).await;
    let id = world.submit_export(2).await;
    let mut of_the_second = vec![];
    while of_the_second.len() < 2 {
        let segment = daemon.receive_segment().await;
        if segment["annotations"]["job_id"] == id {
            of_the_second.push(segment);
        }
    }
    let [asked_for, submitted] = &of_the_second[..] else { panic!("two segments: {of_the_second:?}") };
    assert_eq!(asked_for["annotations"]["status"], "waiting");
    assert_eq!(submitted["trace_id"], asked_for["trace_id"]);
    assert_eq!(submitted["parent_id"], asked_for["parent_id"]);
}
