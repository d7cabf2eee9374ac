//! The types through which the servers call the services.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use s3s::Body;

/// A boxed future, as asynchronous callbacks return it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// An error that makes hyper close the connection without a response.
pub(super) type ConnectionError = Box<dyn std::error::Error + Send + Sync>;
/// The response to a request, or the reason to close the connection.
pub(super) type HandlerResult = Result<Response<Body>, ConnectionError>;
/// A service: request in, response out.
pub(super) type Handler = Arc<dyn Fn(Request<Body>) -> BoxFuture<HandlerResult> + Send + Sync>;
