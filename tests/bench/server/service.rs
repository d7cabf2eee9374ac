//! An HTTP/1.1 server with or without TLS, with one task for each connection.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

pub(crate) type HttpResponse = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Makes a response with a short body.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> HttpResponse {
    let mut response = Response::new(Full::new(text.into()).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// Serves connections without end. An error of one connection is ignored.
pub(crate) async fn serve<H, F>(listener: TcpListener, acceptor: Option<TlsAcceptor>, handler: H)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = HttpResponse> + Send + 'static,
{
    let handler = Arc::new(handler);
    loop {
        let Ok((connection, _)) = listener.accept().await else { continue };
        let (acceptor, handler) = (acceptor.clone(), handler.clone());
        tokio::spawn(async move {
            let _ = connection.set_nodelay(true);
            match acceptor {
                Some(acceptor) => {
                    let Ok(connection) = acceptor.accept(connection).await else { return };
                    serve_one(connection, &*handler).await;
                }
                None => serve_one(connection, &*handler).await,
            }
        });
    }
}

async fn serve_one<H, F>(connection: impl AsyncRead + AsyncWrite + Unpin, handler: &H)
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = HttpResponse>,
{
    let service = service_fn(|request| {
        let handler = handler(request);
        async move { Ok::<_, Infallible>(handler.await) }
    });
    let mut http = http1::Builder::new();
    let _ = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(connection), service).await;
}
