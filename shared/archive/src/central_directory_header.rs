//! Reads the fields of one central directory header (APPNOTE 4.3.12).

use crate::{
    entry::MIN_LOCAL_FILE_HEADER_BYTES,
    entry_name::{NameEncoding, decode_name, quote_name},
    little_endian::{u16_at, u32_at, u64_at},
};

/// Length of the fixed part of a central directory header (APPNOTE 4.3.12).
const MIN_CENTRAL_DIRECTORY_HEADER_BYTES: usize = 46;
/// The ID of the Zip64 extended information extra field (APPNOTE 4.5.3).
const ZIP64_EXTRA_ID: u16 = 0x0001;
/// General purpose bits of encryption: 0 encrypted, 6 strong encryption, 13 masked local header (APPNOTE 4.4.4).
const ENCRYPTION_FLAGS: u16 = 1 | 1 << 6 | 1 << 13;
/// General purpose bit 11, the language encoding flag: the file name is UTF-8 (APPNOTE 4.4.4).
const UTF8_FLAG: u16 = 1 << 11;

/// A complete central directory header in the current window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CentralDirectoryHeader<'a>(&'a [u8]);

/// The fields of a header that Zip64 extends to eight bytes.
#[derive(Debug)]
pub(crate) struct SizesAndOffset {
    pub(crate) uncompressed_size: u64,
    pub(crate) compressed_size: u64,
    pub(crate) local_header_offset: u64,
}

impl<'a> CentralDirectoryHeader<'a> {
    /// Reads the length of the header that `bytes` start with: the fixed part, the file name, the extra field and
    /// the comment. None if the fixed part is incomplete.
    pub(crate) fn read_length(bytes: &[u8]) -> Option<usize> {
        let field = |offset| u16_at(bytes, offset).map(usize::from);
        (bytes.len() >= MIN_CENTRAL_DIRECTORY_HEADER_BYTES).then_some(())?;
        Some(MIN_CENTRAL_DIRECTORY_HEADER_BYTES + field(28)? + field(30)? + field(32)?)
    }

    /// Wraps the bytes of exactly one header.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn u16(self, offset: usize) -> u16 {
        u16_at(self.0, offset).unwrap_or_default()
    }

    fn u32(self, offset: usize) -> u32 {
        u32_at(self.0, offset).unwrap_or_default()
    }

    fn variable_field(self, start: usize, length: u16) -> &'a [u8] {
        self.0.get(start..start + usize::from(length)).unwrap_or_default()
    }

    pub(crate) fn name(self) -> &'a [u8] {
        self.variable_field(MIN_CENTRAL_DIRECTORY_HEADER_BYTES, self.u16(28))
    }

    fn extra_field(self) -> &'a [u8] {
        let start = MIN_CENTRAL_DIRECTORY_HEADER_BYTES + usize::from(self.u16(28));
        self.variable_field(start, self.u16(30))
    }

    /// Whether the entry is a directory. Its name ends in a slash, and it has no file data.
    pub(crate) fn is_directory(self) -> bool {
        self.name().ends_with(b"/")
    }

    pub(crate) fn name_encoding(self) -> NameEncoding {
        if self.u16(8) & UTF8_FLAG != 0 { NameEncoding::Utf8 } else { NameEncoding::Unspecified }
    }

    /// The decoded file name in quotes, for a message.
    pub(crate) fn quote_name(self) -> String {
        quote_name(&decode_name(self.name(), self.name_encoding()))
    }

    pub(crate) fn is_encrypted(self) -> bool {
        self.u16(8) & ENCRYPTION_FLAGS != 0
    }

    /// The number of the compression method: 0 is stored, 8 is deflated (APPNOTE 4.4.5).
    pub(crate) fn compression_method(self) -> u16 {
        self.u16(10)
    }

    pub(crate) fn crc32(self) -> u32 {
        self.u32(16)
    }

    /// Length of a local file header that repeats this header's file name and extra field.
    pub(crate) fn expected_local_header_length(self) -> u64 {
        MIN_LOCAL_FILE_HEADER_BYTES + u64::from(self.u16(28)) + u64::from(self.u16(30))
    }

    /// Reads the sizes and the offset of the local file header.
    ///
    /// A field of 0xFFFFFFFF is replaced by its value in the Zip64 extended information extra field. That field
    /// holds only the values that do not fit, in this order: uncompressed size, compressed size, offset (APPNOTE
    /// 4.5.3). Returns None if such a value is missing.
    pub(crate) fn read_sizes_and_offset(self) -> Option<SizesAndOffset> {
        let mut zip64_values = self.zip64_extra().unwrap_or_default();
        let mut extend = |field: u32| {
            if field != u32::MAX {
                return Some(u64::from(field));
            }
            let value = u64_at(zip64_values, 0)?;
            zip64_values = &zip64_values[8..];
            Some(value)
        };
        Some(SizesAndOffset {
            uncompressed_size: extend(self.u32(24))?,
            compressed_size: extend(self.u32(20))?,
            local_header_offset: extend(self.u32(42))?,
        })
    }

    fn zip64_extra(self) -> Option<&'a [u8]> {
        let mut extra = self.extra_field();
        loop {
            let (id, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
            let field = extra.get(4..4 + length)?;
            if id == ZIP64_EXTRA_ID {
                return Some(field);
            }
            extra = &extra[4 + length..];
        }
    }
}
