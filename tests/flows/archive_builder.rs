//! Builds ZIP archives of any size.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// An archive of so many uncompressed files of this length. Its bytes do not repeat.
pub(crate) fn archive_of(files: usize, length: usize) -> Vec<u8> {
    archive_from(0x9e37_79b9_7f4a_7c15, files, length)
}

/// The same with other bytes in its files.
pub(crate) fn another_archive_of(files: usize, length: usize) -> Vec<u8> {
    archive_from(0x2545_f491_4f6c_dd1d, files, length)
}

fn archive_from(mut state: u64, files: usize, length: usize) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::with_capacity(files * (length + 200) + 22)));
    for file in 0..files {
        archive.start_file(format!("file-{file}.bin"), options).expect("a file");
        let mut content = Vec::with_capacity(length + 8);
        while content.len() < length {
            // One step of a xorshift generator.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            content.extend_from_slice(&state.to_le_bytes());
        }
        archive.write_all(&content[..length]).expect("its bytes");
    }
    archive.finish().expect("an archive").into_inner()
}
