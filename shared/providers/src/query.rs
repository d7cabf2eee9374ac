//! How a provider is asked something whose answer is not a provider job id: the same exchange as a conversation about work,
//! with an answer of a type of its own.

use std::time::Duration;

use bytes::Bytes;
use model::{Error, ErrorClass, Secret};

use crate::{Credentials, SendResult};

/// How to reach a provider's API. Without `Debug`, since it holds the keys.
pub struct ApiAccess<'a> {
    /// Base URL of the provider's API, without a trailing slash.
    pub api_url: &'a str,
    /// The provider's keys.
    pub credentials: &'a Credentials,
}

/// What to do next.
pub enum QueryStep<T> {
    /// Send this.
    Send(http::Request<Bytes>),
    /// Wait, then send this. Only when repeating the request does no harm.
    SendAfter {
        /// How long to wait.
        wait: Duration,
        /// What to send then.
        request: http::Request<Bytes>,
        /// What to tell the caller when there is no time to wait.
        otherwise: Error,
    },
    /// Get a token and go on with [`Query::on_token`].
    Authorize {
        /// Whether the provider refused the token that was given before, so that another one is needed.
        refused: bool,
    },
    /// The answer.
    Done(T),
    /// There is none.
    Failed(Error),
}

/// One question to a provider, step by step. The caller owns the socket and the clock.
pub trait Query<T>: Send {
    /// The first step.
    fn start(&mut self) -> QueryStep<T>;

    /// What the answer to the last request means.
    fn on_response(&mut self, answer: SendResult) -> QueryStep<T>;

    /// Goes on with a token, after [`QueryStep::Authorize`].
    fn on_token(&mut self, _token: &Secret) -> QueryStep<T> {
        QueryStep::Failed(Error::new(ErrorClass::Internal, "a token for a provider that knows none"))
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// In order.
    Ok,
    /// It works, and somebody should know something.
    Warning,
    /// It does not work.
    Failed,
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// How it is.
    pub health: CheckStatus,
    /// What was found, for a person to read. Never holds a key.
    pub detail: String,
}

impl CheckResult {
    /// A finding.
    pub fn new(health: CheckStatus, detail: impl Into<String>) -> Self {
        Self { health, detail: detail.into() }
    }
}

/// A check that only the provider can answer: its name and its question.
pub type ProviderCheck = (&'static str, Box<dyn Query<CheckResult>>);
