//! Reads the headers of the central directory in windows of bounded size.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    central_directory_header::CentralDirectoryHeader, end_record::CentralDirectoryLocation,
    errors::archive_invalid, zip_signatures::CENTRAL_DIRECTORY_HEADER,
};

/// How much of the central directory is in memory at once. No header is longer: its fixed part has 46 bytes, and
/// its three variable fields have at most 65,535 bytes each.
const WINDOW_BYTES: u64 = 1024 * 1024;

/// Calls `visit` with every header, in the order of the central directory.
pub(crate) async fn visit_headers<R, F>(
    location: &CentralDirectoryLocation,
    read: &R,
    mut visit: impl FnMut(CentralDirectoryHeader<'_>) -> Result<(), Error>,
) -> Result<(), Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let end = location.range.end;
    let mut header_count = 0_u64;
    let mut offset = location.range.start;
    while offset < end {
        let window = read(offset..end.min(offset + WINDOW_BYTES)).await?;
        let (visited_bytes, visited_headers) = visit_window(&window, &mut visit)?;
        let is_last = offset + window.len() as u64 == end;
        if is_last && visited_bytes != window.len() {
            return Err(archive_invalid("its central directory is truncated"));
        }
        if visited_bytes == 0 {
            return Err(archive_invalid("a central directory header is damaged"));
        }
        offset += visited_bytes as u64;
        header_count += visited_headers;
    }
    // Some writers let the 16-bit count of an archive with more entries wrap around.
    if header_count != location.entry_count && header_count % 65_536 != location.entry_count {
        return Err(archive_invalid(format!(
            "its central directory has {header_count} headers, but its end of central directory record says {}",
            location.entry_count
        )));
    }
    Ok(())
}

/// Visits the complete headers of a window. Returns the number of their bytes, and of the headers.
fn visit_window(
    window: &[u8],
    visit: &mut impl FnMut(CentralDirectoryHeader<'_>) -> Result<(), Error>,
) -> Result<(usize, u64), Error> {
    let (mut offset, mut header_count) = (0, 0);
    while let Some(length) = CentralDirectoryHeader::read_length(&window[offset..]) {
        let rest = &window[offset..];
        if !rest.starts_with(CENTRAL_DIRECTORY_HEADER) {
            return Err(archive_invalid("a central directory header is damaged"));
        }
        let Some(header) = rest.get(..length) else { break };
        visit(CentralDirectoryHeader::new(header))?;
        header_count += 1;
        offset += length;
    }
    Ok((offset, header_count))
}
