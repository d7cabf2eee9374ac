//! Removes secrets from a provider's response.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use model::Redactor;

/// Redacts the headers and the body of a response.
pub(crate) fn redact_response(response: http::Response<Bytes>, redactor: &Redactor) -> http::Response<Bytes> {
    let (mut head, mut body) = response.into_parts();
    for value in head.headers.values_mut() {
        if let Cow::Owned(text) = redactor.redact(value.as_bytes()) {
            *value = HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("***"));
        }
    }
    if let Cow::Owned(text) = redactor.redact(&body) {
        tracing::warn!("secret in provider response redacted");
        body = text.into();
    }
    http::Response::from_parts(head, body)
}
