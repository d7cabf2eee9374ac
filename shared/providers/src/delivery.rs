//! A delivery of a provider: the request to a callback URL, and what it reports.

use bytes::Bytes;
use http::HeaderMap;
use model::{JobEvent, ProviderJobId};
use serde_json::{Map, Value};

/// A delivery before its authentication. It has no `Debug`, since its headers hold the signature.
pub struct Delivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The raw bytes of the body. Signatures are computed over bytes.
    pub body: &'a Bytes,
}

/// What a request to a callback URL is, by its method and query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMethod {
    /// A delivery with its data in the body.
    Delivery,
    /// A delivery with its data in the query, encoded as a form.
    QueryDelivery,
    /// A request that checks whether the URL responds.
    Probe,
    /// None of these. The method is not allowed.
    MethodNotAllowed,
}

/// Whether a delivery comes from the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticity {
    /// The signature is valid.
    Signed,
    /// No signing secret is configured, so a signature cannot be verified.
    NoSigningSecret,
    /// A signing secret is configured, and the signature is missing or invalid. The text says why, for metrics.
    InvalidSignature(&'static str),
}

/// What a delivery reports.
#[derive(Debug)]
pub struct DeliveryReport {
    /// The provider's name for the event, for the delivery log and for metrics.
    pub event_name: String,
    /// The provider's id of the work that it is about.
    pub provider_job_id: Option<ProviderJobId>,
    /// The event for the job, if there is one.
    pub event: Option<JobEvent>,
    /// The kind of job as which the work can be imported. None when such work is never imported.
    pub importable_as: Option<&'static str>,
    /// Whether it may belong to a pending submission whose provider job id is not known yet.
    pub may_match_pending_submission: bool,
    /// Whether it is unverified and only triggers a poll.
    pub is_unverified: bool,
    /// What to store with the job for later polls.
    pub provider_state: Option<Map<String, Value>>,
}

impl DeliveryReport {
    /// Creates the report of a delivery that cannot be interpreted. It is recorded nevertheless.
    pub fn without_event() -> Self {
        Self {
            event_name: "unreadable".into(),
            provider_job_id: None,
            event: None,
            importable_as: None,
            may_match_pending_submission: false,
            is_unverified: false,
            provider_state: None,
        }
    }
}

/// The body is not what the provider documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedDelivery(pub String);
