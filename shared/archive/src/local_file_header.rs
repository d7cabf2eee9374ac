//! The local file header, which precedes the file data of each entry (APPNOTE 4.3.7).

use std::ops::Range;

use crate::{
    entry::{ArchiveEntry, MIN_LOCAL_FILE_HEADER_BYTES},
    little_endian::u16_at,
    zip_signatures::LOCAL_FILE_HEADER,
};

/// Reads from a local file header which range of the archive holds the entry's file data.
///
/// `header` starts at the entry's `local_header_offset` and holds at least the fixed part of the header. Returns
/// None if it is no local file header.
pub fn locate_file_data(entry: &ArchiveEntry, header: &[u8]) -> Option<Range<u64>> {
    if !header.starts_with(LOCAL_FILE_HEADER) {
        return None;
    }
    let (name_length, extra_length) = (u16_at(header, 26)?, u16_at(header, 28)?);
    let header_length = MIN_LOCAL_FILE_HEADER_BYTES + u64::from(name_length) + u64::from(extra_length);
    let start = entry.local_header_offset.checked_add(header_length)?;
    Some(start..start.checked_add(entry.compressed_size)?)
}
