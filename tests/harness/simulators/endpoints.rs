//! One listening port: requests go to the simulator, its replies go out as their [`Manner`] says.

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
use simulators::{Endpoint, Manner, Reply};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::resettable_socket::{ResetFlag, ResettableSocket};
use super::shaped_body::ShapedBody;
use super::shared_simulator::SharedSimulator;

/// Larger than any archive a test hands to the Admin endpoint.
const MAX_BODY: usize = 1 << 30;

/// Accepts connections until the task is aborted, which ends the connections too.
pub(super) async fn serve(listener: TcpListener, endpoint: Endpoint, shared: Arc<SharedSimulator>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error here concerns the one connection that was not accepted.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, endpoint, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, endpoint: Endpoint, shared: Arc<SharedSimulator>) {
    // Small answers in pieces must not wait for each other.
    let _ = stream.set_nodelay(true);
    let reset_flag = ResetFlag::default();
    let socket = TokioIo::new(ResettableSocket::new(stream, reset_flag.clone()));
    let service = service_fn(|request| answer(request, endpoint, Arc::clone(&shared), reset_flag.clone()));
    // An error is a client that went away or a fault that was asked for.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(socket, service).await;
}

async fn answer(
    request: Request<Incoming>,
    endpoint: Endpoint,
    shared: Arc<SharedSimulator>,
    reset_flag: ResetFlag,
) -> io::Result<Response<ShapedBody>> {
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return Ok(too_large());
    };
    let request = Request::from_parts(parts, body.to_bytes());
    // Rendering and zipping take a while without optimisation, and the other endpoints must stay open.
    let reply = tokio::task::spawn_blocking(move || shared.handle(endpoint, request))
        .await
        .map_err(io::Error::other)?;
    send(reply, is_head, &reset_flag).await
}

async fn send(reply: Reply, is_head: bool, reset_flag: &ResetFlag) -> io::Result<Response<ShapedBody>> {
    let manner = reply.manner;
    match manner {
        Manner::Lost => {
            reset_flag.request_reset();
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the simulator lost the answer"));
        }
        Manner::Late(after) => sleep(after).await,
        Manner::Plain
        | Manner::Slow { .. }
        | Manner::CutAfter(_)
        | Manner::NoLength
        | Manner::ShortNoLength(_) => {}
    }
    let (mut parts, body) = reply.response.into_parts();
    if matches!(manner, Manner::NoLength | Manner::ShortNoLength(_)) {
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

fn too_large() -> Response<ShapedBody> {
    let mut response = Response::new(ShapedBody::complete(Bytes::new()));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}
