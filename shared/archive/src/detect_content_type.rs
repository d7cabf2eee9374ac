//! Detects the content type of a file from its name and its first bytes.

/// The content type of a file whose format is not recognized.
pub(crate) const UNKNOWN: &str = "application/octet-stream";
/// How many first bytes of a text file must not be zero.
const TEXT_START_BYTES: usize = 512;

/// Binary formats: content type, offset and signature. A file without the signature does not have the format,
/// whatever its name.
const BINARY_FORMATS: &[(&str, usize, &[u8])] = &[
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF8"),
    ("image/webp", 8, b"WEBP"),
    ("image/avif", 4, b"ftypavif"),
    ("image/avif", 4, b"ftypavis"),
    ("image/heic", 4, b"ftyphei"),
    ("image/tiff", 0, b"II*\0"),
    ("image/tiff", 0, b"MM\0*"),
    ("image/vnd.adobe.photoshop", 0, b"8BPS"),
    ("application/pdf", 0, b"%PDF-"),
    ("application/zip", 0, b"PK\x03\x04"),
    ("application/zip", 0, b"PK\x05\x06"),
    ("video/quicktime", 4, b"ftypqt"),
    ("audio/mp4", 4, b"ftypM4A"),
    ("video/mp4", 4, b"ftyp"),
    ("video/webm", 0, b"\x1a\x45\xdf\xa3"),
    ("audio/wav", 8, b"WAVE"),
    ("audio/mpeg", 0, b"ID3"),
    // A frame of layer III without a tag: MPEG-1 and MPEG-2, each with and without a checksum.
    ("audio/mpeg", 0, b"\xff\xfb"),
    ("audio/mpeg", 0, b"\xff\xfa"),
    ("audio/mpeg", 0, b"\xff\xf3"),
    ("audio/mpeg", 0, b"\xff\xf2"),
    ("audio/ogg", 0, b"OggS"),
    ("font/woff2", 0, b"wOF2"),
    ("font/woff", 0, b"wOFF"),
    ("font/otf", 0, b"OTTO"),
    ("font/ttf", 0, b"\0\x01\0\0"),
];

/// Text formats, which have no signature, and their file name extensions.
const TEXT_FORMATS: &[(&str, &[&str])] = &[
    ("image/svg+xml", &["svg"]),
    ("text/html", &["html", "htm"]),
    ("application/json", &["json"]),
    ("text/plain", &["txt", "log"]),
    ("text/css", &["css"]),
    ("text/javascript", &["js", "mjs"]),
    ("text/csv", &["csv"]),
    ("text/markdown", &["md"]),
    ("application/xml", &["xml"]),
];

/// Formats that are ZIP archives with a file name extension other than `zip`.
const ZIP_BASED_FORMATS: &[(&str, &str)] = &[
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("idml", "application/vnd.adobe.indesign-idml-package"),
];

/// Tags at the start of markup. They identify text files without a file name extension.
const MARKUP_FORMATS: &[(&str, &[&str])] =
    &[("image/svg+xml", &["<svg"]), ("text/html", &["<!doctype html", "<html"])];

/// Detects the content type of a file. The signature in `start`, the first bytes, takes precedence over the name.
pub fn content_type(name: &str, start: &[u8]) -> &'static str {
    let last_segment = name.rsplit('/').next().unwrap_or_default();
    let extension = last_segment.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let extension = extension.as_str();
    let has_signature =
        |offset: usize, signature: &[u8]| start.get(offset..).is_some_and(|rest| rest.starts_with(signature));
    let format = BINARY_FORMATS.iter().find(|(_, offset, signature)| has_signature(*offset, signature));
    if let Some(&(format, ..)) = format {
        if format != "application/zip" {
            return format;
        }
        let zip_based = ZIP_BASED_FORMATS.iter().find(|(known, _)| *known == extension);
        return zip_based.map_or(format, |(_, content_type)| content_type);
    }
    // A file with a zero byte is no text file. A file without a signature does not have a binary format.
    if start.iter().take(TEXT_START_BYTES).any(|byte| *byte == 0) {
        return UNKNOWN;
    }
    let text = TEXT_FORMATS.iter().find(|(_, extensions)| extensions.contains(&extension));
    if let Some((content_type, _)) = text {
        return content_type;
    }
    if extension.is_empty() { detect_markup(start) } else { UNKNOWN }
}

fn detect_markup(start: &[u8]) -> &'static str {
    let start = String::from_utf8_lossy(&start[..start.len().min(TEXT_START_BYTES)]);
    let text = start.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let starts_with_any = |tags: &[&str]| tags.iter().any(|tag| text.starts_with(tag));
    let format = MARKUP_FORMATS.iter().find(|(_, tags)| starts_with_any(tags));
    format.map_or(UNKNOWN, |(content_type, _)| content_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_detected_from_signatures_and_extensions() {
        for (name, start, expected) in [
            ("a.png", b"\x89PNG\r\n\x1a\n\0\0".as_slice(), "image/png"),
            ("a.jpg", b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            ("a", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("a.webp", b"RIFF\x01\0\0\0WEBPVP8 ", "image/webp"),
            ("a.avif", b"\0\0\0\x20ftypavif", "image/avif"),
            ("a.gif", b"GIF89a", "image/gif"),
            ("a.mp4", b"\0\0\0\x20ftypisom", "video/mp4"),
            ("a.m4a", b"\0\0\0\x20ftypM4A ", "audio/mp4"),
            ("a.mp3", b"ID3\x04\0", "audio/mpeg"),
            ("a", b"\xff\xfb\x90\xc0\0", "audio/mpeg"),
            ("a.ogg", b"OggS\0", "audio/ogg"),
            ("a.mov", b"\0\0\0\x14ftypqt  ", "video/quicktime"),
            ("a.pdf", b"%PDF-1.7", "application/pdf"),
            ("a.zip", b"PK\x03\x04", "application/zip"),
            ("a.DOCX", b"PK\x03\x04", ZIP_BASED_FORMATS[0].1),
            ("a.html", b"<p>", "text/html"),
            ("dir.d/index.HTM", b"", "text/html"),
            ("a.svg", b"<?xml version=\"1.0\"?><svg/>", "image/svg+xml"),
            ("a.json", b"{}", "application/json"),
            ("a.txt", b"<html>", "text/plain"),
            ("a.css", b"a{}", "text/css"),
            ("a.js", b"1", "text/javascript"),
            ("page", b" \n<!DOCTYPE html>", "text/html"),
            ("drawing", b"<svg xmlns", "image/svg+xml"),
        ] {
            assert_eq!(content_type(name, start), expected, "{name}");
        }
    }

    #[test]
    fn a_file_that_contradicts_its_extension_has_an_unknown_type() {
        for (name, start) in [
            ("a.png", b"<html><script>".as_slice()),
            ("a.txt", b"MZ\0\0"),
            ("a.exe", b"<html>"),
            ("a", b""),
            ("png", b"text"),
            ("v.1/a", b"text"),
        ] {
            assert_eq!(content_type(name, start), UNKNOWN, "{name}");
        }
    }
}
