//! What a provider delivers to us, before and after it is understood.

use bytes::Bytes;
use http::HeaderMap;
use model::{Event, ProviderJobId};
use serde_json::{Map, Value};

/// A delivery as it came, not yet trusted. Without `Debug`, since its headers hold the signature.
pub struct Delivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The body's raw bytes: signatures are over bytes.
    pub body: &'a Bytes,
}

/// What a request to a callback URL is, by its method and query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMethod {
    /// A delivery; its body says what happened.
    Delivery,
    /// A delivery whose query says what happened, as a form would.
    QueryDelivery,
    /// Somebody looks whether anybody is there.
    Probe,
    /// None of these.
    Refused,
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
pub struct DeliveryReport {
    /// The provider's name for the event, for the record and for metrics.
    pub name: String,
    /// Which work it is about.
    pub provider_job_id: Option<ProviderJobId>,
    /// What happened, when it is something a job needs to know.
    pub event: Option<Event>,
    /// The kind of job that this would be, had we asked for it; nothing when such work is never adopted.
    pub adoptable_as: Option<&'static str>,
    /// Whether one of our own submissions may be waiting for it, and just not know its provider job id yet.
    pub awaited: bool,
    /// Whether it only hints at what the provider must be asked about before anything is believed.
    pub hint: bool,
    /// What to keep with the job for later questions about it.
    pub notes: Option<Map<String, Value>>,
}

impl DeliveryReport {
    /// A delivery that says nothing anybody understands. It is recorded all the same.
    pub fn unreadable() -> Self {
        Self {
            name: "unreadable".into(),
            provider_job_id: None,
            event: None,
            adoptable_as: None,
            awaited: false,
            hint: false,
            notes: None,
        }
    }
}

/// The body cannot be what the provider documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedDelivery(pub String);
