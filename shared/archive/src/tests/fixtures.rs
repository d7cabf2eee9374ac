//! Archives that the `zip` crate writes, and byte ranges of archives in memory.

use std::{
    io::{Cursor, Write},
    ops::Range,
};

use bytes::Bytes;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A file to write: its name, its content and whether it is deflated.
pub(super) type FileToWrite = (String, Vec<u8>, bool);

/// Copies a byte range. A range outside of the archive is an error of the reader, so it panics.
pub(super) fn slice(archive: &[u8], range: &Range<u64>) -> Bytes {
    let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
    let range = start.expect("a small offset")..end.expect("a small offset");
    Bytes::copy_from_slice(archive.get(range).expect("a range inside the archive"))
}

/// Writes an archive with these names. A name that ends in a slash becomes a directory.
pub(super) fn write_archive(names: impl IntoIterator<Item = String>, comment: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for name in names {
        if name.ends_with('/') {
            writer.add_directory(name, SimpleFileOptions::default()).expect("add a directory");
        } else {
            writer.start_file(name, SimpleFileOptions::default()).expect("start a file");
            writer.write_all(b"content").expect("write its content");
        }
    }
    writer.set_raw_comment(comment.to_vec().into_boxed_slice()).expect("set the comment");
    writer.finish().expect("finish the archive").into_inner()
}

/// Writes an archive with `count` files.
pub(super) fn write_numbered_files(count: usize) -> Vec<u8> {
    write_archive((0..count).map(|i| format!("banner-{i}.png")), b"")
}

/// Writes an archive with these files. Files of odd length get Zip64 fields.
pub(super) fn write_files(files: &[FileToWrite]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (name, content, is_deflated) in files {
        let method = if *is_deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(name.clone(), options.large_file(content.len() % 2 == 1)).expect("start a file");
        writer.write_all(content).expect("write its content");
    }
    writer.finish().expect("finish the archive").into_inner()
}

/// The offset of the first central directory header.
pub(super) fn find_central_directory(archive: &[u8]) -> usize {
    archive.windows(4).position(|four| four == b"PK\x01\x02").expect("a central directory header")
}
