//! The host keeps the promises of `simulators`: every manner on a real socket, and deliveries.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use simulators::{Endpoint, Manner, Origins, Outcome, Outgoing, Reply, Simulator};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Ports, SimulatorHost};

const BODY: &[u8] = b"0123456789";

/// Answers every call of the API in one manner, and sends what its Admin endpoint is given.
struct Scripted {
    manner: Manner,
    due: Vec<(OffsetDateTime, Outgoing)>,
    outcomes: Vec<Outcome>,
}

impl Simulator for Scripted {
    fn set_origins(&mut self, _: Origins) {}

    fn handle(&mut self, endpoint: Endpoint, request: Request<Bytes>, wall: OffsetDateTime) -> Reply {
        if endpoint == Endpoint::Admin && request.method() == Method::POST {
            let uri = String::from_utf8_lossy(request.body()).trim_matches('"').to_owned();
            let request = Request::post(uri).body(Bytes::from_static(BODY)).expect("a URL");
            let manner = self.manner;
            let timeout = Duration::from_millis(500);
            let outgoing = Outgoing { delivery: 1, request, timeout, manner };
            self.due.push((wall + Duration::from_millis(100), outgoing));
        }
        let body = match endpoint {
            Endpoint::Admin => Bytes::from(json!({"outcomes": format!("{:?}", self.outcomes)}).to_string()),
            Endpoint::Api | Endpoint::Files => Bytes::from_static(BODY),
        };
        let manner = if endpoint == Endpoint::Api { self.manner } else { Manner::Plain };
        Reply { response: Response::new(body), manner }
    }

    fn next_due(&self) -> Option<OffsetDateTime> {
        self.due.iter().map(|(due, _)| *due).min()
    }

    fn take_due(&mut self, wall: OffsetDateTime) -> Vec<Outgoing> {
        let (due, later) = std::mem::take(&mut self.due).into_iter().partition(|(due, _)| *due <= wall);
        self.due = later;
        let due: Vec<(OffsetDateTime, Outgoing)> = due;
        due.into_iter().map(|(_, outgoing)| outgoing).collect()
    }

    fn delivered(&mut self, _: u64, outcome: Outcome, _: OffsetDateTime) {
        self.outcomes.push(outcome);
    }

    fn describe(&self) -> Value {
        Value::Null
    }

    fn credentials(&mut self) -> Value {
        Value::Null
    }

    fn demonstration(&self) -> Value {
        Value::Null
    }
}

async fn host(manner: Manner) -> SimulatorHost {
    let scripted = Scripted { manner, due: Vec::new(), outcomes: Vec::new() };
    SimulatorHost::start(Box::new(scripted), Ports::default()).await.expect("free ports")
}

/// What comes back on the wire, and whether it ended in an orderly close.
async fn exchange(origin: &str, method: &str) -> (String, bool) {
    let address = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the endpoint is open");
    let request = format!("{method} / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the endpoint reads");
    let mut got = Vec::new();
    let orderly = stream.read_to_end(&mut got).await.is_ok();
    (String::from_utf8_lossy(&got).into_owned(), orderly)
}

async fn answered(manner: Manner) -> (String, bool, Duration) {
    let host = host(manner).await;
    let start = Instant::now();
    let (text, orderly) = exchange(&host.origins().api, "GET").await;
    (text, orderly, start.elapsed())
}

#[tokio::test]
async fn a_plain_answer_has_its_length() {
    let (text, orderly, _) = answered(Manner::Plain).await;
    assert!(
        orderly && text.contains("content-length: 10\r\n") && text.ends_with("\r\n\r\n0123456789"),
        "{text}"
    );
}

#[tokio::test]
async fn a_lost_answer_is_a_reset_without_a_byte() {
    assert!(matches!(answered(Manner::Lost).await, (text, false, _) if text.is_empty()));
}

#[tokio::test]
async fn late_and_slow_answers_take_their_time() {
    let pause = Duration::from_millis(60);
    let (text, orderly, took) = answered(Manner::Late(pause)).await;
    assert!(orderly && text.ends_with("0123456789") && took >= pause);
    let (text, orderly, took) = answered(Manner::Slow { chunk: 4, pause }).await;
    assert!(orderly && text.ends_with("0123456789") && took >= 2 * pause, "{text} {took:?}");
    assert!(text.contains("content-length: 10\r\n"));
}

#[tokio::test]
async fn a_cut_answer_promises_more_than_it_sends() {
    let (text, orderly, _) = answered(Manner::CutAfter(4)).await;
    assert!(!orderly && text.contains("content-length: 10\r\n") && text.ends_with("\r\n\r\n0123"), "{text}");
    let (text, orderly, _) = answered(Manner::CutAfter(0)).await;
    assert!(!orderly && text.ends_with("\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn without_a_length_only_the_chunks_tell() {
    let (text, orderly, _) = answered(Manner::NoLength).await;
    assert!(orderly && text.ends_with("A\r\n0123456789\r\n0\r\n\r\n"), "{text}");
    let (text, orderly, _) = answered(Manner::ShortNoLength(3)).await;
    assert!(orderly && text.ends_with("3\r\n012\r\n0\r\n\r\n") && !text.contains("content-length"), "{text}");
}

#[tokio::test]
async fn head_gets_the_length_and_no_body() {
    let host = host(Manner::Plain).await;
    let (text, orderly) = exchange(&host.origins().files, "HEAD").await;
    assert!(orderly && text.contains("content-length: 10\r\n") && text.ends_with("\r\n\r\n"), "{text}");
}

/// Delivers to a receiver that answers `reply`, or never if it is empty, and gives what the host noted.
async fn delivered(reply: &'static [u8], manner: Manner) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let host = host(manner).await;
    host.admin(Method::POST, "/", &json!(format!("http://{address}/hook?a=1"))).expect("scheduled");
    let (mut stream, _) = listener.accept().await.expect("a delivery");
    let mut got = vec![0; 4_096];
    let mut read = 0;
    while !String::from_utf8_lossy(&got[..read]).ends_with("0123456789") {
        read += stream.read(&mut got[read..]).await.expect("a request");
    }
    stream.write_all(reply).await.expect("the host reads");
    for _ in 0..100 {
        let noted = host.admin(Method::GET, "/", &Value::Null).expect("an answer")["outcomes"].to_string();
        if noted != "\"[]\"" {
            return (String::from_utf8_lossy(&got[..read]).into_owned(), noted);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the delivery never ended");
}

#[tokio::test]
async fn a_delivery_is_sent_when_due_and_its_end_is_reported() {
    let (request, noted) = delivered(b"HTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n", Manner::Plain).await;
    assert!(request.starts_with("POST /hook?a=1 HTTP/1.1\r\n") && request.contains("host: 127.0.0.1:"));
    assert!(noted.contains("Status(202)"), "{noted}");
    let slow = Manner::Slow { chunk: 3, pause: Duration::from_millis(20) };
    let (_, noted) = delivered(b"HTTP/1.1 307 X\r\nlocation: /y\r\ncontent-length: 0\r\n\r\n", slow).await;
    assert!(noted.contains("Status(307)"), "redirects are not followed: {noted}");
}

#[tokio::test]
async fn silence_is_a_timeout_and_a_closed_port_a_failed_connection() {
    let (_, noted) = delivered(b"", Manner::Plain).await;
    assert!(noted.contains("Timeout"), "{noted}");
    let host = host(Manner::Plain).await;
    host.admin(Method::POST, "/", &json!("http://127.0.0.1:1/")).expect("scheduled");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let noted = host.admin(Method::GET, "/", &Value::Null).expect("an answer").to_string();
    assert!(noted.contains("ConnectionFailed"), "{noted}");
}

#[tokio::test]
async fn dropping_the_host_closes_its_ports() {
    let host = host(Manner::Plain).await;
    let address = host.origins().api.trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&address).await.is_ok());
    drop(host);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = host(Manner::Plain).await;
    let port = first.origins().api.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let scripted = Scripted { manner: Manner::Plain, due: Vec::new(), outcomes: Vec::new() };
    let second = SimulatorHost::start(Box::new(scripted), Ports { api: port, ..Ports::default() }).await;
    assert!(second.err().is_some_and(|error| error.to_string().contains(&port.to_string())));
}
