//! Fuzzes the parser of Lambda events. Every event is parsed or rejected, and a path that counts as plain has no `/../` and no
//! backslash.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[path = "../../shared/runtime/src/event_source.rs"]
mod event_source;
#[path = "../../shared/runtime/src/http_event.rs"]
mod http_event;

use event_source::EventSource;

fuzz_target!(|bytes: &[u8]| {
    // The bytes as an event of the Runtime API.
    if let Ok(event) = serde_json::from_slice::<Value>(bytes) {
        read(event);
    }
    // The bytes as the parts of a request. These reach further into the parser than texts that are JSON by chance.
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\n');
    let mut part = || parts.next().unwrap_or_default();
    let (method, path, query, name, value, body) = (part(), part(), part(), part(), part(), part());
    read(json!({
        "rawPath": path, "rawQueryString": query, "body": body, "cookies": [value],
        "headers": { name: value, "host": value, "x-forwarded-proto": value, "content-type": "application/json" },
        "requestContext": { "http": { "method": method }, "stage": "$default", "domainName": value },
    }));
});

fn read(event: Value) {
    match EventSource::parse(event) {
        Ok(EventSource::Http(request)) => {
            let path = request.uri().path();
            if http_event::is_plain_path(path) {
                assert!(path.starts_with('/') && !path.contains("/../") && !path.contains('\\'), "{path}");
            }
            let _ = (request.headers().len(), request.body().len());
        }
        Ok(EventSource::Sqs(messages)) => {
            let known = |message: &event_source::SqsMessage| {
                message.queue_name.len()
                    + message.message_id.len()
                    + message.receipt_handle.len()
                    + message.body.len()
            };
            let _ =
                messages.iter().map(|message| known(message) + message.receive_count as usize).sum::<usize>();
        }
        Ok(EventSource::Direct(command, fields)) => {
            let _ = (command.len(), fields.len());
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
}
