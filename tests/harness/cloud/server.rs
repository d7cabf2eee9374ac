//! The HTTP server under all three ports: accepts on 127.0.0.1, counts the call, applies the
//! fault switches, and hands what is left to the service.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::faults::{Faults, Outage};
use super::handler::{Handler, HandlerResult};
use super::operation::{Operation, Service};
use super::request_body::RequestBody;
use super::request_counts::RequestCounts;
use super::start_error::StartError;

/// What every call passes before its service sees it.
#[derive(Clone, Default)]
pub(super) struct Middleware {
    pub(super) faults: Arc<Faults>,
    pub(super) requests: Arc<RequestCounts>,
}

/// A listening server; dropping it closes the port and all connections.
pub(super) struct Server {
    task: JoinHandle<()>,
}

/// Binds the port, naming the service and the port when it cannot.
pub(super) async fn listen(service: &'static str, port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortTaken { service, port, source },
        _ => StartError::Io { service, source },
    })
}

/// The address as the clients' endpoint setting wants it.
pub(super) fn endpoint(listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(|source| StartError::Io { service: "listener", source })?;
    Ok(format!("http://{address}"))
}

impl Server {
    /// Serves until dropped.
    pub(super) fn start(
        listener: TcpListener,
        middleware: Middleware,
        name: fn(&Request<Incoming>) -> Operation,
        handler: Handler,
    ) -> Self {
        let task = tokio::spawn(async move {
            // Owned by this task: aborting it closes every connection with it.
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            connections.spawn(serve(stream, middleware.clone(), name, Arc::clone(&handler)));
                        }
                        // Out of file descriptors, for instance: wait instead of spinning.
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Self { task }
    }

    /// Closes the port and waits until it is free.
    pub(super) async fn shutdown(mut self) {
        self.task.abort();
        // Cancelled is the only way it ends.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    middleware: Middleware,
    name: fn(&Request<Incoming>) -> Operation,
    handler: Handler,
) {
    // Small answers must not wait for more bytes; a failure only costs speed.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let operation = name(&request);
        middleware.clone().pass(operation, request, Arc::clone(&handler))
    });
    // An error here is a client that went away or a fault that was asked for.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Middleware {
    async fn pass(self, operation: Operation, request: Request<Incoming>, handler: Handler) -> HandlerResult {
        let request = RequestBody::of(request).map(Body::http_body_unsync);
        self.requests.add(&operation);
        match self.faults.verdict(&operation) {
            Outage::None => handler(request).await,
            Outage::Refuse503 | Outage::RefuseWrites503 => Ok(refusal(operation.service)),
            Outage::DropConnections => Err("the connection is dropped on purpose".into()),
            Outage::LoseAnswers => {
                handler(request).await?;
                Err("the answer is lost on purpose".into())
            }
            // A client that goes away ends this.
            Outage::Stall => std::future::pending().await,
        }
    }
}

fn refusal(service: Service) -> Response<Body> {
    let (content_type, text) = match service {
        Service::S3 => (
            "application/xml",
            "<Error><Code>ServiceUnavailable</Code><Message>Switched off on purpose</Message></Error>",
        ),
        _ => (
            "application/x-amz-json-1.0",
            r#"{"__type":"ServiceUnavailable","message":"Switched off on purpose"}"#,
        ),
    };
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
