//! Downloads from file servers on loopback: redirects, host names, and servers that are careless with ranges.

mod careless_servers;
mod range_server;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::TryStreamExt;
use model::ErrorClass;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::Downloader;
use crate::{SsrfGuard, UrlOrigin, client_builder, http_get::HttpGet, public_resolver::PublicResolver};

/// A file server with a scripted response for each path, which counts its requests.
struct FileServer {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl FileServer {
    async fn start(respond: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default();
                // The client may have closed the connection by now.
                let _ = stream.write_all(respond(path).as_bytes()).await;
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

/// `/n` leads to the file by n redirects.
fn countdown(path: &str) -> String {
    match path.trim_start_matches('/').parse() {
        Ok(0) | Err(_) => FILE.to_owned(),
        Ok(left) => redirect_to(&format!("/{}", left - 1_u32)),
    }
}

fn downloader_for(url: &str) -> Downloader {
    let guard = SsrfGuard::new([], UrlOrigin::from_url(url), "ABYSSALE_DOWNLOAD_HOSTS");
    Downloader::new(guard, 1 << 20, &[]).expect("a downloader")
}

async fn blocked_message(downloader: &Downloader, url: &str) -> String {
    let error = match downloader.start_download(url).await {
        Ok(_) => panic!("{url} is not blocked"),
        Err(error) => error,
    };
    assert_eq!(error.class, ErrorClass::SourceRefused, "{error}");
    error.message
}

#[tokio::test]
async fn five_redirects_are_followed_and_the_sixth_is_not() {
    let server = FileServer::start(countdown).await;
    let (_, download) =
        downloader_for(&server.url("/")).start_download(&server.url("/5")).await.expect("the file");
    let bytes: Vec<_> = download.try_collect().await.expect("its bytes");
    assert_eq!((bytes.concat(), server.requests()), (b"file".to_vec(), 6));
    assert!(
        blocked_message(&downloader_for(&server.url("/")), &server.url("/6"))
            .await
            .contains("more than 5 redirects")
    );
    assert_eq!(server.requests(), 12, "the target of the sixth is not requested");
}

#[tokio::test]
async fn every_redirect_is_checked_before_it_is_followed() {
    let elsewhere = FileServer::start(|_| FILE.to_owned()).await;
    let closed = elsewhere.url("/a.zip");
    for (location, reason) in [
        (closed.as_str(), "http is not https"),
        ("https://127.0.0.1/a.zip", "an address"),
        ("https://[::ffff:127.0.0.1]/a.zip", "an address"),
        ("//0x7f.1/a.zip", "http is not https"),
        ("https://user@listed.example/a.zip", "a user name"),
        ("file:///etc/passwd", "file is not https"),
        ("https://elsewhere.example/a.zip?secret", "not on the list"),
        ("http://", "no valid Location"),
    ] {
        let target = location.to_owned();
        // The third hop, because not only the first one must be checked.
        let server = FileServer::start(move |path| match path {
            "/2" | "/1" => countdown(path),
            _ => redirect_to(&target),
        });
        let server = server.await;
        let message = blocked_message(&downloader_for(&server.url("/")), &server.url("/2")).await;
        assert!(message.contains(reason) && !message.contains("secret"), "{location}: {message}");
        assert_eq!(server.requests(), 3, "{location}");
    }
    assert_eq!(elsewhere.requests(), 0);
}

/// Resolves every name to loopback.
struct LoopbackResolver;

impl Resolve for LoopbackResolver {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

#[tokio::test]
async fn a_name_with_a_private_address_is_never_connected_to() {
    let server = FileServer::start(|_| FILE.to_owned()).await;
    let url = format!("http://rebound.example:{}/a.zip", server.address.port());
    let guard = || SsrfGuard::new([], UrlOrigin::from_url(&url), "ABYSSALE_DOWNLOAD_HOSTS");
    let downloader_with = |builder: reqwest::ClientBuilder| Downloader {
        get: HttpGet { client: client_builder::build(builder).expect("a client"), guard: guard() },
        max_bytes: 1 << 20,
    };
    let unguarded =
        downloader_with(client_builder::builder().expect("a client").dns_resolver(LoopbackResolver));
    assert!(unguarded.start_download(&url).await.is_ok(), "without the check it is reached");
    assert_eq!(server.requests(), 1);
    let guarded = downloader_with(
        client_builder::builder().expect("a client").dns_resolver(PublicResolver(LoopbackResolver)),
    );
    for _ in 0..2 {
        assert!(
            blocked_message(&guarded, &url)
                .await
                .contains("rebound.example refused: the host has no public address")
        );
    }
    assert_eq!(server.requests(), 1);
}
