//! The signatures of the records of a ZIP archive, and the check of an archive's first bytes.

/// Local file header (APPNOTE 4.3.7).
pub(crate) const LOCAL_FILE_HEADER: &[u8] = b"PK\x03\x04";
/// Central directory header (APPNOTE 4.3.12).
pub(crate) const CENTRAL_DIRECTORY_HEADER: &[u8] = b"PK\x01\x02";
/// Zip64 end of central directory record (APPNOTE 4.3.14).
pub(crate) const ZIP64_END_OF_CENTRAL_DIRECTORY: &[u8] = b"PK\x06\x06";
/// Zip64 end of central directory locator (APPNOTE 4.3.15).
pub(crate) const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
/// End of central directory record (APPNOTE 4.3.16).
pub(crate) const END_OF_CENTRAL_DIRECTORY: &[u8] = b"PK\x05\x06";

/// Whether a ZIP archive can start with these bytes: a local file header (APPNOTE 4.3.7), or the end of central
/// directory record of an empty archive (APPNOTE 4.3.16). Fewer than four bytes are compared with the start of
/// these signatures.
pub fn can_start_with(start: &[u8]) -> bool {
    let length = start.len().min(4);
    [LOCAL_FILE_HEADER, END_OF_CENTRAL_DIRECTORY].iter().any(|magic| magic[..length] == start[..length])
}
