//! How a provider is asked: it says what to send, hears the answer, and says what that means.

use std::time::Duration;

use bytes::Bytes;
use model::{Error, ErrorClass, ProviderJobId, Secret};
use serde_json::{Map, Value};
use url::Url;

use crate::Credentials;

/// What a conversation is about. Without `Debug`, since the callback URL holds the token.
pub struct SubmitContext<'a> {
    /// The kind of the order.
    pub kind: &'a str,
    /// The order's request, as [`crate::Order`] holds it.
    pub request: &'a Value,
    /// Where the provider shall report. Holds the callback token.
    pub callback_url: &'a Url,
    /// Base URL of the provider's API, without a trailing slash.
    pub api_url: &'a str,
    /// The provider's keys.
    pub credentials: &'a Credentials,
}

/// What the transport brought back.
pub type SendResult = Result<http::Response<Bytes>, SendFailure>;

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFailure {
    /// No connection: the provider cannot have seen the request.
    NotSent,
    /// The connection broke or the time ran out after the request may have been seen.
    MaybeSent,
}

/// What to do next.
#[derive(Debug)]
pub enum SubmitStep {
    /// Send this.
    Send(http::Request<Bytes>),
    /// Wait, then send this. Only after a refusal that proves that no work was done.
    SendAfter {
        /// How long to wait.
        wait: Duration,
        /// What to send then.
        request: http::Request<Bytes>,
        /// What to tell the caller when there is no time to wait.
        otherwise: Error,
    },
    /// Get a token and go on with [`SubmitProtocol::on_token`].
    Authorize {
        /// Whether the provider refused the token that was given before, so that another one is needed.
        refused: bool,
    },
    /// Keep this with the job for later questions about it, and go on with [`SubmitProtocol::on_stored`]. What is
    /// learnt before the work is asked for must be kept before, since nobody can learn it afterwards.
    Store(Map<String, Value>),
    /// The provider took the work.
    Accepted(ProviderJobId),
    /// The provider took the work and has done it already.
    Done {
        /// Its id for the work.
        provider_job_id: ProviderJobId,
        /// What came of it.
        outcome: SynchronousResult,
    },
    /// The provider did no work.
    Refused(Error),
    /// The provider may have taken the work. Never send it again.
    OutcomeUnknown(Error),
}

/// What came of work that was done at once.
#[derive(Debug)]
pub enum SynchronousResult {
    /// Files, named by an answer that [`crate::Provider::read_delivery`] reads like a delivery.
    Delivery(Bytes),
    /// An answer for the caller, and no file.
    Answer(Value),
}

/// One exchange with a provider, step by step. The caller owns the socket and the clock.
pub trait SubmitProtocol: Send {
    /// The first step.
    fn start(&mut self) -> SubmitStep;

    /// What the answer to the last request means.
    fn on_response(&mut self, answer: SendResult) -> SubmitStep;

    /// Goes on with a token, after [`SubmitStep::Authorize`].
    fn on_token(&mut self, _token: &Secret) -> SubmitStep {
        SubmitStep::Refused(Error::new(ErrorClass::Internal, "a token for a provider that knows none"))
    }

    /// Goes on after [`SubmitStep::Store`].
    fn on_stored(&mut self) -> SubmitStep {
        SubmitStep::Refused(Error::new(ErrorClass::Internal, "nothing was to be remembered"))
    }
}
