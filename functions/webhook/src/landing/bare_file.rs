//! Lands a file that is delivered bare where an archive was announced.
//!
//! Abyssale's own interface delivers an export of a single asset as the file itself (contract 13.6). The first bytes
//! decide, not the URL: what is no image, video, document or sound is refused, such as a web page or JSON.

use archive::content_type;
use model::{Error, ErrorClass, Job, Source, SourceRole};
use serde_json::Map;

use super::{
    individual_files::land_individual_files, landing_context::LandingContext,
    landing_outcome::LandingOutcome, transfer::read_start,
};

/// The types that are landed, each with its file name extension. No text is among them, and no archive.
const BARE_FILE_TYPES: &[(&str, &str)] = &[
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/avif", "avif"),
    ("image/heic", "heic"),
    ("image/tiff", "tiff"),
    ("image/svg+xml", "svg"),
    ("image/vnd.adobe.photoshop", "psd"),
    ("application/pdf", "pdf"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/webm", "webm"),
    ("audio/wav", "wav"),
];

/// Lands the file at this URL, which is no archive, if it may be the one file of the job. Otherwise returns `no_archive`,
/// the error of the archive.
pub(super) async fn land_bare_file(
    context: LandingContext<'_>,
    url: &str,
    no_archive: Error,
) -> Result<LandingOutcome, Error> {
    if !may_be_bare(context.job) {
        return Err(no_archive);
    }
    let start = match read_start(&context.create_downloader()?, url).await {
        Ok(start) => start,
        Err(error) if error.is_retryable() || error.class == ErrorClass::SourceGone => return Err(error),
        Err(_) => return Err(no_archive),
    };
    let Some(extension) = bare_file_extension(&start) else { return Err(no_archive) };
    tracing::info!(job_id = %context.job.id, extension, "a bare file was delivered in place of an archive");
    let file = Source {
        url: url.to_owned(),
        role: SourceRole::File,
        name: Some(bare_file_name(url, extension)),
        details: Map::new(),
    };
    land_individual_files(context, &[file]).await
}

/// Refuses the archive of a job that may consist of one file and whose first bytes are those of such a file, so that it
/// need not be downloaded to its end to find that it is no archive.
///
/// # Errors
/// [`ErrorClass::ArchiveInvalid`], upon which [`land_bare_file`] lands it.
pub(in crate::landing) fn refuse_bare_file(job: &Job, start: &[u8]) -> Result<(), Error> {
    match may_be_bare(job) && bare_file_extension(start).is_some() {
        true => Err(Error::new(ErrorClass::ArchiveInvalid, "what the provider serves is a bare file")),
        false => Ok(()),
    }
}

/// Whether a job may consist of one file: it was imported, so that the number is unknown, or it requested one.
fn may_be_bare(job: &Job) -> bool {
    job.expected_files.is_none_or(|expected| expected == 1)
}

/// The extension of a file whose first bytes these are. None for a type that is not landed.
fn bare_file_extension(start: &[u8]) -> Option<&'static str> {
    let detected = content_type("", start);
    BARE_FILE_TYPES.iter().find(|(known, _)| *known == detected).map(|(_, extension)| *extension)
}

/// The last part of the URL, with the extension of the file's type.
fn bare_file_name(url: &str, extension: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let (stem, given) = last.rsplit_once('.').unwrap_or((last, ""));
    let is_spelling = |spelling: &str| given.eq_ignore_ascii_case(spelling);
    match is_spelling(extension) || (extension == "jpg" && is_spelling("jpeg")) {
        true => last.to_owned(),
        false => format!("{stem}.{extension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide_what_a_bare_file_is() {
        for (start, extension) in [
            (&b"\x89PNG\r\n\x1a\n\0"[..], Some("png")),
            (b"\0\0\0\x20ftypisom", Some("mp4")),
            (b"%PDF-1.7", Some("pdf")),
            (b"<svg xmlns", Some("svg")),
            (b"PK\x03\x04", None),
            (b"<!doctype html>", None),
            (b"{\"id\":\"not_found\"}", None),
            (b"<?xml version=\"1.0\"?><Error/>", None),
            (b"MZ", None),
            (b"", None),
        ] {
            assert_eq!(bare_file_extension(start), extension, "{start:?}");
        }
    }

    #[test]
    fn the_name_has_the_extension_of_the_type() {
        assert_eq!(bare_file_name("https://h/a/b.PNG?x=y.z", "png"), "b.PNG");
        assert_eq!(bare_file_name("https://h/b.jpeg", "jpg"), "b.jpeg");
        assert_eq!(bare_file_name("https://h/b.zip", "mp4"), "b.mp4");
        assert_eq!(bare_file_name("https://h/b", "pdf"), "b.pdf");
    }
}
