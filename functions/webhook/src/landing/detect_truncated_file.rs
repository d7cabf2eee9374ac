//! Detects files that are cut off. A source may serve the beginning of a file as if it were the whole file, and then
//! HTTP shows no error; many file formats do.
//!
//! Only a file that is certainly cut off is reported. Bytes after the end of a file are allowed.

use archive::content_type;
use bucket::{Bucket, ObjectKey};
use model::Error;

/// The end record of a ZIP archive is within so many last bytes; the end marks of the other formats are nearer.
const END_BYTES: u64 = archive::END_RECORD_SEARCH_BYTES;
/// How many last bytes of a GIF are searched. Its end mark is short, and would occur by chance in more of them.
const GIF_END_BYTES: usize = 1024;

/// Returns why a file in the bucket is incomplete, or `None` if it is not. `start` is its first bytes, at most 64
/// KiB.
///
/// # Errors
/// [`model::ErrorClass::StorageUnavailable`]: its end cannot be read.
pub(super) async fn find_truncation(
    bucket: &Bucket,
    key: &ObjectKey,
    length: u64,
    start: &[u8],
) -> Result<Option<&'static str>, Error> {
    if length == 0 {
        return Ok(Some("the file is empty"));
    }
    let Some(is_whole) = completeness_rule(content_type("", start)) else { return Ok(None) };
    let whole = if start.len() as u64 == length {
        is_whole(length, start, start)
    } else {
        let end = bucket.read_range(key, length.saturating_sub(END_BYTES)..length).await?;
        is_whole(length, start, &end)
    };
    Ok((!whole).then_some("the file is not whole: what the provider serves is only its beginning"))
}

/// Decides whether a file is whole, from its length, its first and its last bytes.
type CompletenessRule = fn(u64, &[u8], &[u8]) -> bool;

fn completeness_rule(content_type: &str) -> Option<CompletenessRule> {
    Some(match content_type {
        "image/png" => |_, _, end| contains(end, b"IEND"),
        "image/jpeg" => |_, _, end| contains(end, b"\xff\xd9"),
        "image/gif" => |_, _, end| contains(&end[end.len().saturating_sub(GIF_END_BYTES)..], b"\0;"),
        "image/webp" => |length, start, _| is_whole_riff(length, start),
        "application/pdf" => |_, _, end| contains(end, b"%%EOF"),
        "application/zip" => |_, _, end| contains(end, b"PK\x05\x06"),
        "image/avif" | "image/heic" | "video/mp4" | "video/quicktime" => {
            |length, start, _| has_whole_boxes(length, start)
        }
        _ => return None,
    })
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

/// A RIFF file states its length, less eight bytes.
fn is_whole_riff(length: u64, start: &[u8]) -> bool {
    let stated = start.get(4..8).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
    stated.is_none_or(|stated| u64::from(stated) + 8 <= length)
}

/// A file of consecutive boxes, each with its length (ISO 14496-12, 4.2). Boxes that begin beyond the first bytes are
/// not checked.
fn has_whole_boxes(length: u64, start: &[u8]) -> bool {
    let mut at = 0_u64;
    while at < length {
        let Some(header) = usize::try_from(at).ok().and_then(|at| start.get(at..)) else { return true };
        let short = header.get(..4).and_then(|field| field.try_into().ok()).map(u32::from_be_bytes);
        let size = match short {
            // This box extends to the end of the file.
            Some(0) => return true,
            Some(1) => header.get(8..16).and_then(|field| field.try_into().ok()).map(u64::from_be_bytes),
            short => short.map(u64::from),
        };
        match size {
            Some(size) if size >= 8 => at = at.saturating_add(size),
            // Not a box: other data follows, or the header is beyond the first bytes.
            Some(_) | None => return true,
        }
    }
    at == length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(kind: &str, bytes: &[u8]) -> bool {
        completeness_rule(kind).expect("a rule")(bytes.len() as u64, bytes, bytes)
    }

    #[test]
    fn a_file_with_its_end_is_whole_and_a_cut_off_file_is_not() {
        let mp4 = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x0cmdatabcd";
        for (kind, bytes, lost) in [
            ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82".as_slice(), 5),
            ("image/jpeg", b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\xff\xd9", 1),
            ("image/gif", b"GIF89a\x01\x02\0;", 1),
            ("image/webp", b"RIFF\x06\0\0\0WEBP..", 1),
            ("application/pdf", b"%PDF-1.7\n1\n%%EOF\n", 3),
            ("application/zip", b"PK\x05\x06\0\0", 3),
            ("video/mp4", mp4, 1),
            ("image/avif", mp4, 13),
        ] {
            assert!(whole(kind, bytes), "{kind}");
            assert!(!whole(kind, &bytes[..bytes.len() - lost]), "{kind}");
        }
    }

    #[test]
    fn trailing_bytes_and_unknown_formats_are_not_truncation() {
        assert!(whole("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82 and more"));
        assert!(whole("image/webp", b"RIFF\x04\0\0\0WEBP and more"));
        assert!(whole("video/mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\0mdatabcd"));
        assert!(whole("video/mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x02 zeros"));
        // The last box begins beyond the first bytes.
        assert!(has_whole_boxes(1 << 40, b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01mdat\0\0\0\x10\0\0\0\0"));
        assert!(completeness_rule("text/html").is_none());
    }
}
