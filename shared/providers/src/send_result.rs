//! The result of sending a request.

use bytes::Bytes;

/// A response, or the reason why there is none.
pub type SendResult = Result<http::Response<Bytes>, SendFailure>;

/// Why a request has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFailure {
    /// There was no connection. The provider cannot have received the request.
    NotSent,
    /// The connection broke or timed out after the provider may have received the request.
    MaybeSent,
}
