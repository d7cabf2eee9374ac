//! One file of an archive, as its central directory header describes it.

use crate::entry_name::{NameEncoding, decode_name, quote_name};

/// Length of the fixed part of a local file header (APPNOTE 4.3.7). The file name and the extra field follow.
pub const MIN_LOCAL_FILE_HEADER_BYTES: u64 = 30;

/// The compression methods that are supported (APPNOTE 4.4.5). Archives with other methods are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionMethod {
    /// Method 0: no compression.
    Stored,
    /// Method 8: one raw Deflate stream.
    Deflated,
}

/// A file of an archive. All values come from the central directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// The file name, not decoded (APPNOTE 4.4.17).
    pub name: Box<[u8]>,
    /// The encoding that the archive declares for the file name.
    pub name_encoding: NameEncoding,
    /// How the file data is compressed.
    pub compression_method: CompressionMethod,
    /// CRC-32 of the uncompressed file (APPNOTE 4.4.7).
    pub crc32: u32,
    /// Length of the file data in the archive (APPNOTE 4.4.8).
    pub compressed_size: u64,
    /// Length of the uncompressed file (APPNOTE 4.4.9).
    pub uncompressed_size: u64,
    /// Offset of the local file header from the first byte of the archive (APPNOTE 4.4.16).
    pub local_header_offset: u64,
    /// Length of a local file header that repeats the name and the extra field of the central directory. The actual
    /// local file header may be longer.
    pub expected_header_length: u64,
}

impl ArchiveEntry {
    /// The lowest offset at which the file data can end: a local file header has at least its fixed part and the
    /// name.
    pub fn min_end(&self) -> u64 {
        self.local_header_offset
            .saturating_add(MIN_LOCAL_FILE_HEADER_BYTES)
            .saturating_add(self.name.len() as u64)
            .saturating_add(self.compressed_size)
    }

    /// Decodes the file name.
    pub fn decode_name(&self) -> String {
        decode_name(&self.name, self.name_encoding)
    }

    /// The decoded file name in quotes, for a message.
    pub fn quote_name(&self) -> String {
        quote_name(&self.decode_name())
    }
}
