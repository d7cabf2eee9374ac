//! A request and its response.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, Request, Response};
use hyper::body::Body as HttpBody;
use s3s::Body;
use serde_json::{Value, json};

use super::Recording;
use super::body::{BodyCopy, RecordedBody};
use crate::cloud::operation::{Operation, Service};

/// A request, and its response as far as it was sent. It is written when it is dropped: after the last byte of the response,
/// or when the connection closes.
pub(crate) struct Exchange {
    recording: Arc<Recording>,
    is_object_read: bool,
    document: Value,
    request: Arc<Mutex<BodyCopy>>,
    response: Arc<Mutex<BodyCopy>>,
}

impl Exchange {
    /// Begins with a request, whose body is copied while the service reads it.
    pub(crate) fn begin<B: HttpBody>(
        recording: Arc<Recording>,
        operation: &Operation,
        request: Request<B>,
    ) -> (Self, Request<RecordedBody<B, ()>>) {
        let is_s3 = operation.service == Service::S3;
        let is_object_write = is_s3 && ["PutObject", "UploadPart"].contains(&operation.name.as_str());
        let (head, body) = request.into_parts();
        let copy = BodyCopy::new(is_object_write);
        let exchange = Self {
            recording,
            is_object_read: is_s3 && operation.name == "GetObject",
            document: json!({
                "service": format!("{:?}", operation.service),
                "request": {
                    "method": head.method.as_str(),
                    "uri": head.uri.to_string(),
                    "headers": to_json(&head.headers),
                },
            }),
            request: Arc::clone(&copy),
            response: Arc::default(),
        };
        (exchange, Request::from_parts(head, RecordedBody::new(body, copy, ())))
    }

    /// Adds the response. The exchange ends with the body.
    pub(crate) fn respond(mut self, response: Response<Body>) -> Response<Body> {
        let (head, body) = response.into_parts();
        // An error of S3 is a document, also in place of an object.
        let copy = BodyCopy::new(self.is_object_read && head.status.is_success());
        self.response = Arc::clone(&copy);
        self.document["response"] =
            json!({ "status": head.status.as_u16(), "headers": to_json(&head.headers) });
        let body = RecordedBody::new(body, copy, self);
        Response::from_parts(head, Body::http_body_unsync(body))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut document = self.document.take();
        document["request"]["body"] = self.request.lock().unwrap_or_else(PoisonError::into_inner).to_json();
        // Without a response when a fault is injected, or when the client has closed the connection.
        if document["response"].is_object() {
            document["response"]["body"] =
                self.response.lock().unwrap_or_else(PoisonError::into_inner).to_json();
        }
        self.recording.write(&document);
    }
}

/// Returns names and values in order. A value that is not UTF-8 is shown with replacement characters.
fn to_json(headers: &HeaderMap) -> Value {
    let pairs =
        headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
    pairs.collect()
}
