//! Whether a file has its end. A source may serve the beginning of a file as if it were all of it, and then nothing on
//! the way tells; many formats do.
//!
//! Only what is surely cut off is told as such. What follows the end of a file is nobody's business here.

use archive::content_type;
use bucket::Key;
use model::Error;

use crate::landing::landing_context::LandingContext;

/// The end of a ZIP archive is within so many last bytes; those of the other formats are nearer (APPNOTE 4.3.16).
const END: u64 = 64 * 1024 + 22;
/// Where the end of a GIF is looked for. Its mark is short, and would be found by chance in more.
const END_OF_GIF: usize = 1024;

/// Why a file that is in the bucket is no whole file, if it is not. `start` is its first bytes, at most 64 KiB.
///
/// # Errors
/// [`model::ErrorClass::StorageUnavailable`]: its end cannot be read.
pub(crate) async fn flaw(
    bringing: &LandingContext<'_>,
    key: &Key,
    length: u64,
    start: &[u8],
) -> Result<Option<&'static str>, Error> {
    if length == 0 {
        return Ok(Some("the file is empty"));
    }
    let Some(rule) = rule(content_type("", start)) else { return Ok(None) };
    let whole = if start.len() as u64 == length {
        rule(length, start, start)
    } else {
        let end = bringing.worker.objects.read(key, length.saturating_sub(END)..length).await?;
        rule(length, start, &end)
    };
    Ok((!whole).then_some("the file is not whole: what the provider serves is only its beginning"))
}

/// Says whether a file is whole, from its length, its first and its last bytes.
type Rule = fn(u64, &[u8], &[u8]) -> bool;

fn rule(content_type: &str) -> Option<Rule> {
    Some(match content_type {
        "image/png" => |_, _, end| holds(end, b"IEND"),
        "image/jpeg" => |_, _, end| holds(end, b"\xff\xd9"),
        "image/gif" => |_, _, end| holds(&end[end.len().saturating_sub(END_OF_GIF)..], b"\0;"),
        "image/webp" => |length, start, _| riff(length, start),
        "application/pdf" => |_, _, end| holds(end, b"%%EOF"),
        "application/zip" => |_, _, end| holds(end, b"PK\x05\x06"),
        "image/avif" | "image/heic" | "video/mp4" | "video/quicktime" => {
            |length, start, _| boxes(length, start)
        }
        _ => return None,
    })
}

fn holds(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

/// A RIFF file says its length, less eight bytes.
fn riff(length: u64, start: &[u8]) -> bool {
    let said = start.get(4..8).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
    said.is_none_or(|said| u64::from(said) + 8 <= length)
}

/// Boxes one behind the other, each with its length (ISO 14496-12, 4.2). Those that begin beyond the first bytes are
/// not looked at.
fn boxes(length: u64, start: &[u8]) -> bool {
    let mut at = 0_u64;
    while at < length {
        let Some(header) = usize::try_from(at).ok().and_then(|at| start.get(at..)) else { return true };
        let short = header.get(..4).and_then(|field| field.try_into().ok()).map(u32::from_be_bytes);
        let size = match short {
            // To the end of the file, wherever that is.
            Some(0) => return true,
            Some(1) => header.get(8..16).and_then(|field| field.try_into().ok()).map(u64::from_be_bytes),
            short => short.map(u64::from),
        };
        match size {
            Some(size) if size >= 8 => at = at.saturating_add(size),
            // No box: something else follows, or its header lies beyond the first bytes.
            Some(_) | None => return true,
        }
    }
    at == length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(kind: &str, bytes: &[u8]) -> bool {
        rule(kind).expect("a rule")(bytes.len() as u64, bytes, bytes)
    }

    #[test]
    fn a_file_with_its_end_is_whole_and_its_beginning_is_not() {
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
    fn what_follows_the_end_and_what_cannot_be_told_is_no_flaw() {
        assert!(whole("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82 and more"));
        assert!(whole("image/webp", b"RIFF\x04\0\0\0WEBP and more"));
        assert!(whole("video/mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\0mdatabcd"));
        assert!(whole("video/mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x02 zeros"));
        // The last box begins beyond what was looked at.
        assert!(boxes(1 << 40, b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01mdat\0\0\0\x10\0\0\0\0"));
        assert!(rule("text/html").is_none());
    }
}
