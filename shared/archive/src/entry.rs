//! One file of an archive, as its central directory header describes it.

use crate::{
    entry_name::{NameEncoding, decode_name, quote_name},
    unreadable_entry::{EncryptionMethod, describe_encryption, describe_method},
};

/// Length of the fixed part of a local file header (APPNOTE 4.3.7). The file name and the extra field follow.
pub const MIN_LOCAL_FILE_HEADER_BYTES: u64 = 30;

/// The compression methods (APPNOTE 4.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionMethod {
    /// Method 0: no compression.
    Stored,
    /// Method 8: one raw Deflate stream.
    Deflated,
    /// Method 9: Deflate64, which Windows writes for files of more than 2 GiB.
    Deflate64,
    /// Any other method. Its entries cannot be read.
    Unsupported(u16),
}

impl CompressionMethod {
    /// The method with this number.
    pub(crate) fn from_number(number: u16) -> Self {
        match number {
            0 => Self::Stored,
            8 => Self::Deflated,
            9 => Self::Deflate64,
            other => Self::Unsupported(other),
        }
    }
}

/// A file of an archive. All values come from the central directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// The file name, not decoded (APPNOTE 4.4.17): that of the Unicode Path field if it is valid, else that of the
    /// header.
    pub name: Box<[u8]>,
    /// The encoding that the archive declares for this name.
    pub name_encoding: NameEncoding,
    /// How the file data is compressed.
    pub compression_method: CompressionMethod,
    /// How the file data is encrypted, if it is.
    pub encryption: Option<EncryptionMethod>,
    /// CRC-32 of the uncompressed file (APPNOTE 4.4.7).
    pub crc32: u32,
    /// Length of the file data in the archive (APPNOTE 4.4.8).
    pub compressed_size: u64,
    /// Length of the uncompressed file (APPNOTE 4.4.9).
    pub uncompressed_size: u64,
    /// Offset of the local file header from the first byte of the archive (APPNOTE 4.4.16).
    pub local_header_offset: u64,
    /// Length of a local file header that repeats the name of the central directory and has no extra field. The actual
    /// one may be longer, and is hardly ever shorter.
    pub min_header_length: u64,
    /// Length of a local file header that repeats the name and the extra field of the central directory. The actual
    /// local file header may be longer.
    pub expected_header_length: u64,
}

impl ArchiveEntry {
    /// The lowest offset at which the file data can end: a local file header has at least its fixed part and the
    /// name.
    pub fn min_end(&self) -> u64 {
        self.local_header_offset.saturating_add(self.min_header_length).saturating_add(self.compressed_size)
    }

    /// Why the entry cannot be read: it is encrypted, or compressed with a method that is not supported. None if it can.
    pub fn unreadable_reason(&self) -> Option<String> {
        match (self.encryption, self.compression_method) {
            (Some(encryption), _) => Some(describe_encryption(encryption)),
            (None, CompressionMethod::Unsupported(number)) => Some(describe_method(number)),
            (None, _) => None,
        }
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
