//! Builds ZIP archives byte by byte, to make archives that no honest tool makes.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// An entry of a crafted archive. Every field may be wrong.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    /// The bytes in the archive.
    pub(super) data: Vec<u8>,
    pub(super) crc32: u32,
    /// Uncompressed size, as the headers say.
    pub(super) size: u64,
    /// Compressed size, as the directory says.
    pub(super) compressed: u64,
    /// The offset of the local header in the directory, if it differs from the real one.
    pub(super) offset: Option<u32>,
    /// Length of the extra field in the local header only.
    pub(super) padding: usize,
    /// Whether a data descriptor follows the data, with zeros in the local header.
    pub(super) descriptor: bool,
    /// Whether the directory has the sizes in a Zip64 extra field.
    pub(super) zip64: bool,
    /// Further extra fields in the directory.
    pub(super) extra: Vec<u8>,
}

impl Item {
    /// A file whose content is compressed to `data`.
    pub(super) fn new(name: impl AsRef<[u8]>, method: u16, data: Vec<u8>, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        Self {
            name: name.as_ref().to_vec(),
            flags: 1 << 11,
            method,
            crc32: crc.sum(),
            size: content.len() as u64,
            compressed: data.len() as u64,
            data,
            offset: None,
            padding: 0,
            descriptor: false,
            zip64: false,
            extra: vec![],
        }
    }

    /// An uncompressed file.
    pub(super) fn stored(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        Self::new(name, 0, content.to_vec(), content)
    }

    /// A deflated file.
    pub(super) fn deflated(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(vec![], Compression::best());
        encoder.write_all(content).expect("writing to memory succeeds");
        Self::new(name, 8, encoder.finish().expect("writing to memory succeeds"), content)
    }

    /// The same entry with a change.
    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn header(&self) -> Vec<u8> {
        let (crc32, compressed, size) = match self.descriptor {
            true => (0, 0, 0),
            false => (self.crc32, short(self.compressed), short(self.size)),
        };
        let mut header = b"PK\x03\x04\x14\0".to_vec();
        self.common(&mut header, crc32, compressed, size);
        header.extend((self.padding as u16).to_le_bytes());
        header.extend(&self.name);
        header.resize(header.len() + self.padding, 0);
        header
    }

    fn entry(&self, offset: u32) -> Vec<u8> {
        let (compressed, size) =
            if self.zip64 { (u32::MAX, u32::MAX) } else { (short(self.compressed), short(self.size)) };
        let mut extra = self.extra.clone();
        if self.zip64 {
            extra.extend([1, 0, 16, 0]);
            extra.extend(self.size.to_le_bytes());
            extra.extend(self.compressed.to_le_bytes());
        }
        let mut entry = b"PK\x01\x02\x14\0\x14\0".to_vec();
        self.common(&mut entry, self.crc32, compressed, size);
        entry.extend((extra.len() as u16).to_le_bytes());
        entry.extend([0; 10]);
        entry.extend(self.offset.unwrap_or(offset).to_le_bytes());
        entry.extend(&self.name);
        entry.extend(extra);
        entry
    }

    /// Writes the fields from the flags to the name length, which both headers share.
    fn common(&self, into: &mut Vec<u8>, crc32: u32, compressed: u32, size: u32) {
        let flags = self.flags | u16::from(self.descriptor) << 3;
        into.extend(flags.to_le_bytes());
        into.extend(self.method.to_le_bytes());
        into.extend([0; 4]);
        into.extend([crc32, compressed, size].map(u32::to_le_bytes).concat());
        into.extend((self.name.len() as u16).to_le_bytes());
    }
}

fn short(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// An archive of these entries.
pub(super) fn pack(items: &[Item]) -> Vec<u8> {
    pack_with(items, b"", false)
}

/// An archive with a comment, and optionally with a Zip64 end record.
pub(super) fn pack_with(items: &[Item], comment: &[u8], zip64: bool) -> Vec<u8> {
    pack_behind(b"", items, comment, zip64)
}

/// The same behind other bytes, with offsets that are counted from the first of them.
pub(super) fn pack_behind(prefix: &[u8], items: &[Item], comment: &[u8], zip64: bool) -> Vec<u8> {
    let (mut archive, mut directory) = (prefix.to_vec(), vec![]);
    for item in items {
        directory.extend(item.entry(archive.len() as u32));
        archive.extend(item.header());
        archive.extend(&item.data);
        if item.descriptor {
            archive.extend(b"PK\x07\x08");
            archive.extend(
                [item.crc32, short(item.compressed), short(item.size)].map(u32::to_le_bytes).concat(),
            );
        }
    }
    let (start, size) = (archive.len() as u64, directory.len() as u64);
    archive.extend(directory);
    archive.extend(end(items.len() as u64, size, start, comment, zip64));
    archive
}

/// The Info-ZIP Unicode Path extra field of a file with this name in its header.
pub(super) fn unicode_path(header_name: &[u8], name: &str) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(header_name);
    let mut field = 0x7075_u16.to_le_bytes().to_vec();
    field.extend((5 + name.len() as u16).to_le_bytes());
    field.push(1);
    field.extend(crc.sum().to_le_bytes());
    field.extend(name.as_bytes());
    field
}

/// An archive whose directory lists the same empty file so many times. Large counts need a Zip64 end record.
pub(super) fn pack_repeated(name: &str, count: usize) -> Vec<u8> {
    let item = Item::stored(name, b"");
    let (mut archive, entry) = (item.header(), item.entry(0));
    let start = archive.len() as u64;
    archive.extend(entry.repeat(count));
    archive.extend(end(count as u64, (entry.len() * count) as u64, start, b"", true));
    archive
}

/// The end records of a directory with so many entries and bytes, which begins at `start`.
fn end(count: u64, size: u64, start: u64, comment: &[u8], zip64: bool) -> Vec<u8> {
    let mut end = vec![];
    if zip64 {
        end.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
        end.extend([count, count, size, start].map(u64::to_le_bytes).concat());
        end.extend(b"PK\x06\x07\0\0\0\0");
        end.extend((start + size).to_le_bytes());
        end.extend(1_u32.to_le_bytes());
    }
    let (count, size, start) = match zip64 {
        true => (u16::MAX, u32::MAX, u32::MAX),
        false => (count as u16, size as u32, start as u32),
    };
    end.extend(b"PK\x05\x06\0\0\0\0");
    end.extend([count, count].map(u16::to_le_bytes).concat());
    end.extend([size, start].map(u32::to_le_bytes).concat());
    end.extend((comment.len() as u16).to_le_bytes());
    end.extend(comment);
    end
}
