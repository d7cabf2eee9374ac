//! A request body that is read to its end even if the service responds before it has read the body. Otherwise a client
//! that is still sending sees a reset connection instead of the response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

/// The body of a request.
pub(super) struct RequestBody {
    body: Option<Incoming>,
    /// Whether the client waits for `100 Continue` before it sends the body. Draining the connection would then read the
    /// client's next request as the body.
    awaits_continue: bool,
}

impl RequestBody {
    /// Wraps the body of a request.
    pub(super) fn of(request: Request<Incoming>) -> Request<Self> {
        let awaits_continue = request.headers().contains_key(EXPECT);
        request.map(|body| Self { body: Some(body), awaits_continue })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.awaits_continue = false;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !self.awaits_continue && !body.is_end_stream());
        if let (Some(mut body), Ok(runtime)) = (unread, Handle::try_current()) {
            // Ends with the body, or with an error when the connection closes.
            runtime.spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
        }
    }
}
