//! Inflates every file of an archive on the local disk and discards it: the minimum cost of unpacking.
//!
//! `bench-inflate FILE` lists the archive as production does and inflates with the same library: one file after the other,
//! from a buffer to a buffer. It checks length and CRC-32 of each file, also of stored files. Prints the same line of JSON as
//! `bench-unpack`. Linux only.

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
/// The size of the input and output buffers. Both fit into a processor's cache.
const BUFFER_BYTES: usize = 64 * 1024;
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
        file.read_exact_at(&mut bytes, start).map(|()| Bytes::from(bytes)).map_err(read_error)
    };
    let listing = list_entries(length, |range| read(range.start, range.end), NO_LIMITS).await?;
    let mut inflater =
        FileInflater { file: &file, input: vec![0; BUFFER_BYTES], output: Vec::with_capacity(BUFFER_BYTES) };
    let mut bytes = 0;
    for entry in &listing.files {
        let header =
            read(entry.local_header_offset, length.min(entry.local_header_offset + MAX_HEADER_BYTES)).await?;
        let data = locate_file_data(entry, &header).ok_or("a local file header is missing")?;
        let (size, crc32) = inflater.inflate(entry, data.start, data.end)?;
        if (size, crc32) != (entry.uncompressed_size, entry.crc32) {
            return Err(format!("{} is damaged", entry.decode_name()).into());
        }
        bytes += size;
    }
    cost::report(bytes, started, json!({ "files": listing.files.len() }))
}

fn read_error(error: std::io::Error) -> model::Error {
    model::Error::new(model::ErrorClass::StorageUnavailable, "the archive cannot be read").with_source(error)
}

/// Inflates files of the archive with shared buffers.
struct FileInflater<'a> {
    file: &'a File,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl FileInflater<'_> {
    /// Inflates a file and returns its length and CRC-32.
    fn inflate(
        &mut self,
        entry: &ArchiveEntry,
        mut start: u64,
        end: u64,
    ) -> Result<(u64, u32), RuntimeError> {
        let (mut crc, mut size) = (Crc::new(), 0);
        let mut inflater = Decompress::new(false);
        while start < end {
            let length = usize::try_from(end - start).unwrap_or(usize::MAX).min(BUFFER_BYTES);
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
                // The buffer is not full, so the input is consumed.
                if status == Status::StreamEnd || self.output.len() < BUFFER_BYTES {
                    break;
                }
            }
        }
        Ok((size, crc.sum()))
    }
}
