//! An HTTP API of API Gateway: translates HTTP requests into events of payload format 2.0, and results into responses.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use crate::{Function, cloud::ACCOUNT_ID};

/// The payload limit of API Gateway.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MAX_PAYLOAD_BYTES: usize = 10 * 1024 * 1024;
/// The limit of API Gateway for the request line and the values of the headers together (same page).
const MAX_HEAD_BYTES: usize = 10_240;
/// The limit of Lambda for the event of a synchronous invocation, and for its result: smaller than what API Gateway accepts.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// A running API. Dropping it stops the server.
#[derive(Debug)]
pub struct HttpApi {
    /// The base URL, without a trailing slash.
    pub url: String,
    task: JoinHandle<()>,
}

impl HttpApi {
    /// Serves a function on a loopback port. 0 takes a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(port: u16, function: Function) -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let api = Router::new().fallback(serve).with_state(function);
        let task = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, api).await;
        });
        Ok(Self { url, task })
    }
}

impl Drop for HttpApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(function): State<Function>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if head_bytes(&head) > MAX_HEAD_BYTES {
        // AWS does not document the status.
        return error_response(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request Header Fields Too Large",
        );
    }
    let Ok(body) = to_bytes(body, MAX_PAYLOAD_BYTES).await else {
        return error_response(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let event = make_event(&head, &body);
    if event.to_string().len() > MAX_EVENT_BYTES {
        // What an HTTP API answers, by the tests of the AWS libraries for .NET (aws/aws-lambda-dotnet, LargePayloadTests.cs).
        return error_response(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    }
    match function(event).await {
        Ok(result) => Some(result)
            .filter(|result| result.to_string().len() <= MAX_EVENT_BYTES)
            .and_then(|result| make_response(&result))
            .unwrap_or_else(|| error_response(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
        // As API Gateway does, the response does not disclose the error of the function.
        Err(_) => error_response(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

/// Returns the length of the request line and of the values of the headers.
fn head_bytes(head: &http::request::Parts) -> usize {
    let target = head.uri.path_and_query().map_or(1, |target| target.as_str().len());
    let line = head.method.as_str().len() + target + " HTTP/1.1".len() + 1;
    line + head.headers.values().map(http::HeaderValue::len).sum::<usize>()
}

/// Makes the event as API Gateway does: the path is percent-decoded once, the query string is unchanged.
fn make_event(head: &http::request::Parts, body: &[u8]) -> Value {
    let now = OffsetDateTime::now_utc();
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy();
    let query = head.uri.query().unwrap_or_default();
    let text = is_text(&head.headers).then(|| std::str::from_utf8(body).ok()).flatten();
    let encoded = text.is_none() && !body.is_empty();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&head.headers),
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": "127",
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": head.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default(),
            },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": now.unix_timestamp_nanos() / 1_000_000,
        },
        "isBase64Encoded": encoded,
    });
    if !body.is_empty() {
        event["body"] = text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned).into();
    }
    event
}

/// Returns whether API Gateway passes the body on as text. Any other body is encoded in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["text/", "application/json", "application/xml", "application/javascript"]
        .iter()
        .any(|text| content_type.starts_with(text))
}

/// Returns the headers with names in lower case and repeated headers joined by a comma.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers.keys().map(|name| {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (name.as_str().to_owned(), json!(values.join(",")))
    });
    names.collect()
}

/// Makes the HTTP response from a function's result. Returns `None` if the result has another format.
fn make_response(result: &Value) -> Option<Response> {
    let status = u16::try_from(result.get("statusCode")?.as_u64()?).ok()?;
    let mut response = Response::builder().status(status);
    for (name, value) in result.get("headers").and_then(Value::as_object).into_iter().flatten() {
        response = response.header(name, value.as_str()?);
    }
    let body = result.get("body").and_then(Value::as_str).unwrap_or_default();
    let encoded = result.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = if encoded { BASE64_STANDARD.decode(body).ok()? } else { body.as_bytes().to_vec() };
    response.body(Body::from(body)).ok()
}

fn error_response(status: StatusCode, message: &str) -> Response {
    let mut response = Response::new(Body::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response
}
