//! The HTTP server of each port: accepts connections on 127.0.0.1, counts requests, injects faults and passes the other
//! requests to the service.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::faults::{Faults, Outage, Rejection};
use super::handler::{Handler, HandlerResult};
use super::operation::{Operation, Service};
use super::request_body::RequestBody;
use super::request_counts::RequestCounts;
use super::start_error::StartError;

/// Counts every request and injects faults before the service handles the request.
#[derive(Clone, Default)]
pub(super) struct Middleware {
    pub(super) faults: Arc<Faults>,
    pub(super) requests: Arc<RequestCounts>,
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
        let request = RequestBody::of(request).map(Body::http_body_unsync);
        self.requests.add(&operation);
        match self.faults.take_outage(&operation) {
            Outage::None => handler(request).await,
            Outage::Refuse503 | Outage::RefuseWrites503 => Ok(service_unavailable(operation.service)),
            Outage::DropConnections => Err("the connection is dropped on purpose".into()),
            Outage::Reject(rejection) => {
                // A service reads the body of a request before it rejects it.
                request.into_body().collect().await?;
                Ok(rejected(operation.service, rejection))
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

fn service_unavailable(service: Service) -> Response<Body> {
    let text = match service {
        Service::S3 => {
            "<Error><Code>ServiceUnavailable</Code><Message>Switched off on purpose</Message></Error>"
        }
        _ => r#"{"__type":"ServiceUnavailable","message":"Switched off on purpose"}"#,
    };
    error_response(service, StatusCode::SERVICE_UNAVAILABLE, text)
}

fn rejected(service: Service, rejection: Rejection) -> Response<Body> {
    let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::BAD_REQUEST);
    error_response(service, status, rejection.body())
}

fn error_response(service: Service, status: StatusCode, text: &'static str) -> Response<Body> {
    let content_type = match service {
        Service::S3 => "application/xml",
        _ => "application/x-amz-json-1.0",
    };
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
