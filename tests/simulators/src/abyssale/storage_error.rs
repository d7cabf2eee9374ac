//! Error responses of downloads, in the format of S3.

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Response, StatusCode};

use crate::abyssale::api_response;

/// An error of a download.
pub(super) struct StorageError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl StorageError {
    pub(super) const EXPIRED: Self = Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
    pub(super) const INVALID_SIGNATURE: Self =
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied");
    pub(super) const NO_SUCH_KEY: Self =
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    /// A presigned URL is valid for one method only.
    pub(super) const WRONG_METHOD: Self =
        Self::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", "The signature does not match.");
    pub(super) const INVALID_RANGE: Self =
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "The range is not satisfiable.");

    pub(super) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    /// Returns the response.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let Self { status, code, message } = self;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        api_response::bytes_response(
            status,
            Some(HeaderValue::from_static("application/xml")),
            Bytes::from(body),
        )
    }
}
