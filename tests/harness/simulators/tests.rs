//! The host sends replies and deliveries in every manner of `simulators`, on real sockets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use simulators::{DeliveryOutcome, Endpoint, Origins, OutgoingDelivery, Reply, SendMode, Simulator};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Ports, SimulatorHost};

const BODY: &[u8] = b"0123456789";

/// Responds to every API request in one manner, and delivers to each URL that is posted to its Admin endpoint.
struct Scripted {
    manner: SendMode,
    due: Vec<(OffsetDateTime, OutgoingDelivery)>,
    outcomes: Vec<DeliveryOutcome>,
}

impl Simulator for Scripted {
    fn set_origins(&mut self, _: Origins) {}

    fn handle(&mut self, endpoint: Endpoint, request: Request<Bytes>, wall: OffsetDateTime) -> Reply {
        if endpoint == Endpoint::Admin && request.method() == Method::POST {
            let uri = String::from_utf8_lossy(request.body()).trim_matches('"').to_owned();
            let request = Request::post(uri).body(Bytes::from_static(BODY)).expect("a URL");
            let manner = self.manner;
            let timeout = Duration::from_millis(500);
            let outgoing = OutgoingDelivery { delivery: 1, request, timeout, send_mode: manner };
            self.due.push((wall + Duration::from_millis(100), outgoing));
        }
        let body = match endpoint {
            Endpoint::Admin => Bytes::from(json!({"outcomes": format!("{:?}", self.outcomes)}).to_string()),
            Endpoint::Api | Endpoint::Files => Bytes::from_static(BODY),
        };
        let manner = if endpoint == Endpoint::Api { self.manner } else { SendMode::Plain };
        Reply { response: Response::new(body), send_mode: manner }
    }

    fn next_due(&self) -> Option<OffsetDateTime> {
        self.due.iter().map(|(due, _)| *due).min()
    }

    fn take_due(&mut self, wall: OffsetDateTime) -> Vec<OutgoingDelivery> {
        let (due, later) = std::mem::take(&mut self.due).into_iter().partition(|(due, _)| *due <= wall);
        self.due = later;
        let due: Vec<(OffsetDateTime, OutgoingDelivery)> = due;
        due.into_iter().map(|(_, outgoing)| outgoing).collect()
    }

    fn record_outcome(&mut self, _: u64, outcome: DeliveryOutcome, _: OffsetDateTime) {
        self.outcomes.push(outcome);
    }

    fn describe(&self) -> Value {
        Value::Null
    }

    fn credentials(&mut self) -> Value {
        Value::Null
    }

    fn demo_job(&self) -> Value {
        Value::Null
    }
}

async fn host(manner: SendMode) -> SimulatorHost {
    let scripted = Scripted { manner, due: Vec::new(), outcomes: Vec::new() };
    SimulatorHost::start(Box::new(scripted), Ports::default()).await.expect("free ports")
}

/// Returns the bytes of the response, and whether the connection was closed in order.
async fn exchange(origin: &str, method: &str) -> (String, bool) {
    let address = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the endpoint is open");
    let request = format!("{method} / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the endpoint reads");
    let mut got = Vec::new();
    let orderly = stream.read_to_end(&mut got).await.is_ok();
    (String::from_utf8_lossy(&got).into_owned(), orderly)
}

async fn fetch_in_manner(manner: SendMode) -> (String, bool, Duration) {
    let host = host(manner).await;
    let start = Instant::now();
    let (text, orderly) = exchange(&host.origins().api, "GET").await;
    (text, orderly, start.elapsed())
}

#[tokio::test]
async fn a_plain_response_has_a_content_length() {
    let (text, orderly, _) = fetch_in_manner(SendMode::Plain).await;
    assert!(
        orderly && text.contains("content-length: 10\r\n") && text.ends_with("\r\n\r\n0123456789"),
        "{text}"
    );
}

#[tokio::test]
async fn a_lost_response_is_a_reset_without_a_byte() {
    assert!(matches!(fetch_in_manner(SendMode::Lost).await, (text, false, _) if text.is_empty()));
}

#[tokio::test]
async fn late_and_slow_responses_are_delayed() {
    let pause = Duration::from_millis(60);
    let (text, orderly, took) = fetch_in_manner(SendMode::Late(pause)).await;
    assert!(orderly && text.ends_with("0123456789") && took >= pause);
    let (text, orderly, took) = fetch_in_manner(SendMode::Slow { chunk: 4, pause }).await;
    assert!(orderly && text.ends_with("0123456789") && took >= 2 * pause, "{text} {took:?}");
    assert!(text.contains("content-length: 10\r\n"));
}

#[tokio::test]
async fn a_cut_response_sends_less_than_its_content_length() {
    let (text, orderly, _) = fetch_in_manner(SendMode::CutAfter(4)).await;
    assert!(!orderly && text.contains("content-length: 10\r\n") && text.ends_with("\r\n\r\n0123"), "{text}");
    let (text, orderly, _) = fetch_in_manner(SendMode::CutAfter(0)).await;
    assert!(!orderly && text.ends_with("\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn a_response_without_length_is_chunked() {
    let (text, orderly, _) = fetch_in_manner(SendMode::NoLength).await;
    assert!(orderly && text.ends_with("A\r\n0123456789\r\n0\r\n\r\n"), "{text}");
    let (text, orderly, _) = fetch_in_manner(SendMode::ShortNoLength(3)).await;
    assert!(orderly && text.ends_with("3\r\n012\r\n0\r\n\r\n") && !text.contains("content-length"), "{text}");
}

#[tokio::test]
async fn a_head_response_has_a_length_and_no_body() {
    let host = host(SendMode::Plain).await;
    let (text, orderly) = exchange(&host.origins().files, "HEAD").await;
    assert!(orderly && text.contains("content-length: 10\r\n") && text.ends_with("\r\n\r\n"), "{text}");
}

/// Delivers to a receiver that sends `reply`, or nothing if it is empty. Returns the request and the recorded outcome.
async fn deliver_to_receiver(reply: &'static [u8], manner: SendMode) -> (String, String) {
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
        let recorded =
            host.admin(Method::GET, "/", &Value::Null).expect("a response")["outcomes"].to_string();
        if recorded != "\"[]\"" {
            return (String::from_utf8_lossy(&got[..read]).into_owned(), recorded);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no outcome of the delivery was recorded");
}

#[tokio::test]
async fn a_delivery_is_sent_when_due_and_its_outcome_is_reported() {
    let (request, recorded) =
        deliver_to_receiver(b"HTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n", SendMode::Plain).await;
    assert!(request.starts_with("POST /hook?a=1 HTTP/1.1\r\n") && request.contains("host: 127.0.0.1:"));
    assert!(recorded.contains("Status(202)"), "{recorded}");
    let slow = SendMode::Slow { chunk: 3, pause: Duration::from_millis(20) };
    let (_, recorded) =
        deliver_to_receiver(b"HTTP/1.1 307 X\r\nlocation: /y\r\ncontent-length: 0\r\n\r\n", slow).await;
    assert!(recorded.contains("Status(307)"), "redirects are not followed: {recorded}");
}

#[tokio::test]
async fn no_response_is_a_timeout_and_a_closed_port_a_failed_connection() {
    let (_, recorded) = deliver_to_receiver(b"", SendMode::Plain).await;
    assert!(recorded.contains("Timeout"), "{recorded}");
    let host = host(SendMode::Plain).await;
    host.admin(Method::POST, "/", &json!("http://127.0.0.1:1/")).expect("scheduled");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let recorded = host.admin(Method::GET, "/", &Value::Null).expect("a response").to_string();
    assert!(recorded.contains("ConnectionFailed"), "{recorded}");
}

#[tokio::test]
async fn dropping_the_host_closes_its_ports() {
    let host = host(SendMode::Plain).await;
    let address = host.origins().api.trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&address).await.is_ok());
    drop(host);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn the_error_names_a_port_in_use() {
    let first = host(SendMode::Plain).await;
    let port = first.origins().api.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let scripted = Scripted { manner: SendMode::Plain, due: Vec::new(), outcomes: Vec::new() };
    let second = SimulatorHost::start(Box::new(scripted), Ports { api: port, ..Ports::default() }).await;
    assert!(second.err().is_some_and(|error| error.to_string().contains(&port.to_string())));
}
