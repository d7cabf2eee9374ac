//! HTTP/1.1 over TLS or without, one task for each connection.

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

pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// An answer that is at hand.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()).boxed_unsync());
    *answer.status_mut() = status;
    answer
}

/// Serves connections for ever. One that breaks is its client's business.
pub(crate) async fn serve<H, F>(listener: TcpListener, acceptor: Option<TlsAcceptor>, answer: H)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let answer = Arc::new(answer);
    loop {
        let Ok((connection, _)) = listener.accept().await else { continue };
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        tokio::spawn(async move {
            let _ = connection.set_nodelay(true);
            match acceptor {
                Some(acceptor) => {
                    let Ok(connection) = acceptor.accept(connection).await else { return };
                    serve_one(connection, &*answer).await;
                }
                None => serve_one(connection, &*answer).await,
            }
        });
    }
}

async fn serve_one<H, F>(connection: impl AsyncRead + AsyncWrite + Unpin, answer: &H)
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Answer>,
{
    let service = service_fn(|request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = http1::Builder::new();
    let _ = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(connection), service).await;
}
