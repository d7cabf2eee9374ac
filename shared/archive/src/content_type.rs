//! What a file is, from its name and its first bytes.

/// Content type of whatever cannot be told.
pub(crate) const UNKNOWN: &str = "application/octet-stream";
/// How many first bytes must be free of zeros in a text.
const TEXT_START: usize = 512;

/// Formats that begin with certain bytes, at a place. Whatever is named like one of them but does not begin so is
/// not one.
const BINARY: &[(&str, usize, &[u8])] = &[
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
    ("video/mp4", 4, b"ftyp"),
    ("video/webm", 0, b"\x1a\x45\xdf\xa3"),
    ("audio/wav", 8, b"WAVE"),
    ("font/woff2", 0, b"wOF2"),
    ("font/woff", 0, b"wOFF"),
    ("font/otf", 0, b"OTTO"),
    ("font/ttf", 0, b"\0\x01\0\0"),
];

/// Formats that are text, and so told by their names alone.
const TEXT: &[(&str, &[&str])] = &[
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

/// ZIP archives that are called something else.
const PACKED: &[(&str, &str)] = &[
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("idml", "application/vnd.adobe.indesign-idml-package"),
];

/// Markup that may begin a text whose name says nothing.
const MARKUP: &[(&str, &[&str])] =
    &[("image/svg+xml", &["<svg"]), ("text/html", &["<!doctype html", "<html"])];

/// The content type of a file. Bytes speak louder than the name.
pub fn content_type(name: &str, start: &[u8]) -> &'static str {
    let extension =
        name.rsplit('/').next().and_then(|last| last.rsplit_once('.')).map(|(_, extension)| extension);
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    let begins = |at: usize, magic: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if let Some((found, ..)) = BINARY.iter().find(|(_, at, magic)| begins(*at, magic)) {
        let packed = PACKED.iter().find(|(ending, _)| *found == "application/zip" && *ending == extension);
        return packed.map_or(*found, |(_, kind)| *kind);
    }
    // What must begin otherwise, or holds zeros, is not what its name says.
    if start.iter().take(TEXT_START).any(|byte| *byte == 0) {
        return UNKNOWN;
    }
    let extension = extension.as_str();
    if let Some((kind, _)) = TEXT.iter().find(|(_, endings)| endings.contains(&extension)) {
        return kind;
    }
    if extension.is_empty() { markup(start) } else { UNKNOWN }
}

fn markup(start: &[u8]) -> &'static str {
    let start = String::from_utf8_lossy(&start[..start.len().min(TEXT_START)]);
    let text = start.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let is = |tags: &&[&str]| tags.iter().any(|tag| text.starts_with(tag));
    MARKUP.iter().find(|(_, tags)| is(tags)).map_or(UNKNOWN, |(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_names_tell_the_type() {
        for (name, start, expected) in [
            ("a.png", b"\x89PNG\r\n\x1a\n\0\0".as_slice(), "image/png"),
            ("a.jpg", b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            ("a", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("a.webp", b"RIFF\x01\0\0\0WEBPVP8 ", "image/webp"),
            ("a.avif", b"\0\0\0\x20ftypavif", "image/avif"),
            ("a.gif", b"GIF89a", "image/gif"),
            ("a.mp4", b"\0\0\0\x20ftypisom", "video/mp4"),
            ("a.mov", b"\0\0\0\x14ftypqt  ", "video/quicktime"),
            ("a.pdf", b"%PDF-1.7", "application/pdf"),
            ("a.zip", b"PK\x03\x04", "application/zip"),
            ("a.DOCX", b"PK\x03\x04", PACKED[0].1),
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
    fn what_is_not_what_its_name_says_is_unknown() {
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
