//! What Landfall adds to the traces of AWS X-Ray.
//!
//! Lambda itself records an invocation as a segment of the trace that invoked it. But a job goes on in invocations that
//! its provider and its queue make, each with a trace of its own. So a job keeps the trace of the request that made it,
//! and whoever works on it later sends what was done as a segment of *that* trace. One trace then tells of the
//! submission, the callback and the landing, however many hours lie between them.
//!
//! It stands in this crate, and needs no library, because all of it is what Lambda gives: the header of the trace with the
//! invocation, and beside the function a daemon that takes segments, small JSON documents, as datagrams. A datagram that
//! nobody takes is lost, and nothing waits for it.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
};

use model::Trace;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Environment;

/// What goes before each document, by the daemon's protocol.
const HEADER: &str = r#"{"format":"json","version":1}"#;

/// Sends segments to the daemon.
#[derive(Debug)]
pub struct Tracer {
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

/// A piece of work in a trace. Without a trace, or in one that is not recorded, it is nothing.
#[derive(Debug)]
pub struct Segment(Option<Document>);

#[derive(Debug)]
struct Document {
    id: SegmentId,
    trace: String,
    parent: String,
    name: &'static str,
    /// Whether it is a part of its parent, and not the work of somebody else that came of it.
    part: bool,
    began: OffsetDateTime,
    failed: bool,
    annotations: Map<String, Value>,
}

impl Segment {
    /// Work that came of the request that made a job, and begins now. `name` is of letters, digits and spaces.
    pub fn of(trace: Option<&Trace>, name: &'static str) -> Self {
        Self(trace.filter(|trace| trace.is_sampled()).map(|trace| Document {
            id: SegmentId(format!("{:016x}", Uuid::now_v7().as_u64_pair().1)),
            trace: trace.root().to_owned(),
            parent: trace.parent().to_owned(),
            name,
            part: false,
            began: OffsetDateTime::now_utc(),
            failed: false,
            annotations: Map::new(),
        }))
    }

    /// The same as a part of the invocation that is under way, which Lambda records.
    #[must_use]
    pub fn as_part(mut self) -> Self {
        self.change(|document| document.part = true);
        self
    }

    /// The same as what came of another segment.
    #[must_use]
    pub fn after(mut self, parent: Option<&SegmentId>) -> Self {
        if let Some(parent) = parent {
            self.change(|document| document.parent.clone_from(&parent.0));
        }
        self
    }

    /// The same, begun at another time.
    #[must_use]
    pub fn since(mut self, began: OffsetDateTime) -> Self {
        self.change(|document| document.began = began);
        self
    }

    /// Notes something by which the trace can be found. `name` is of letters, digits and underscores.
    pub fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.change(|document| {
            document.annotations.insert(name.to_owned(), value.into());
        });
    }

    /// Notes that the work failed.
    pub fn failed(&mut self) {
        self.change(|document| document.failed = true);
    }

    /// Its id, for what comes of it.
    pub fn id(&self) -> Option<SegmentId> {
        self.0.as_ref().map(|document| document.id.clone())
    }

    fn change(&mut self, change: impl FnOnce(&mut Document)) {
        self.0.as_mut().map(change).unwrap_or_default();
    }
}

impl Tracer {
    /// The daemon at `AWS_XRAY_DAEMON_ADDRESS`, which Lambda sets. Without one, nothing is sent.
    pub fn connect(environment: &Environment) -> Self {
        let address = environment.maybe("AWS_XRAY_DAEMON_ADDRESS").and_then(|text| text.parse().ok());
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
        let datagram = format!("{HEADER}\n{}", document.written(OffsetDateTime::now_utc()));
        if let Err(unsent) = daemon.send(datagram.as_bytes()) {
            tracing::debug!(%unsent, "a segment of a trace is lost");
        }
    }
}

impl Document {
    fn written(self, ended: OffsetDateTime) -> Value {
        let mut document = json!({
            "name": self.name,
            "id": self.id.0,
            "trace_id": self.trace,
            "parent_id": self.parent,
            "start_time": seconds(self.began),
            "end_time": seconds(ended.max(self.began)),
            "annotations": self.annotations,
        });
        if self.part {
            document["type"] = json!("subsegment");
        }
        if self.failed {
            document["error"] = json!(true);
        }
        document
    }
}

/// Seconds since 1970, to the millisecond.
fn seconds(at: OffsetDateTime) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
    let milliseconds = (at.unix_timestamp_nanos() / 1_000_000) as f64;
    milliseconds / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn trace(sampled: u8) -> Trace {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=";
        format!("{header}{sampled}").parse().expect("a header")
    }

    /// A daemon, and a tracer that sends to it.
    fn daemon() -> (UdpSocket, Tracer) {
        let daemon = UdpSocket::bind("127.0.0.1:0").expect("a port");
        daemon.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
        let address = daemon.local_addr().expect("an address").to_string();
        let tracer = Tracer::connect(&Environment::new([("AWS_XRAY_DAEMON_ADDRESS", address)]));
        (daemon, tracer)
    }

    fn received(daemon: &UdpSocket) -> Value {
        let mut datagram = [0; 4096];
        let length = daemon.recv(&mut datagram).expect("a datagram");
        let text = std::str::from_utf8(&datagram[..length]).expect("text");
        let (header, document) = text.split_once('\n').expect("two lines");
        assert_eq!(header, HEADER);
        serde_json::from_str(document).expect("JSON")
    }

    #[test]
    fn a_segment_hangs_where_the_job_was_made_or_where_it_came_of() {
        let (daemon, tracer) = daemon();
        let mut callback = Segment::of(Some(&trace(1)), "Landfall callback");
        callback.note("job_id", "j");
        let landing = Segment::of(Some(&trace(1)), "Landfall landing").after(callback.id().as_ref());
        tracer.send(callback);
        tracer.send(landing);
        let (callback, landing) = (received(&daemon), received(&daemon));
        assert_eq!(callback["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(callback["parent_id"], "53995c3f42cd8ad8");
        assert_eq!(callback["annotations"]["job_id"], "j");
        assert!(callback["id"].as_str().is_some_and(|id| id.len() == 16), "{callback}");
        assert_eq!((&landing["trace_id"], &landing["parent_id"]), (&callback["trace_id"], &callback["id"]));
        assert_ne!(landing["id"], callback["id"]);
        assert_eq!(landing.get("type"), None);
    }

    #[test]
    fn what_is_a_part_or_failed_says_so() {
        let (daemon, tracer) = daemon();
        let mut part = Segment::of(Some(&trace(1)), "Landfall submission").as_part();
        part.failed();
        tracer.send(part);
        let part = received(&daemon);
        assert_eq!((&part["type"], &part["error"]), (&json!("subsegment"), &json!(true)));
        let (began, ended) = (part["start_time"].as_f64(), part["end_time"].as_f64());
        assert!(began.is_some_and(|began| began > 1.7e9) && began <= ended, "{part}");
    }

    #[test]
    fn a_trace_that_is_not_recorded_is_left_alone() {
        let (daemon, tracer) = daemon();
        tracer.send(Segment::of(Some(&trace(0)), "unrecorded"));
        tracer.send(Segment::of(None, "without a trace"));
        tracer.send(Segment::of(Some(&trace(1)), "recorded"));
        assert_eq!(received(&daemon)["name"], "recorded");
    }

    #[test]
    fn without_a_daemon_nothing_is_sent_and_nothing_breaks() {
        for address in ["", "nowhere", "127.0.0.1:1"] {
            let tracer = Tracer::connect(&Environment::new([("AWS_XRAY_DAEMON_ADDRESS", address)]));
            tracer.send(Segment::of(Some(&trace(1)), "lost"));
            tracer.send(Segment::of(Some(&trace(1)), "lost, too"));
        }
    }
}
