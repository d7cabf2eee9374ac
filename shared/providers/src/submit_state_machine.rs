//! The protocol of a submission, sans-IO: the provider says what to send, receives the response, and returns the next
//! step.

use std::time::Duration;

use bytes::Bytes;
use model::{Error, ErrorClass, ProviderJobId, Secret};
use serde_json::{Map, Value};
use url::Url;

use crate::{Credentials, SendResult};

/// The input of a submission. It has no `Debug`, since the callback URL holds the callback token.
pub struct SubmitContext<'a> {
    /// The kind of the order.
    pub kind: &'a str,
    /// The order's request, as [`crate::Order`] holds it.
    pub request: &'a Value,
    /// The provider's id of the job's earlier request. None when this is the first one.
    pub provider_job_id: Option<&'a ProviderJobId>,
    /// What the provider's module has stored with the job.
    pub provider_state: &'a Map<String, Value>,
    /// The URL for the provider's deliveries. It holds the callback token.
    pub callback_url: &'a Url,
    /// Base URL of the provider's API, without a trailing slash.
    pub api_url: &'a str,
    /// The provider's keys.
    pub credentials: &'a Credentials,
}

/// The next step of a submission.
#[derive(Debug)]
pub enum SubmitStep {
    /// Send this request.
    Send(http::Request<Bytes>),
    /// Wait, then send this request. Only after a response that proves that no work was done.
    SendAfter {
        /// How long to wait.
        wait: Duration,
        /// The request to send then.
        request: http::Request<Bytes>,
        /// The error for the caller when there is no time to wait.
        deadline_error: Error,
    },
    /// Download a file of the caller and continue with [`SubmitProtocol::on_downloaded`].
    Download {
        /// The URL that the caller named. The SSRF guard has not checked it.
        url: String,
    },
    /// Get an access token and continue with [`SubmitProtocol::on_token`].
    Authorize {
        /// Whether the provider rejected the earlier token, so that another one is needed.
        is_token_rejected: bool,
    },
    /// Store this with the job for later polls, and continue with [`SubmitProtocol::on_stored`]. The state before the
    /// submission has to be stored before it, since it cannot be read afterwards.
    StoreProviderState(Map<String, Value>),
    /// The provider accepted the work.
    Accepted(ProviderJobId),
    /// The provider accepted the work and has finished it.
    Completed {
        /// The provider's id for the work, if it names one.
        provider_job_id: Option<ProviderJobId>,
        /// The result of the work.
        result: SynchronousResult,
    },
    /// The provider did no work.
    Rejected(Error),
    /// The provider may have accepted the work. The request must not be sent again.
    OutcomeUnknown(Error),
}

/// The result of synchronous work.
#[derive(Debug)]
pub enum SynchronousResult {
    /// Files, in a response that [`crate::Provider::read_submit_response`] reads.
    Files(Bytes),
    /// A JSON result for the caller, without files.
    Json(Value),
}

/// A submission, step by step. Its caller owns the socket and the clock.
pub trait SubmitProtocol: Send {
    /// Returns the first step.
    fn start(&mut self) -> SubmitStep;

    /// Continues with the response to the last request.
    fn on_response(&mut self, result: SendResult) -> SubmitStep;

    /// Continues with a token, after [`SubmitStep::Authorize`].
    fn on_token(&mut self, _token: &Secret) -> SubmitStep {
        SubmitStep::Rejected(Error::new(ErrorClass::Internal, "the provider uses no access token"))
    }

    /// Continues with a file, after [`SubmitStep::Download`].
    fn on_downloaded(&mut self, _result: Result<Bytes, Error>) -> SubmitStep {
        SubmitStep::Rejected(Error::new(ErrorClass::Internal, "the provider takes no files"))
    }

    /// Continues after [`SubmitStep::StoreProviderState`].
    fn on_stored(&mut self) -> SubmitStep {
        SubmitStep::Rejected(Error::new(ErrorClass::Internal, "the provider stores no state"))
    }
}
