//! A request body that is read to its end even when the service answers without it: a client
//! that is still sending would else see a reset connection and never the answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

/// The body on its way to the service.
pub(super) struct RequestBody {
    body: Option<Incoming>,
    /// The client sends the body only once it is asked to (`Expect: 100-continue`) and nobody has
    /// asked yet. Reading now would take the client's next request for the body.
    is_held_back: bool,
}

impl RequestBody {
    /// Takes the body over from the server.
    pub(super) fn of(request: Request<Incoming>) -> Request<Self> {
        let is_held_back = request.headers().contains_key(EXPECT);
        request.map(|body| Self { body: Some(body), is_held_back })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_held_back = false;
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
        let unread = self.body.take().filter(|body| !self.is_held_back && !body.is_end_stream());
        if let (Some(mut body), Ok(runtime)) = (unread, Handle::try_current()) {
            // Ends with the body or, by an error, with the connection.
            runtime.spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
        }
    }
}
