//! The signatures of the records of a ZIP archive, the lengths of its end records, and the first bytes of an archive.

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
/// Data descriptor (APPNOTE 4.3.9.3), and the marker at the start of a split archive (APPNOTE 8.5.3).
pub(crate) const DATA_DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// The marker at the start of an archive that was to be split and needed one part only (APPNOTE 8.5.4).
const NOT_SPLIT: &[u8] = b"PK00";

/// Length of the end of central directory record without its comment (APPNOTE 4.3.16).
pub(crate) const MIN_END_RECORD_BYTES: u64 = 22;
/// Length of the Zip64 end of central directory locator (APPNOTE 4.3.15).
pub(crate) const LOCATOR_BYTES: u64 = 20;

/// Records that belong to an archive. Behind an end of central directory record they show that it is not the end.
const RECORDS: &[&[u8]] = &[
    LOCAL_FILE_HEADER,
    CENTRAL_DIRECTORY_HEADER,
    ZIP64_END_OF_CENTRAL_DIRECTORY,
    ZIP64_LOCATOR,
    DATA_DESCRIPTOR,
];

/// Whether an archive without anything before it can start with these bytes: a local file header, the end of
/// central directory record of an empty archive, or the marker of a split archive. It says nothing about the rest: an
/// archive is recognized by its end.
pub(crate) fn can_start_with(start: &[u8]) -> bool {
    let starts = [LOCAL_FILE_HEADER, END_OF_CENTRAL_DIRECTORY, DATA_DESCRIPTOR, NOT_SPLIT];
    starts.iter().any(|signature| start.starts_with(signature))
}

/// The offset of the last signature of a record other than the end of central directory record.
pub(crate) fn find_last_record(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).rposition(|four| RECORDS.contains(&four))
}
