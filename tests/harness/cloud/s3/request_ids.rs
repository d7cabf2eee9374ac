//! Adds the two ids of a request, which S3 sends with every response and repeats in the document of an error.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};
use http_body_util::BodyExt;
use s3s::Body;

/// Adds `x-amz-request-id` and `x-amz-id-2`.
pub(crate) async fn add_request_ids(response: Response<Body>) -> Response<Body> {
    let id = uuid::Uuid::new_v4();
    let request_id = id.simple().to_string()[..16].to_ascii_uppercase();
    let host_id = STANDARD.encode(id.as_bytes());
    let mut response = response;
    for (name, value) in [("x-amz-request-id", &request_id), ("x-amz-id-2", &host_id)] {
        // Hexadecimal digits and base64 are valid header values.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // The documents of errors are in memory, so reading them does not fail.
    let document = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let ids = format!("<RequestId>{request_id}</RequestId><HostId>{host_id}</HostId></Error>");
    let document = String::from_utf8_lossy(&document).replace("</Error>", &ids);
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(document))
}
