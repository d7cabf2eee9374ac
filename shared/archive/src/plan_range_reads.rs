//! Plans the reads of an archive: each byte once, in ascending order, with adjacent small files in one read.

use std::ops::Range;

use crate::{
    entry::{ArchiveEntry, MIN_LOCAL_FILE_HEADER_BYTES},
    list_entries::ArchiveListing,
};

/// The most bytes of a file that is read into memory, and of a file that is inflated there. Longer files are
/// streamed.
const MAX_IN_MEMORY_BYTES: u64 = 4 * 1024 * 1024;
/// The most bytes of adjacent files in one block. Many short blocks at once keep as many files in progress as few
/// long ones, in half the memory.
const MAX_BLOCK_BYTES: u64 = 512 * 1024;
/// How much longer than expected a local file header may be before its file needs a second read.
const HEADER_SLACK_BYTES: u64 = 64;

/// A file and the offset at which its data ends at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedFile {
    /// The index of the file in the listing.
    pub index: usize,
    /// The offset of the next local file header, or of the central directory.
    pub max_end: u64,
}

/// One step of reading an archive.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadStep {
    /// Reads adjacent small files into memory with one request.
    Block {
        /// The range to read.
        range: Range<u64>,
        /// The files in it.
        files: Vec<PlannedFile>,
    },
    /// Streams one large file.
    Stream(PlannedFile),
}

/// Plans the reads of an archive whose entries do not overlap. Entries that cannot be read are left out.
pub fn plan_reads(listing: &ArchiveListing) -> Vec<ReadStep> {
    let mut by_offset: Vec<usize> = (0..listing.files.len()).collect();
    by_offset.sort_by_key(|index| listing.files[*index].local_header_offset);
    let mut steps: Vec<ReadStep> = vec![];
    for (position, &index) in by_offset.iter().enumerate() {
        let entry = &listing.files[index];
        let next = by_offset.get(position + 1);
        let max_end =
            next.map_or(listing.central_directory_offset, |next| listing.files[*next].local_header_offset);
        if entry.unreadable_reason().is_some() {
            continue;
        }
        let file = PlannedFile { index, max_end };
        let start = entry.local_header_offset;
        let end = expected_end(entry).min(max_end);
        if end - start > MAX_IN_MEMORY_BYTES || entry.uncompressed_size > MAX_IN_MEMORY_BYTES {
            steps.push(ReadStep::Stream(file));
            continue;
        }
        match steps.last_mut() {
            Some(ReadStep::Block { range, files }) if end - range.start <= MAX_BLOCK_BYTES => {
                range.end = end;
                files.push(file);
            }
            _ => steps.push(ReadStep::Block { range: start..end, files: vec![file] }),
        }
    }
    steps
}

fn expected_end(entry: &ArchiveEntry) -> u64 {
    entry
        .local_header_offset
        .saturating_add(entry.expected_header_length.max(MIN_LOCAL_FILE_HEADER_BYTES))
        .saturating_add(entry.compressed_size)
        .saturating_add(HEADER_SLACK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entry::CompressionMethod, entry_name::NameEncoding};

    /// Adjacent stored files of these sizes. The central directory lists them from the last to the first.
    fn list_files(sizes: &[u64]) -> ArchiveListing {
        let mut offset = 10;
        let mut files = vec![];
        for size in sizes {
            files.push(ArchiveEntry {
                name: Box::from(b"name".as_slice()),
                name_encoding: NameEncoding::Utf8,
                compression_method: CompressionMethod::Stored,
                encryption: None,
                crc32: 0,
                compressed_size: *size,
                uncompressed_size: *size,
                local_header_offset: offset,
                min_header_length: 34,
                expected_header_length: 34,
            });
            offset += 34 + size;
        }
        files.reverse();
        ArchiveListing { files, central_directory_offset: offset }
    }

    #[test]
    fn files_that_cannot_be_read_are_left_out_and_end_the_file_before_them() {
        let mut listing = list_files(&[100, 200, 300]);
        listing.files[1].compression_method = CompressionMethod::Unsupported(12);
        let steps = plan_reads(&listing);
        let [ReadStep::Block { files, .. }] = &steps[..] else { panic!("one block: {steps:?}") };
        assert_eq!(files.iter().map(|file| file.index).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(files[0].max_end, listing.files[1].local_header_offset);
    }

    fn indices(step: &ReadStep) -> Vec<usize> {
        match step {
            ReadStep::Block { files, .. } => files.iter().map(|file| file.index).collect(),
            ReadStep::Stream(file) => vec![file.index],
        }
    }

    #[test]
    fn adjacent_small_files_are_read_in_blocks_and_large_files_are_streamed() {
        let steps =
            plan_reads(&list_files(&[100, 200, MAX_IN_MEMORY_BYTES, 300, MAX_BLOCK_BYTES - 500, 400]));
        let indices: Vec<Vec<usize>> = steps.iter().map(indices).collect();
        assert_eq!(indices, [vec![5, 4], vec![3], vec![2, 1], vec![0]]);
        assert!(matches!(&steps[1], ReadStep::Stream(_)));
    }

    #[test]
    fn a_block_is_at_most_512_kib_long_and_ends_before_the_central_directory() {
        let listing = list_files(&[70_000; 300]);
        let steps = plan_reads(&listing);
        let mut file_count = 0;
        for step in &steps {
            let ReadStep::Block { range, files } = step else { panic!("all files are small: {step:?}") };
            assert!(range.end - range.start <= MAX_BLOCK_BYTES);
            assert!(range.end <= listing.central_directory_offset);
            file_count += files.len();
        }
        assert_eq!((file_count, steps.len()), (300, 43));
    }
}
