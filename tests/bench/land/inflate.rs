//! Inflates every file of an archive on the local disk and throws it away: the least that unpacking can cost.
//!
//! `bench-inflate FILE` lists the archive as production does and inflates with the same library, nothing else: one
//! file after the other, from a buffer into a buffer, each checked by length and CRC-32. Stored files are read and
//! checked. Prints the same line of JSON as `bench-unpack`. Linux only.

mod cost;

use std::{fs::File, os::unix::fs::FileExt, time::Instant};

use archive::{ArchiveEntry, CompressionMethod, UnpackLimits, list_entries, locate_file_data};
use bytes::Bytes;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use runtime::RuntimeError;
use serde_json::json;

const NO_LIMITS: UnpackLimits = UnpackLimits {
    max_entries: u64::MAX,
    max_unpacked_bytes: u64::MAX,
    max_entry_bytes: u64::MAX,
    max_ratio: u64::MAX,
};
/// What is read at once, and what is inflated at once: both fit into a processor's cache.
const PIECE: usize = 64 * 1024;
/// The longest header: 30 bytes, a name and an extra field.
const MAX_HEADER_BYTES: u64 = 30 + 2 * 65_535;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let path = std::env::args().nth(1).ok_or("usage: bench-inflate FILE")?;
    let file = File::open(path)?;
    let length = file.metadata()?.len();

    let started = Instant::now();
    let read = async |start: u64, end: u64| {
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, start).map(|()| Bytes::from(bytes)).map_err(unreadable)
    };
    let listing = list_entries(length, |range| read(range.start, range.end), NO_LIMITS).await?;
    let mut inflating = Inflating { file: &file, input: vec![0; PIECE], output: Vec::with_capacity(PIECE) };
    let mut bytes = 0;
    for entry in &listing.files {
        let header =
            read(entry.local_header_offset, length.min(entry.local_header_offset + MAX_HEADER_BYTES)).await?;
        let data = locate_file_data(entry, &header).ok_or("a header is missing")?;
        let (size, crc32) = inflating.run(entry, data.start, data.end)?;
        if (size, crc32) != (entry.uncompressed_size, entry.crc32) {
            return Err(format!("{} is damaged", entry.decode_name()).into());
        }
        bytes += size;
    }
    cost::report(bytes, started, json!({ "files": listing.files.len() }))
}

fn unreadable(error: std::io::Error) -> model::Error {
    model::Error::new(model::ErrorClass::StorageUnavailable, "the archive cannot be read").with_source(error)
}

/// The buffers, which all files share.
struct Inflating<'a> {
    file: &'a File,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Inflating<'_> {
    /// Length and CRC-32 of a file.
    fn run(&mut self, entry: &ArchiveEntry, mut start: u64, end: u64) -> Result<(u64, u32), RuntimeError> {
        let (mut crc, mut size) = (Crc::new(), 0);
        let mut inflater = Decompress::new(false);
        while start < end {
            let length = usize::try_from(end - start).unwrap_or(usize::MAX).min(PIECE);
            let input = &mut self.input[..length];
            self.file.read_exact_at(input, start)?;
            start += length as u64;
            if entry.compression_method == CompressionMethod::Stored {
                crc.update(input);
                size += length as u64;
                continue;
            }
            let before = inflater.total_in();
            loop {
                self.output.clear();
                let taken = usize::try_from(inflater.total_in() - before).unwrap_or(usize::MAX);
                let status =
                    inflater.decompress_vec(&input[taken..], &mut self.output, FlushDecompress::None)?;
                crc.update(&self.output);
                size += self.output.len() as u64;
                // With room left, it has given all that this input holds.
                if status == Status::StreamEnd || self.output.len() < PIECE {
                    break;
                }
            }
        }
        Ok((size, crc.sum()))
    }
}
