//! Reads the fields of one central directory header (APPNOTE 4.3.12).

use flate2::Crc;

use crate::{
    entry::{CompressionMethod, MIN_LOCAL_FILE_HEADER_BYTES},
    entry_name::{NameEncoding, decode_name, quote_name},
    little_endian::{u16_at, u32_at, u64_at},
    unreadable_entry::{AES_METHOD, EncryptionMethod},
};

/// Length of the fixed part of a central directory header (APPNOTE 4.3.12).
const MIN_CENTRAL_DIRECTORY_HEADER_BYTES: usize = 46;
/// The ID of the Zip64 extended information extra field (APPNOTE 4.5.3).
const ZIP64_EXTRA_ID: u16 = 0x0001;
/// The ID of the Info-ZIP Unicode Path extra field (APPNOTE 4.6.9).
const UNICODE_PATH_EXTRA_ID: u16 = 0x7075;
/// The ID of the extra field of WinZip's AES encryption (APPNOTE 4.5.2).
const AES_EXTRA_ID: u16 = 0x9901;
/// General purpose bit 0: the entry is encrypted (APPNOTE 4.4.4).
const ENCRYPTED_FLAG: u16 = 1;
/// General purpose bits 6, strong encryption, and 13, masked local header (APPNOTE 4.4.4).
const STRONG_ENCRYPTION_FLAGS: u16 = 1 << 6 | 1 << 13;
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

    /// The file name: that of the Unicode Path extra field if it is valid, else that of the header.
    pub(crate) fn name(self) -> &'a [u8] {
        self.unicode_path().unwrap_or(self.header_name())
    }

    fn header_name(self) -> &'a [u8] {
        self.variable_field(MIN_CENTRAL_DIRECTORY_HEADER_BYTES, self.u16(28))
    }

    /// The name in the Unicode Path extra field: version 1, the CRC-32 of the name in the header, the name in UTF-8. With
    /// another CRC-32 the name in the header was changed later, and the field is ignored (APPNOTE 4.6.9).
    fn unicode_path(self) -> Option<&'a [u8]> {
        let field = self.extra_field_with_id(UNICODE_PATH_EXTRA_ID)?;
        let (version, header_crc, name) = (*field.first()?, u32_at(field, 1)?, field.get(5..)?);
        let mut crc = Crc::new();
        crc.update(self.header_name());
        let is_valid = version == 1 && header_crc == crc.sum() && std::str::from_utf8(name).is_ok();
        (is_valid && !name.is_empty()).then_some(name)
    }

    fn extra_field(self) -> &'a [u8] {
        let start = MIN_CENTRAL_DIRECTORY_HEADER_BYTES + usize::from(self.u16(28));
        self.variable_field(start, self.u16(30))
    }

    /// Whether the entry is a directory: its name ends in a slash.
    pub(crate) fn is_directory(self) -> bool {
        self.name().ends_with(b"/")
    }

    pub(crate) fn name_encoding(self) -> NameEncoding {
        let is_utf8 = self.u16(8) & UTF8_FLAG != 0 || self.unicode_path().is_some();
        if is_utf8 { NameEncoding::Utf8 } else { NameEncoding::Unspecified }
    }

    /// The decoded file name in quotes, for a message.
    pub(crate) fn quote_name(self) -> String {
        quote_name(&decode_name(self.name(), self.name_encoding()))
    }

    /// How the file data is encrypted. None if it is not.
    pub(crate) fn encryption(self) -> Option<EncryptionMethod> {
        let flags = self.u16(8);
        if flags & STRONG_ENCRYPTION_FLAGS != 0 {
            return Some(EncryptionMethod::Strong);
        }
        if flags & ENCRYPTED_FLAG == 0 {
            return None;
        }
        if self.u16(10) != AES_METHOD {
            return Some(EncryptionMethod::Traditional);
        }
        // The strength is in the fifth byte: 1, 2 or 3 for 128, 192 or 256 bits.
        let strength = self.extra_field_with_id(AES_EXTRA_ID).and_then(|field| field.get(4).copied());
        let strength = strength.filter(|strength| (1..=3).contains(strength));
        Some(EncryptionMethod::Aes(strength.map(|strength| 64 + 64 * u16::from(strength))))
    }

    pub(crate) fn compression_method(self) -> CompressionMethod {
        CompressionMethod::from_number(self.u16(10))
    }

    pub(crate) fn crc32(self) -> u32 {
        self.u32(16)
    }

    /// Length of a local file header that repeats this header's file name.
    pub(crate) fn min_local_header_length(self) -> u64 {
        MIN_LOCAL_FILE_HEADER_BYTES + u64::from(self.u16(28))
    }

    /// Length of a local file header that repeats this header's file name and extra field.
    pub(crate) fn expected_local_header_length(self) -> u64 {
        self.min_local_header_length() + u64::from(self.u16(30))
    }

    /// Reads the sizes and the offset of the local file header.
    ///
    /// A field of 0xFFFFFFFF is replaced by its value in the Zip64 extended information extra field. That field
    /// holds only the values that do not fit, in this order: uncompressed size, compressed size, offset (APPNOTE
    /// 4.5.3). Returns None if such a value is missing.
    pub(crate) fn read_sizes_and_offset(self) -> Option<SizesAndOffset> {
        let mut zip64_values = self.extra_field_with_id(ZIP64_EXTRA_ID).unwrap_or_default();
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

    /// The data of the first extra field with this ID (APPNOTE 4.5.1).
    fn extra_field_with_id(self, wanted: u16) -> Option<&'a [u8]> {
        let mut extra = self.extra_field();
        loop {
            let (id, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
            let field = extra.get(4..4 + length)?;
            if id == wanted {
                return Some(field);
            }
            extra = &extra[4 + length..];
        }
    }
}
