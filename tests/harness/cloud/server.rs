//! The HTTP server of each port: accepts connections on 127.0.0.1, counts requests, injects faults and passes the other
//! requests to the service.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::faults::{Faults, Outage};
use super::handler::{Handler, HandlerResult};
use super::operation::Operation;
use super::recording::{Exchange, Recording};
use super::request_body::RequestBody;
use super::request_counts::RequestCounts;
use super::services::{rejected, service_unavailable};
use super::start_error::StartError;

/// Counts and records every request and injects faults before the service handles the request.
#[derive(Clone, Default)]
pub(super) struct Middleware {
    pub(super) faults: Arc<Faults>,
    pub(super) requests: Arc<RequestCounts>,
    pub(super) recording: Option<Arc<Recording>>,
}

/// A listening server. Dropping it closes the port and all connections.
pub(super) struct Server {
    task: JoinHandle<()>,
}

/// Binds the port. The error names the service and the port.
pub(super) async fn listen(service: &'static str, port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortTaken { service, port, source },
        _ => StartError::Io { service, source },
    })
}

/// Returns the address as an endpoint URL.
pub(super) fn endpoint(listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(|source| StartError::Io { service: "listener", source })?;
    Ok(format!("http://{address}"))
}

impl Server {
    /// Serves until the server is dropped. `name` finds the operation of a request.
    pub(super) fn start(
        listener: TcpListener,
        middleware: Middleware,
        name: fn(&Request<Incoming>) -> Operation,
        handler: Handler,
    ) -> Self {
        let task = tokio::spawn(async move {
            // This task owns the connections, so aborting it closes them.
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            connections.spawn(serve(stream, middleware.clone(), name, Arc::clone(&handler)));
                        }
                        // For instance, no file descriptor is free. Wait before the next attempt.
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
        // The result is always the cancellation.
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
    // Small responses must not wait for further bytes. Without this option the server is only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let operation = name(&request);
        middleware.clone().handle(operation, request, Arc::clone(&handler))
    });
    // An error is a closed connection or an injected fault.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Middleware {
    async fn handle(
        self,
        operation: Operation,
        request: Request<Incoming>,
        handler: Handler,
    ) -> HandlerResult {
        self.requests.add(&operation);
        let request = RequestBody::of(request);
        let Some(recording) = &self.recording else {
            return self.pass(operation, request.map(Body::http_body_unsync), handler).await;
        };
        let (exchange, request) = Exchange::begin(Arc::clone(recording), &operation, request);
        let response = self.pass(operation, request.map(Body::http_body_unsync), handler).await?;
        Ok(exchange.respond(response))
    }

    /// Passes a request to the service, unless a fault is injected.
    async fn pass(&self, operation: Operation, request: Request<Body>, handler: Handler) -> HandlerResult {
        match self.faults.take_outage(&operation) {
            Outage::None => handler(request).await,
            Outage::Refuse503 | Outage::RefuseWrites503 => Ok(service_unavailable(operation.service).await),
            Outage::DropConnections => Err("the connection is dropped on purpose".into()),
            Outage::Reject(rejection) => {
                // A service reads the body of a request before it rejects it.
                request.into_body().collect().await?;
                Ok(rejected(operation.service, rejection).await)
            }
            Outage::LoseAnswers => {
                handler(request).await?;
                Err("the response is lost on purpose".into())
            }
            // Ends when the client closes the connection.
            Outage::Stall => std::future::pending().await,
        }
    }
}
