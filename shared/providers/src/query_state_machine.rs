//! A query: an exchange with a provider that has a typed result, as a sans-IO protocol.

use std::time::Duration;

use bytes::Bytes;
use model::{Error, ErrorClass, Secret};

use crate::SendResult;

/// The next step of a query.
pub enum QueryStep<T> {
    /// Send this request.
    Send(http::Request<Bytes>),
    /// Wait, then send this request. Only for requests that can be retried safely.
    SendAfter {
        /// How long to wait.
        wait: Duration,
        /// The request to send then.
        request: http::Request<Bytes>,
        /// The error for the caller when there is no time to wait.
        deadline_error: Error,
    },
    /// Get an access token and continue with [`Query::on_token`].
    Authorize {
        /// Whether the provider rejected the earlier token, so that another one is needed.
        is_token_rejected: bool,
    },
    /// The result.
    Done(T),
    /// The query failed.
    Failed(Error),
}

/// A query, step by step. Its caller owns the socket and the clock.
pub trait Query<T>: Send {
    /// Returns the first step.
    fn start(&mut self) -> QueryStep<T>;

    /// Continues with the response to the last request.
    fn on_response(&mut self, result: SendResult) -> QueryStep<T>;

    /// Continues with a token, after [`QueryStep::Authorize`].
    fn on_token(&mut self, _token: &Secret) -> QueryStep<T> {
        QueryStep::Failed(Error::new(ErrorClass::Internal, "the provider uses no access token"))
    }
}
