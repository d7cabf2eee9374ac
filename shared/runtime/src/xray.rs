//! Sends segments of jobs to AWS X-Ray.
//!
//! Lambda records each invocation as a segment of the trace that invoked it. But a job continues in invocations that its
//! provider and its queue cause, each with another trace. So a job stores the trace of the request that submitted it, and
//! later invocations send their work as segments of *that* trace. One trace then shows the submission, the callback and
//! the landing, however many hours are between them.
//!
//! It is in this crate and needs no library, because Lambda provides all of it: the trace header of the invocation, and a
//! daemon beside the function that receives segments, which are small JSON documents, as UDP datagrams. A datagram that
//! the daemon does not receive is lost, and nothing waits for it.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
};

use model::TraceHeader;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Environment;

/// The header before each document in the daemon's protocol.
const HEADER: &str = r#"{"format":"json","version":1}"#;

/// Sends segments to the X-Ray daemon.
#[derive(Debug)]
pub struct XrayDaemon {
    daemon: Option<UdpSocket>,
}

/// The id of a segment: 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentId(String);

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A segment of a trace. Without a trace, or in one that is not sampled, it is empty and is not sent.
#[derive(Debug)]
pub struct Segment(Option<SegmentDocument>);

#[derive(Debug)]
struct SegmentDocument {
    id: SegmentId,
    trace: String,
    parent: String,
    name: &'static str,
    /// Whether it is a subsegment of its parent, and not a segment of another invocation.
    is_subsegment: bool,
    started_at: OffsetDateTime,
    has_failed: bool,
    annotations: Map<String, Value>,
}

impl Segment {
    /// A segment in the trace of the request that submitted a job, which starts now. `name` consists of letters, digits
    /// and spaces.
    pub fn start(trace: Option<&TraceHeader>, name: &'static str) -> Self {
        Self(trace.filter(|trace| trace.is_sampled()).map(|trace| SegmentDocument {
            id: SegmentId(format!("{:016x}", Uuid::now_v7().as_u64_pair().1)),
            trace: trace.trace_id().to_owned(),
            parent: trace.segment_id().to_owned(),
            name,
            is_subsegment: false,
            started_at: OffsetDateTime::now_utc(),
            has_failed: false,
            annotations: Map::new(),
        }))
    }

    /// The same as a subsegment of the current invocation, which Lambda records.
    #[must_use]
    pub fn as_subsegment(mut self) -> Self {
        self.update(|document| document.is_subsegment = true);
        self
    }

    /// The same with another segment as its parent.
    #[must_use]
    pub fn with_parent(mut self, parent: Option<&SegmentId>) -> Self {
        if let Some(parent) = parent {
            self.update(|document| document.parent.clone_from(&parent.0));
        }
        self
    }

    /// The same with another start time.
    #[must_use]
    pub fn with_start_time(mut self, start_time: OffsetDateTime) -> Self {
        self.update(|document| document.started_at = start_time);
        self
    }

    /// Adds an annotation, by which X-Ray finds the trace. `name` consists of letters, digits and underscores.
    pub fn add_annotation(&mut self, name: &str, value: impl Into<Value>) {
        self.update(|document| {
            document.annotations.insert(name.to_owned(), value.into());
        });
    }

    /// Marks the segment as failed.
    pub fn mark_failed(&mut self) {
        self.update(|document| document.has_failed = true);
    }

    /// The id, for child segments.
    pub fn id(&self) -> Option<SegmentId> {
        self.0.as_ref().map(|document| document.id.clone())
    }

    fn update(&mut self, update: impl FnOnce(&mut SegmentDocument)) {
        self.0.as_mut().map(update).unwrap_or_default();
    }
}

impl XrayDaemon {
    /// Connects to the daemon at `AWS_XRAY_DAEMON_ADDRESS`, which Lambda sets. Without it, nothing is sent.
    pub fn connect(environment: &Environment) -> Self {
        let address = environment.optional("AWS_XRAY_DAEMON_ADDRESS").and_then(|text| text.parse().ok());
        let daemon = address.and_then(|address: SocketAddr| {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
            socket.set_nonblocking(true).ok()?;
            socket.connect(address).ok()?;
            Some(socket)
        });
        Self { daemon }
    }

    /// Sends a segment that ends now.
    pub fn send(&self, segment: Segment) {
        let (Some(daemon), Some(document)) = (&self.daemon, segment.0) else { return };
        let datagram = format!("{HEADER}\n{}", document.to_json(OffsetDateTime::now_utc()));
        if let Err(error) = daemon.send(datagram.as_bytes()) {
            tracing::debug!(unsent = %error, "trace segment not sent");
        }
    }
}

impl SegmentDocument {
    fn to_json(&self, ended_at: OffsetDateTime) -> Value {
        let mut document = json!({
            "name": self.name,
            "id": self.id.0,
            "trace_id": self.trace,
            "parent_id": self.parent,
            "start_time": seconds(self.started_at),
            "end_time": seconds(ended_at.max(self.started_at)),
            "annotations": self.annotations,
        });
        if self.is_subsegment {
            document["type"] = json!("subsegment");
        }
        if self.has_failed {
            document["error"] = json!(true);
        }
        document
    }
}

/// Seconds of the Unix epoch, to the millisecond.
fn seconds(at: OffsetDateTime) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
    let milliseconds = (at.unix_timestamp_nanos() / 1_000_000) as f64;
    milliseconds / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn current_trace(sampled: u8) -> TraceHeader {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=";
        format!("{header}{sampled}").parse().expect("a header")
    }

    /// A daemon, and a tracer that sends to it.
    fn daemon_and_tracer() -> (UdpSocket, XrayDaemon) {
        let daemon = UdpSocket::bind("127.0.0.1:0").expect("a port");
        daemon.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
        let address = daemon.local_addr().expect("an address").to_string();
        let tracer = XrayDaemon::connect(&Environment::new([("AWS_XRAY_DAEMON_ADDRESS", address)]));
        (daemon, tracer)
    }

    fn receive_segment(daemon: &UdpSocket) -> Value {
        let mut datagram = [0; 4096];
        let length = daemon.recv(&mut datagram).expect("a datagram");
        let text = std::str::from_utf8(&datagram[..length]).expect("text");
        let (header, document) = text.split_once('\n').expect("two lines");
        assert_eq!(header, HEADER);
        serde_json::from_str(document).expect("JSON")
    }

    #[test]
    fn the_parent_of_a_segment_is_the_submission_or_another_segment() {
        let (daemon, tracer) = daemon_and_tracer();
        let mut callback = Segment::start(Some(&current_trace(1)), "Landfall callback");
        callback.add_annotation("job_id", "j");
        let landing =
            Segment::start(Some(&current_trace(1)), "Landfall landing").with_parent(callback.id().as_ref());
        tracer.send(callback);
        tracer.send(landing);
        let (callback, landing) = (receive_segment(&daemon), receive_segment(&daemon));
        assert_eq!(callback["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(callback["parent_id"], "53995c3f42cd8ad8");
        assert_eq!(callback["annotations"]["job_id"], "j");
        assert!(callback["id"].as_str().is_some_and(|id| id.len() == 16), "{callback}");
        assert_eq!((&landing["trace_id"], &landing["parent_id"]), (&callback["trace_id"], &callback["id"]));
        assert_ne!(landing["id"], callback["id"]);
        assert_eq!(landing.get("type"), None);
    }

    #[test]
    fn subsegments_and_failed_segments_are_marked() {
        let (daemon, tracer) = daemon_and_tracer();
        let mut segment = Segment::start(Some(&current_trace(1)), "Landfall submission").as_subsegment();
        segment.mark_failed();
        tracer.send(segment);
        let segment = receive_segment(&daemon);
        assert_eq!((&segment["type"], &segment["error"]), (&json!("subsegment"), &json!(true)));
        let (start, end) = (segment["start_time"].as_f64(), segment["end_time"].as_f64());
        assert!(start.is_some_and(|start| start > 1.7e9) && start <= end, "{segment}");
    }

    #[test]
    fn segments_of_an_unsampled_trace_are_not_sent() {
        let (daemon, tracer) = daemon_and_tracer();
        tracer.send(Segment::start(Some(&current_trace(0)), "unrecorded"));
        tracer.send(Segment::start(None, "without a trace"));
        tracer.send(Segment::start(Some(&current_trace(1)), "recorded"));
        assert_eq!(receive_segment(&daemon)["name"], "recorded");
    }

    #[test]
    fn sending_without_a_daemon_does_not_fail() {
        for address in ["", "nowhere", "127.0.0.1:1"] {
            let tracer = XrayDaemon::connect(&Environment::new([("AWS_XRAY_DAEMON_ADDRESS", address)]));
            tracer.send(Segment::start(Some(&current_trace(1)), "lost"));
            tracer.send(Segment::start(Some(&current_trace(1)), "lost, too"));
        }
    }
}
