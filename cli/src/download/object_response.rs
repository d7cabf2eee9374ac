//! The request to a presigned URL, and S3's response.

use aws_smithy_types::body::SdkBody;
use http::{Request, StatusCode, header};

use crate::{client::HttpResponse, error::CliError, exit_status::ExitStatus};

/// A GET request for all bytes from an offset.
pub(super) fn get_object_request(url: &str, offset: u64) -> Result<Request<SdkBody>, CliError> {
    let mut request = Request::get(url);
    if offset > 0 {
        request = request.header(header::RANGE, format!("bytes={offset}-"));
    }
    request
        .body(SdkBody::empty())
        .map_err(|_| CliError::unexpected_response("the presigned URL in the function's response is invalid"))
}

/// The error class for an object that S3 refuses to return.
pub(super) const DOWNLOAD_REFUSED_CLASS: &str = "DownloadRefused";

/// The error for a status of S3. It does not contain the URL.
pub(super) fn object_error(what: &str, status: StatusCode) -> CliError {
    match status {
        StatusCode::NOT_FOUND => {
            CliError::new("NotFound", format!("{what} is no longer in the bucket"), ExitStatus::NotFound)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let message = format!(
                "S3 rejects the presigned URL of {what}, or the object is no longer in the bucket: \
                 without the permission to list the bucket, S3 answers 403 in both cases"
            );
            CliError::new(DOWNLOAD_REFUSED_CLASS, message, ExitStatus::Rejected)
        }
        status => {
            let message = format!("S3 responds to the request for {what} with {status}");
            CliError::new("DownloadFailed", message, ExitStatus::Retryable)
        }
    }
}

/// Whether the `Content-Range` of a response begins at an offset.
pub(super) fn begins_at_offset(response: &HttpResponse, offset: u64) -> bool {
    let range = response.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    first == Some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_at_another_offset_is_rejected() {
        for (range, offset, expected) in [
            (Some("bytes 5-8/9"), 5, true),
            (Some("bytes 5-8/*"), 5, true),
            (Some("bytes 0-8/9"), 5, false),
            (Some("bytes */9"), 5, false),
            (Some("items 5-8/9"), 5, false),
            (None, 5, false),
        ] {
            let mut response = http::Response::builder().status(206);
            if let Some(range) = range {
                response = response.header("content-range", range);
            }
            let response = response.body(SdkBody::empty()).expect("a response");
            assert_eq!(begins_at_offset(&response, offset), expected, "{range:?}");
        }
    }

    #[test]
    fn only_the_missing_bytes_are_requested() {
        let range = |offset| {
            let request = get_object_request("https://b.example/k?x=y", offset).expect("a request");
            request.headers().get("range").cloned()
        };
        assert_eq!(range(0), None);
        assert_eq!(range(5).expect("a range"), "bytes=5-");
    }

    #[test]
    fn an_error_of_s3_does_not_contain_the_url() {
        for (status, code) in [(404, 4), (403, 3), (416, 1), (503, 1)] {
            let error = object_error("the file \"a\"", StatusCode::from_u16(status).expect("a status"));
            assert_eq!(error.exit_status.code(), code, "{status}");
            assert!(!error.message.contains("http"), "{}", error.message);
        }
    }
}
