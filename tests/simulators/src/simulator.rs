//! The interface between a simulator and the harness that serves it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;

/// The endpoint of a simulator that a request reached. Each has its own port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The provider's documented API.
    Api,
    /// Where the provider's finished files are downloaded.
    Files,
    /// Control of the simulator: seeding, faults, virtual clock, logs. The provider has no such endpoint.
    Admin,
}

/// The origins at which the harness serves the endpoints, set before the first request. No trailing slash.
#[derive(Debug, Clone)]
pub struct Origins {
    /// Origin of [`Endpoint::Api`], such as `http://127.0.0.1:4101`.
    pub api: String,
    /// Origin of [`Endpoint::Files`].
    pub files: String,
    /// Origin of [`Endpoint::Admin`].
    pub admin: String,
}

/// A simulated provider.
pub trait Simulator: Send {
    /// Sets the origins of the endpoints. The harness calls it once, before the first request.
    fn set_origins(&mut self, origins: Origins);

    /// Handles one request. `wall` is the real time; the simulator adds the advance of its virtual clock.
    fn handle(&mut self, endpoint: Endpoint, request: http::Request<Bytes>, wall: OffsetDateTime) -> Reply;

    /// Returns the real time at which the next delivery is due, if any is scheduled.
    fn next_due(&self) -> Option<OffsetDateTime>;

    /// Takes the deliveries that are due. The harness reports each one once through [`Simulator::record_outcome`].
    fn take_due(&mut self, wall: OffsetDateTime) -> Vec<OutgoingDelivery>;

    /// Records the outcome of a delivery taken earlier.
    fn record_outcome(&mut self, delivery: u64, outcome: DeliveryOutcome, wall: OffsetDateTime);

    /// Describes the simulator for scripts: `api_url`, `admin_url`, keys and seeded ids.
    fn describe(&self) -> Value;

    /// Returns the provider section of Landfall's secret that matches this simulator (API key, signing
    /// secrets).
    fn credentials(&mut self) -> Value;

    /// Returns a request body for `POST /jobs` for the local runner's demonstration.
    fn demo_job(&self) -> Value;

    /// Shortens the provider's latencies for a person who watches.
    fn shorten_latencies(&mut self) {}

    /// Returns request bodies that cover everything that the provider can make. Each job ends stored.
    fn example_jobs(&self) -> Vec<Value> {
        vec![self.demo_job()]
    }
}

/// A response of a simulated server, and how it is sent.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The complete response. Its `Content-Length` is the header's value, or else the body's length.
    pub response: http::Response<Bytes>,
    /// How it is sent, including transport faults.
    pub send_mode: SendMode,
}

/// How a [`Reply`] is sent, including transport faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SendMode {
    /// Completely and at once.
    #[default]
    Plain,
    /// The connection is reset and no byte of the response is sent, although the work was done.
    Lost,
    /// The response starts only after this delay.
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
    /// Sent chunked, without a `Content-Length`.
    NoLength,
    /// Sent chunked, without a `Content-Length`, and ended correctly after this many bytes: a short body that
    /// no HTTP client can detect.
    ShortNoLength(usize),
}

/// A webhook delivery that the harness sends for the simulator.
#[derive(Debug, Clone)]
pub struct OutgoingDelivery {
    /// Identifies this attempt in [`Simulator::record_outcome`].
    pub delivery: u64,
    /// The request, with an absolute URI.
    pub request: http::Request<Bytes>,
    /// How long the provider waits for the response.
    pub timeout: Duration,
    /// How the body is sent; a slow sender sends it in pieces.
    pub send_mode: SendMode,
}

/// The outcome of an [`OutgoingDelivery`] delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver responded with this status.
    Status(u16),
    /// No response within the timeout.
    Timeout,
    /// No connection, or the connection broke.
    ConnectionFailed,
}
