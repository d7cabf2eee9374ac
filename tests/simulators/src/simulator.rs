//! The interface between a simulator and the harness that serves it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;

/// Which of a simulator's origins a request reached. Each has a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The provider's documented API.
    Api,
    /// Where the provider's finished files are downloaded.
    Files,
    /// Control: seeding, faults, virtual clock, logs. Exists only in the simulator.
    Admin,
}

/// Where the harness serves each endpoint, told to the simulator before the first request. No trailing slash.
#[derive(Debug, Clone)]
pub struct Origins {
    /// Origin of [`Endpoint::Api`], such as `http://127.0.0.1:4101`.
    pub api: String,
    /// Origin of [`Endpoint::Files`].
    pub files: String,
    /// Origin of [`Endpoint::Admin`].
    pub admin: String,
}

/// The provider's side of the wire.
pub trait Simulator: Send {
    /// Tells where the endpoints are served. The harness calls it once, before the first request.
    fn set_origins(&mut self, origins: Origins);

    /// Answers one request. `wall` is the real time; the simulator adds what its virtual clock was advanced by.
    fn handle(&mut self, endpoint: Endpoint, request: http::Request<Bytes>, wall: OffsetDateTime) -> Reply;

    /// The real time at which the next delivery is due, if any is scheduled.
    fn next_due(&self) -> Option<OffsetDateTime>;

    /// Takes the deliveries that are due. Each is reported back once through [`Simulator::delivered`].
    fn take_due(&mut self, wall: OffsetDateTime) -> Vec<Outgoing>;

    /// Tells how a delivery taken earlier ended.
    fn delivered(&mut self, delivery: u64, outcome: Outcome, wall: OffsetDateTime);

    /// What a script needs to use this simulator: `api_url`, `admin_url`, keys and seeded ids.
    fn describe(&self) -> Value;

    /// The provider section of Landfall's secret that fits this simulator (API key, signing secrets).
    fn credentials(&mut self) -> Value;

    /// A request body for `POST /jobs` that shows the provider at work, for the local runner's demonstration.
    fn demonstration(&self) -> Value;

    /// Works as fast as a person wants to watch it, and not as slowly as the provider.
    fn hurry(&mut self) {}

    /// Request bodies that show everything that the provider can make, each ending with its job stored.
    fn gallery(&self) -> Vec<Value> {
        vec![self.demonstration()]
    }
}

/// How a simulated server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The answer, whole. Its `WebhookContent-Length` is what the headers say, or else the body's length.
    pub response: http::Response<Bytes>,
    /// What goes wrong on the wire while it is sent.
    pub manner: Manner,
}

/// What goes wrong on the wire while a [`Reply`] is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Nothing.
    #[default]
    Plain,
    /// The connection is reset and no byte of the answer is sent, although the work was done.
    Lost,
    /// The answer starts only after this long.
    Late(Duration),
    /// The body is sent in pieces of `chunk` bytes with a pause after each.
    Slow {
        /// Bytes sent at a time, at least 1.
        chunk: usize,
        /// Pause after each piece.
        pause: Duration,
    },
    /// The connection is reset after this many bytes of the body, although the header promised all of them.
    CutAfter(usize),
    /// Sent chunked, without a `WebhookContent-Length`.
    NoLength,
    /// Sent chunked, without a `WebhookContent-Length`, and properly ended after this many bytes: a short body that
    /// no HTTP client can notice.
    ShortNoLength(usize),
}

/// A delivery that the harness sends for the simulator.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Names this attempt in [`Simulator::delivered`].
    pub delivery: u64,
    /// The request, with an absolute URI.
    pub request: http::Request<Bytes>,
    /// How long the provider waits for the acknowledgement.
    pub timeout: Duration,
    /// Sends the body slowly, when the simulator plays a slow sender.
    pub manner: Manner,
}

/// How an [`Outgoing`] delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered with this status.
    Status(u16),
    /// No answer within the timeout.
    Timeout,
    /// No connection, or it broke.
    ConnectionFailed,
}
