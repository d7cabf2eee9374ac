//! Checks the first bytes of a download before anything is stored: a source may respond 200 with an error page.

use archive::content_type;
use model::{Error, ErrorClass};

/// The content type of an archive.
pub(super) const ZIP: &str = "application/zip";

/// Returns the content type of a file. Rejects a web page in place of another file, and a file that is named as an
/// MP4 video and is none.
pub(super) fn check_file_start(name: &str, start: &[u8]) -> Result<&'static str, Error> {
    let has_ending = |ending: &&str| name.to_ascii_lowercase().ends_with(*ending);
    // The type of the first box identifies such a file (ISO 14496-12, 4.3).
    if [".mp4", ".m4v"].iter().any(has_ending) && start.get(4..8) != Some(b"ftyp") {
        return Err(Error::new(ErrorClass::SourceInvalid, "what the provider serves is not an MP4 video"));
    }
    let is_page = [".html", ".htm"].iter().any(has_ending);
    if !is_page && content_type("", start) == "text/html" {
        return Err(Error::new(
            ErrorClass::SourceInvalid,
            "what the provider serves is a web page, not the file",
        ));
    }
    Ok(content_type(name, start))
}

/// Returns the content type of an archive. Rejects a web page, so that nothing of it is stored.
///
/// Whether any other file is an archive is decided by its end, when it is in the bucket: a self-extracting archive starts as a
/// program.
pub(super) fn check_archive_start(start: &[u8]) -> Result<&'static str, Error> {
    match content_type("", start) {
        "text/html" => Err(archive::not_an_archive("it starts as a web page")),
        _ => Ok(ZIP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_is_rejected_unless_the_file_is_named_as_a_page() {
        let page = b"<!DOCTYPE html><title>Sorry</title>";
        assert!(check_file_start("a.png", page).is_err());
        assert_eq!(check_file_start("a.HTML", page).expect("a page"), "text/html");
        assert_eq!(check_file_start("a.png", b"\x89PNG\r\n\x1a\n").expect("an image"), "image/png");
    }

    #[test]
    fn an_archive_may_start_with_a_program_or_a_marker_and_not_with_a_web_page() {
        for start in [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK00PK\x03\x04", b"MZ\x90\0", b"#!/bin/sh\n", b""]
        {
            assert_eq!(check_archive_start(start).expect("perhaps an archive"), ZIP);
        }
        let error = check_archive_start(b"<html>The link has expired</html>").expect_err("a page");
        assert!(archive::is_not_an_archive(&error), "{error}");
    }

    #[test]
    fn a_file_named_as_a_video_must_start_as_one() {
        let video = b"\0\0\0\x20ftypisom\0\0\0\0";
        assert_eq!(check_file_start("a.MP4", video).expect("a video"), "video/mp4");
        for other in [&b""[..], b"{\"success\":false}", b"\x89PNG\r\n\x1a\n", b"\0\0\0"] {
            assert!(check_file_start("a.mp4", other).is_err());
        }
    }
}
