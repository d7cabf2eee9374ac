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

use super::fate::{Fate, Socket};
use super::host::Shared;
use super::wire::Wire;

/// Larger than any archive a test hands to the Admin endpoint.
const MAX_BODY: usize = 1 << 30;

/// Accepts connections until the task is aborted, which ends the connections too.
pub(super) async fn serve(listener: TcpListener, endpoint: Endpoint, shared: Arc<Shared>) {
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

async fn connection(stream: TcpStream, endpoint: Endpoint, shared: Arc<Shared>) {
    // Small answers in pieces must not wait for each other.
    let _ = stream.set_nodelay(true);
    let fate = Fate::default();
    let socket = TokioIo::new(Socket::new(stream, fate.clone()));
    let service = service_fn(|request| answer(request, endpoint, Arc::clone(&shared), fate.clone()));
    // An error is a client that went away or a fault that was asked for.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(socket, service).await;
}

async fn answer(
    request: Request<Incoming>,
    endpoint: Endpoint,
    shared: Arc<Shared>,
    fate: Fate,
) -> io::Result<Response<Wire>> {
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
    send(reply, is_head, &fate).await
}

async fn send(reply: Reply, is_head: bool, fate: &Fate) -> io::Result<Response<Wire>> {
    let manner = reply.manner;
    match manner {
        Manner::Lost => {
            fate.doom();
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
    let wire = if is_head { Wire::whole(body) } else { Wire::new(body, manner, fate) };
    Ok(Response::from_parts(parts, wire))
}

fn allows_body(status: StatusCode) -> bool {
    !status.is_informational() && status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED
}

fn too_large() -> Response<Wire> {
    let mut response = Response::new(Wire::whole(Bytes::new()));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}
