//! Sends one delivery over HTTP/1.1 on a new connection.
//!
//! Receivers listen on the loopback interface, so there is no TLS: an `https` target counts as a failed connection.
//! Redirects are not followed, because the contract does not say what the provider does (6.1).

use std::io;

use http::header::HOST;
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use simulators::{DeliveryOutcome, OutgoingDelivery, SendMode};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::resettable_socket::{ResetFlag, ResettableSocket};
use super::shaped_body::ShapedBody;

/// Sends the delivery and waits for the response as long as the provider would.
pub(super) async fn send_delivery(outgoing: OutgoingDelivery) -> DeliveryOutcome {
    match timeout(outgoing.timeout, send_request(outgoing.request, outgoing.send_mode)).await {
        Ok(Ok(status)) => DeliveryOutcome::Status(status),
        Ok(Err(_)) => DeliveryOutcome::ConnectionFailed,
        Err(_) => DeliveryOutcome::Timeout,
    }
}

async fn send_request(request: Request<bytes::Bytes>, manner: SendMode) -> io::Result<u16> {
    if let SendMode::Late(after) = manner {
        sleep(after).await;
    }
    let reset_flag = ResetFlag::default();
    let socket = ResettableSocket::new(connect(request.uri()).await?, reset_flag.clone());
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
    let (mut parts, body) = request.into_parts();
    make_relative(&mut parts)?;
    let exchange = async {
        let wire = ShapedBody::new(body, manner, &reset_flag);
        let response =
            sender.send_request(Request::from_parts(parts, wire)).await.map_err(io::Error::other)?;
        let status = response.status().as_u16();
        // A response counts only if it is complete.
        response.into_body().collect().await.map_err(io::Error::other)?;
        Ok(status)
    };
    tokio::pin!(connection);
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        result = &mut exchange => result,
        // The connection ends first if the receiver responds and closes it at once.
        _ = &mut connection => exchange.await,
    }
}

async fn connect(uri: &Uri) -> io::Result<TcpStream> {
    let plain = uri.scheme_str() == Some("http");
    let host = uri.host().filter(|_| plain).ok_or(io::ErrorKind::Unsupported)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Moves the authority from the URL to the `Host` header, as servers expect it.
fn make_relative(parts: &mut http::request::Parts) -> io::Result<()> {
    let authority = parts.uri.authority().ok_or(io::ErrorKind::InvalidInput)?;
    let host = authority.as_str().rsplit('@').next().unwrap_or_default();
    parts.headers.insert(HOST, HeaderValue::from_str(host).map_err(io::Error::other)?);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(io::Error::other)?;
    Ok(())
}
