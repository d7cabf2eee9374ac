//! Redirects, names and encodings, against file servers on loopback.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::TryStreamExt;
use http::header;
use model::ErrorClass;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{Download, Downloader};
use crate::{Origin, SsrfGuard, client, ssrf_guard::PublicOnly};

/// A file server that answers each path as told, and counts.
struct Source {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Source {
    async fn answering(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).await.unwrap_or(0);
                let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
                let path = asked.split(' ').nth(1).unwrap_or_default();
                // A client that is gone by now need not be answered.
                let _ = stream.write_all(answer(path).as_bytes()).await;
            }
        });
        Self { address, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

const FILE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfile";

fn redirect_to(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// `/n` takes n redirects to the file.
fn countdown(path: &str) -> String {
    match path.trim_start_matches('/').parse() {
        Ok(0) | Err(_) => FILE.to_owned(),
        Ok(left) => redirect_to(&format!("/{}", left - 1_u32)),
    }
}

fn opening(url: &str) -> Downloader {
    let guard = SsrfGuard::new([], Origin::of(url), "ABYSSALE_DOWNLOAD_HOSTS");
    Downloader::new(guard, 1 << 20, &[]).expect("a downloader")
}

async fn refusal(downloader: &Downloader, url: &str) -> String {
    let error = match downloader.open(url).await {
        Ok(_) => panic!("{url} is let through"),
        Err(error) => error,
    };
    assert_eq!(error.class, ErrorClass::SourceRefused, "{error}");
    error.message
}

#[tokio::test]
async fn five_redirects_are_followed_and_the_sixth_is_not() {
    let source = Source::answering(countdown).await;
    let (_, download) = opening(&source.url("/")).open(&source.url("/5")).await.expect("the file");
    let bytes: Vec<_> = download.into_stream().try_collect().await.expect("its bytes");
    assert_eq!((bytes.concat(), source.requests()), (b"file".to_vec(), 6));
    assert!(refusal(&opening(&source.url("/")), &source.url("/6")).await.contains("more than 5 redirects"));
    assert_eq!(source.requests(), 12, "the sixth is not even asked for");
}

#[tokio::test]
async fn every_redirect_is_checked_before_it_is_followed() {
    let elsewhere = Source::answering(|_| FILE.to_owned()).await;
    let closed = elsewhere.url("/a.zip");
    for (location, says) in [
        (closed.as_str(), "http is not https"),
        ("https://127.0.0.1/a.zip", "an address"),
        ("https://[::ffff:127.0.0.1]/a.zip", "an address"),
        ("//0x7f.1/a.zip", "http is not https"),
        ("https://user@listed.example/a.zip", "a user name"),
        ("file:///etc/passwd", "file is not https"),
        ("https://elsewhere.example/a.zip?secret", "not on the list"),
        ("http://", "leads nowhere"),
    ] {
        let target = location.to_owned();
        // The third hop, so that it is not only the first that is looked at.
        let source = Source::answering(move |path| match path {
            "/2" | "/1" => countdown(path),
            _ => redirect_to(&target),
        });
        let source = source.await;
        let message = refusal(&opening(&source.url("/")), &source.url("/2")).await;
        assert!(message.contains(says) && !message.contains("secret"), "{location}: {message}");
        assert_eq!(source.requests(), 3, "{location}");
    }
    assert_eq!(elsewhere.requests(), 0);
}

/// Finds every name on loopback.
struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, _: Name) -> Resolving {
        let found = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
    }
}

#[tokio::test]
async fn a_name_that_turns_out_to_be_private_is_never_connected_to() {
    let source = Source::answering(|_| FILE.to_owned()).await;
    let url = format!("http://rebound.example:{}/a.zip", source.address.port());
    let opened = || SsrfGuard::new([], Origin::of(&url), "ABYSSALE_DOWNLOAD_HOSTS");
    let with = |builder: reqwest::ClientBuilder| Downloader {
        client: client::build(builder).expect("a client"),
        guard: opened(),
        largest: 1 << 20,
    };
    let unguarded = with(client::builder().expect("a client").dns_resolver(Loopback));
    assert!(unguarded.open(&url).await.is_ok(), "without the check it would be reached");
    assert_eq!(source.requests(), 1);
    let guarded = with(client::builder().expect("a client").dns_resolver(PublicOnly(Loopback)));
    for _ in 0..2 {
        assert!(
            refusal(&guarded, &url).await.contains("rebound.example refused: the host has no public address")
        );
    }
    assert_eq!(source.requests(), 1);
}

#[test]
fn only_bytes_as_they_are_are_taken() {
    let judged = |encodings: &[&str]| -> Result<Download, model::Error> {
        let answer = http::Response::builder().header(header::CONTENT_LENGTH, 4);
        let answer = encodings.iter().fold(answer, |answer, e| answer.header(header::CONTENT_ENCODING, *e));
        let answer = answer.body("file").expect("an answer").into();
        opening("http://127.0.0.1:1").judged(answer, http::StatusCode::OK)
    };
    for encodings in [&[][..], &["identity"], &["Identity"], &["identity", "identity"]] {
        assert!(judged(encodings).is_ok(), "{encodings:?}");
    }
    for encodings in [
        &["gzip"][..],
        &["x-gzip"],
        &["deflate"],
        &["br"],
        &["zstd"],
        &["compress"],
        &["aws-chunked"],
        &["gzip, identity"],
        &["identity, gzip"],
        &["identity", "gzip"],
        &[""],
    ] {
        let error = judged(encodings).expect_err("encoded");
        assert_eq!(error.class, ErrorClass::SourceRefused, "{encodings:?}");
        assert!(error.message.contains("encoding"), "{error}");
    }
}
