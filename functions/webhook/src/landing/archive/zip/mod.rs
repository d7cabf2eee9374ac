//! Reading a ZIP archive that lies in the bucket, by its central directory.
//!
//! The directory at the end decides what an archive holds; local headers may lie and streams may be cut. Only
//! ranges are read, in windows of bounded size, so an archive of any length is inspected in constant memory.

mod directory;
mod end;
mod entry;
mod limits;
mod list;
mod name;

use std::ops::Range;

use bytes::Bytes;
use model::{Error, ErrorClass};

pub use entry::{Entry, Method, data_range};
pub use limits::Limits;
pub use list::{Listing, list};
pub use name::decoded;

pub(crate) use entry::HEADER_LENGTH;
pub(crate) use limits::refused;
pub(crate) use name::shown;

/// What an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Files, directories not counted.
    pub files: u64,
}

/// Whether bytes can be the first ones of an archive: a local header, or the end record of an empty archive.
/// Fewer than four bytes are judged by what is there.
pub fn may_begin_with(start: &[u8]) -> bool {
    let length = start.len().min(4);
    [b"PK\x03\x04", b"PK\x05\x06"].iter().any(|magic| magic[..length] == start[..length])
}

/// Reads the directory of an archive of `length` bytes through `read`, which gives exactly the range asked for.
///
/// # Errors
/// [`ErrorClass::ArchiveInvalid`] if it is not a whole ZIP archive, or whatever `read` fails with.
pub async fn inspect<R, F>(length: u64, read: R) -> Result<Contents, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let place = end::find(length, &read).await?;
    let mut files = 0;
    directory::walk(&place, &read, |record| {
        files += u64::from(!record.is_directory());
        Ok(())
    })
    .await?;
    Ok(Contents { files })
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorClass::ArchiveInvalid, format!("the archive is not a whole ZIP: {why}"))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
