//! What a provider delivers to us, before and after it is understood.

use bytes::Bytes;
use http::HeaderMap;
use model::{Event, Ticket};

/// A delivery as it came, not yet trusted. Without `Debug`, since its headers hold the signature.
pub struct Delivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The body's raw bytes: signatures are over bytes.
    pub body: &'a Bytes,
}

/// Whether a delivery really comes from the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticity {
    /// The provider's signature fits.
    Signed,
    /// No signing secret is configured, so a signature proves nothing either way.
    NotSigned,
    /// A signing secret is configured and the delivery does not fit it. The text says why, for metrics.
    Refused(&'static str),
}

/// What an authentic delivery says.
#[derive(Debug)]
pub struct Report {
    /// The provider's name for the event, for the record and for metrics.
    pub name: String,
    /// Which work it is about.
    pub ticket: Option<Ticket>,
    /// What happened, when it is something a job needs to know.
    pub event: Option<Event>,
    /// The kind of job that this would be, had we asked for it; nothing when such work is never adopted.
    pub adoptable_as: Option<&'static str>,
    /// Whether one of our own submissions may be waiting for it, and just not know its ticket yet.
    pub awaited: bool,
}

/// The body cannot be what the provider documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);
