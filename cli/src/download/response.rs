//! What a link is asked for, and what S3 answers.

use aws_smithy_types::body::SdkBody;
use http::{Request, StatusCode, header};

use crate::{client::Received, exit::Exit, failure::Failure};

/// A request for all bytes from one on.
pub(super) fn get(url: &str, from: u64) -> Result<Request<SdkBody>, Failure> {
    let mut request = Request::get(url);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
    }
    request.body(SdkBody::empty()).map_err(|_| Failure::not_understood("the function's link is no URL"))
}

/// The class of what S3 does not give to whoever has the link.
pub(super) const REFUSED: &str = "DownloadRefused";

/// Why S3 does not give something.
pub(super) fn refused(what: &str, status: StatusCode) -> Failure {
    match status {
        StatusCode::NOT_FOUND => {
            Failure::new("NotFound", format!("{what} is not in the bucket any more"), Exit::NotFound)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let message = format!(
                "S3 does not accept the link to {what}, or it is not in the bucket any more: \
                 without the right to list the bucket both look the same"
            );
            Failure::new(REFUSED, message, Exit::Refused)
        }
        status => Failure::new("DownloadFailed", format!("S3 answers {status} for {what}"), Exit::Retry),
    }
}

/// Whether an answer holds the bytes from one on.
pub(super) fn begins_at(answer: &Received, from: u64) -> bool {
    let range = answer.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    first == Some(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_another_place_is_not_taken() {
        for (range, from, fits) in [
            (Some("bytes 5-8/9"), 5, true),
            (Some("bytes 5-8/*"), 5, true),
            (Some("bytes 0-8/9"), 5, false),
            (Some("bytes */9"), 5, false),
            (Some("items 5-8/9"), 5, false),
            (None, 5, false),
        ] {
            let mut answer = http::Response::builder().status(206);
            if let Some(range) = range {
                answer = answer.header("content-range", range);
            }
            assert_eq!(
                begins_at(&answer.body(SdkBody::empty()).expect("an answer"), from),
                fits,
                "{range:?}"
            );
        }
    }

    #[test]
    fn only_what_is_missing_is_asked_for() {
        let range =
            |from| get("https://b.example/k?x=y", from).expect("a request").headers().get("range").cloned();
        assert_eq!(range(0), None);
        assert_eq!(range(5).expect("a range"), "bytes=5-");
    }

    #[test]
    fn a_refusal_of_s3_names_no_link() {
        for (status, exit) in [(404, 4), (403, 3), (416, 1), (503, 1)] {
            let failure = refused("the file \"a\"", StatusCode::from_u16(status).expect("a status"));
            assert_eq!(failure.exit.code(), exit, "{status}");
            assert!(!failure.message.contains("http"), "{}", failure.message);
        }
    }
}
