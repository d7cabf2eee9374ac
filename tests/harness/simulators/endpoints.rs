//! Serves one endpoint: passes requests to the simulator and sends its replies as their [`SendMode`] specifies.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use simulators::{Endpoint, Reply, SendMode};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::resettable_socket::{ResetFlag, ResettableSocket};
use super::shaped_body::ShapedBody;
use super::shared_simulator::SharedSimulator;

/// Larger than any archive that a test sends to the Admin endpoint.
const MAX_BODY_BYTES: usize = 1 << 30;

/// Accepts connections until the task is aborted, which closes the connections too.
pub(super) async fn serve(listener: TcpListener, endpoint: Endpoint, shared: Arc<SharedSimulator>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error affects only the connection that was not accepted.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve_connection(stream, endpoint, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, endpoint: Endpoint, shared: Arc<SharedSimulator>) {
    // Small chunks must not wait for further bytes.
    let _ = stream.set_nodelay(true);
    let reset_flag = ResetFlag::default();
    let socket = TokioIo::new(ResettableSocket::new(stream, reset_flag.clone()));
    let service =
        service_fn(|request| handle_request(request, endpoint, Arc::clone(&shared), reset_flag.clone()));
    // An error is a closed connection or a requested fault.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(socket, service).await;
}

async fn handle_request(
    request: Request<Incoming>,
    endpoint: Endpoint,
    shared: Arc<SharedSimulator>,
    reset_flag: ResetFlag,
) -> io::Result<Response<ShapedBody>> {
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return Ok(payload_too_large());
    };
    let request = Request::from_parts(parts, body.to_bytes());
    // Rendering and zipping are slow without optimisation and must not block the other endpoints.
    let reply = tokio::task::spawn_blocking(move || shared.handle(endpoint, request))
        .await
        .map_err(io::Error::other)?;
    make_response(reply, is_head, &reset_flag).await
}

async fn make_response(
    reply: Reply,
    is_head: bool,
    reset_flag: &ResetFlag,
) -> io::Result<Response<ShapedBody>> {
    let manner = reply.send_mode;
    match manner {
        SendMode::Lost => {
            reset_flag.request_reset();
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the simulator drops the response"));
        }
        SendMode::Late(after) => sleep(after).await,
        SendMode::Plain
        | SendMode::Slow { .. }
        | SendMode::CutAfter(_)
        | SendMode::NoLength
        | SendMode::ShortNoLength(_) => {}
    }
    let (mut parts, body) = reply.response.into_parts();
    if matches!(manner, SendMode::NoLength | SendMode::ShortNoLength(_)) {
        parts.headers.remove(CONTENT_LENGTH);
    } else if allows_body(parts.status) && !parts.headers.contains_key(CONTENT_LENGTH) {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let body = if is_head { Bytes::new() } else { body };
    let wire = if is_head { ShapedBody::complete(body) } else { ShapedBody::new(body, manner, reset_flag) };
    Ok(Response::from_parts(parts, wire))
}

fn allows_body(status: StatusCode) -> bool {
    !status.is_informational() && status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED
}

fn payload_too_large() -> Response<ShapedBody> {
    let mut response = Response::new(ShapedBody::complete(Bytes::new()));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}
