//! The signatures that a ZIP archive can begin with (APPNOTE 4.3.7 and 4.3.16).

/// Whether bytes can be the first ones of an archive: a local header, or the end record of an empty archive.
/// Fewer than four bytes are judged by what is there.
pub fn can_start_with(start: &[u8]) -> bool {
    let length = start.len().min(4);
    [b"PK\x03\x04", b"PK\x05\x06"].iter().any(|magic| magic[..length] == start[..length])
}
