//! Converts an event of an HTTP API (payload format 2.0) to an `http::Request`.
//!
//! Unauthenticated clients choose almost every byte of such an event, and a release build ends the process when it panics.
//! So nothing here can panic or fail because of what a client sends. `lambda_http` builds a URL from `Host` and
//! `X-Forwarded-Proto` and unwraps it, and its event types reject a header that is not ASCII, so only its body type is
//! used.
//!
//! API Gateway decodes the path once before it sets `rawPath` and leaves `rawQueryString` encoded (seen in events that
//! were captured on AWS: github.com/fastify/aws-lambda-fastify/issues/169,
//! github.com/middleapi/standard-server/pull/93). This conversion encodes the path again, so that a segment that is
//! decoded once is what API Gateway sent.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::PathAndQuery};
use lambda_http::Body;
use model::{Error, ErrorClass};
use serde_json::Value;

/// The path of a request whose path is not valid in a URI. [`is_plain_path`] rejects it.
const INVALID_PATH: &str = "/%00";

/// Reads the request of an event. The URI contains the path and the query and no authority.
///
/// # Errors
/// [`ErrorClass::InvalidRequest`] for a body that is marked as base64 and is not. API Gateway encodes it, so no client can
/// cause this.
pub(crate) fn read_request(event: &Value) -> Result<http::Request<Bytes>, Error> {
    let mut request = http::Request::new(decode_body(event)?);
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    // No route accepts TRACE.
    *request.method_mut() =
        Method::from_bytes(text("/requestContext/http/method").as_bytes()).unwrap_or(Method::TRACE);
    *request.uri_mut() = build_uri(text("/rawPath"), text("/rawQueryString"));
    *request.headers_mut() = read_headers(event);
    Ok(request)
}

/// Whether each segment of a path is a plain name: not empty, not `.` or `..`, and without a backslash or a control
/// character, however often the path is percent-decoded. One slash may end the path.
///
/// A client, a proxy or an IAM policy on paths that resolves dot segments then sees the same resource as this function.
pub fn is_plain_path(path: &str) -> bool {
    if path == "/" {
        return true;
    }
    let Some(path) = path.strip_prefix('/') else { return false };
    let mut decoded = path.strip_suffix('/').unwrap_or(path).to_owned();
    while decoded.split('/').all(is_plain_segment) {
        let once: Vec<u8> = percent_encoding::percent_decode_str(&decoded).collect();
        let once = String::from_utf8_lossy(&once).into_owned();
        if once == decoded {
            return true;
        }
        // The loop ends, because each round that changes the text leaves fewer percent signs.
        decoded = once;
    }
    false
}

fn is_plain_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.chars().any(|c| c == '\\' || c.is_control())
}

fn decode_body(event: &Value) -> Result<Bytes, Error> {
    let encoded = event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = match event.get("body").and_then(Value::as_str) {
        None => Body::Empty,
        Some(text) if encoded => {
            let bytes = BASE64_STANDARD.decode(text);
            let invalid =
                |e| Error::new(ErrorClass::InvalidRequest, "the event's body is not base64").with_source(e);
            Body::Binary(bytes.map_err(invalid)?)
        }
        Some(text) => Body::Text(text.to_owned()),
    };
    Ok(match body {
        Body::Text(text) => text.into(),
        Body::Binary(bytes) => bytes.into(),
        // The type is non-exhaustive; no other variant is created here.
        _ => Bytes::new(),
    })
}

fn build_uri(path: &str, query: &str) -> Uri {
    let path = if path.starts_with('/') { percent_encode(path, b"%?#") } else { INVALID_PATH.to_owned() };
    let path_and_query =
        if query.is_empty() { path } else { format!("{path}?{}", percent_encode(query, b"#")) };
    let parsed = path_and_query.parse::<PathAndQuery>();
    parsed.map_or_else(|_| Uri::from_static(INVALID_PATH), Uri::from)
}

/// A part of a URI, in which the bytes that are not allowed and `delimiters` are percent-encoded.
fn percent_encode(part: &str, delimiters: &[u8]) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                text.push_str(&format!("%{byte:02X}"));
            }
            b'!'..=b'~' if !delimiters.contains(&byte) => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The headers and the cookies, which are a separate field in payload format 2.0. An invalid name is left out. In a value,
/// a byte that is not allowed is replaced, so that the header is present with an unexpected value: a key or a signature is
/// then rejected and never treated as absent.
fn read_headers(event: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let fields = event.get("headers").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in fields {
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value.as_str()) {
            // A full map ignores further headers. It has room for every header that API Gateway accepts.
            let _ = headers.try_append(name, header_value(value));
        }
    }
    let cookies = event.get("cookies").and_then(Value::as_array).into_iter().flatten();
    let cookies: Vec<&str> = cookies.filter_map(Value::as_str).collect();
    if !cookies.is_empty() {
        let _ = headers.try_append(header::COOKIE, header_value(&cookies.join("; ")));
    }
    headers
}

fn header_value(text: &str) -> HeaderValue {
    const REPLACEMENT: u8 = 0xff;
    let bytes = text
        .bytes()
        .map(|byte| if byte == b'\t' || (byte >= b' ' && byte != 0x7f) { byte } else { REPLACEMENT });
    HeaderValue::from_bytes(&bytes.collect::<Vec<u8>>()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event(method: &str, path: &str, query: &str, headers: &Value) -> Value {
        json!({
            "rawPath": path, "rawQueryString": query, "headers": headers,
            "requestContext": { "http": { "method": method }, "stage": "$default", "domainName": "a b" },
        })
    }

    #[test]
    fn a_request_is_read_whatever_its_headers() {
        let protocols = ["1", "", "file", "https,https", "://", "\u{7f}"];
        let hosts = ["[", "a b", "%", "h:99999", "", "\n", "é", "a/b?c#d"];
        for (protocol, host) in protocols.iter().flat_map(|protocol| hosts.map(|host| (*protocol, host))) {
            let headers = json!({ "x-forwarded-proto": protocol, "host": host, "x-forwarded-port": "x" });
            let request =
                read_request(&event("POST", "/webhooks/abyssale/x/y", "a=b", &headers)).expect("a request");
            assert_eq!(request.uri(), "/webhooks/abyssale/x/y?a=b", "{protocol:?} {host:?}");
            assert_eq!(request.headers()["x-forwarded-proto"].as_bytes(), header_value(protocol).as_bytes());
        }
    }

    #[test]
    fn an_invalid_header_value_is_never_absent() {
        let request = read_request(&event("POST", "/jobs", "", &json!({ "idempotency-key": "a\nb" })))
            .expect("a request");
        assert!(request.headers()["idempotency-key"].to_str().is_err());
        let named = json!({ "bad name": "1", "": "2", "good": "3", "number": 4 });
        let headers = read_headers(&json!({ "headers": named, "cookies": ["a=1", "b=2", 3] }));
        assert_eq!(
            (headers.len(), &headers["good"], &headers["cookie"]),
            (2, &HeaderValue::from_static("3"), &HeaderValue::from_static("a=1; b=2"))
        );
    }

    #[test]
    fn a_decoded_path_is_encoded_again() {
        let cases = [
            ("/jobs/a/../b", "/jobs/a/../b"),
            ("/jobs/a\\b", "/jobs/a%5Cb"),
            ("/jobs/é ?#\"", "/jobs/%C3%A9%20%3F%23%22"),
            ("/jobs/100%25", "/jobs/100%2525"),
            ("jobs", INVALID_PATH),
            ("", INVALID_PATH),
        ];
        for (path, expected) in cases {
            let request = read_request(&event("GET", path, "", &Value::Null)).expect("a request");
            assert_eq!(request.uri().path(), expected, "{path}");
        }
        let long = format!("/{}", "a".repeat(70_000));
        let request = read_request(&event("GET", &long, "", &Value::Null)).expect("a request");
        assert!(!is_plain_path(request.uri().path()));
    }

    #[test]
    fn a_path_with_dot_segments_or_control_characters_is_not_plain() {
        for plain in [
            "/",
            "/jobs",
            "/jobs/",
            "/jobs/1/files/a b.png",
            "/jobs/1/files/a%20b",
            "/x/100%25.png",
            "/x/...",
            "/x/.a",
            "/x/%ff",
        ] {
            assert!(is_plain_path(plain), "{plain}");
        }
        let hostile = [
            "",
            "jobs",
            "//",
            "//jobs",
            "/jobs//1",
            "/jobs/1//",
            "/./jobs",
            "/jobs/.",
            "/jobs/..",
            "/jobs/../x",
            "/jobs/%2e%2e/x",
            "/jobs/%2E./x",
            "/jobs/%252e%252e/x",
            "/jobs/a%2f..%2fb",
            "/jobs/a%2f%2fb",
            "/jobs/a\\b",
            "/jobs/a%5cb",
            "/jobs/a%255cb",
            "/jobs/%00",
            "/jobs/\u{1}",
            "/jobs/%0a",
            "/jobs/\u{85}",
            "/jobs/%c2%85",
            INVALID_PATH,
        ];
        for path in hostile {
            assert!(!is_plain_path(path), "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn every_event_converts_to_a_request(
            method in ".{0,10}", path in "(/.{0,40})?", query in ".{0,40}", name in ".{0,10}", value in ".{0,30}"
        ) {
            let request = read_request(&event(&method, &path, &query, &json!({ name: value }))).expect("a request");
            let _ = is_plain_path(request.uri().path());
        }

        #[test]
        fn a_plain_path_is_unchanged_when_dot_segments_are_resolved(path in "(/[a./%25c\\\\ ]{0,6}){1,4}") {
            if is_plain_path(&path) {
                let resolved = url::Url::parse("http://host").expect("a URL").join(&path).expect("a path");
                prop_assert_eq!(resolved.path().matches('/').count(), path.matches('/').count());
            }
        }
    }
}
