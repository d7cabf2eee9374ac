//! Unpacks archives in memory, in both ways of inflating.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt, stream};
use model::Error;

use super::fixtures::slice;
use crate::{
    ArchiveEntry, ArchiveListing, ReadStep, UnpackLimits, corrupt_entry, inflate_all, inflate_start,
    inflate_stream, list_entries, locate_file_data, plan_reads,
};

const LIMITS: UnpackLimits = UnpackLimits {
    max_entries: 1000,
    max_unpacked_bytes: 1 << 30,
    max_entry_bytes: 1 << 29,
    max_ratio: 2000,
};

/// Each file's name and its content.
pub(super) type UnpackedFiles = Vec<(String, Result<Bytes, Error>)>;

pub(super) fn list(archive: &[u8]) -> Result<ArchiveListing, Error> {
    let read = |range: Range<u64>| std::future::ready(Ok(slice(archive, &range)));
    list_entries(archive.len() as u64, read, LIMITS).now_or_never().expect("memory is always ready")
}

/// Unpacks an archive in the planned steps, which leave out files that cannot be read. Each file is inflated in both ways, from chunks of `chunk_size` bytes.
pub(super) fn unpack(archive: &[u8], chunk_size: usize) -> Result<UnpackedFiles, Error> {
    let listing = list(archive)?;
    let mut contents: Vec<(usize, Result<Bytes, Error>)> = vec![];
    for step in plan_reads(&listing) {
        let planned = match step {
            ReadStep::Block { files, range } => {
                assert!(range.end <= archive.len() as u64);
                files
            }
            ReadStep::Stream(file) => vec![file],
        };
        for file in planned {
            let entry = &listing.files[file.index];
            let range = locate_file_data(entry, &archive[entry.local_header_offset as usize..]);
            let content = match range.filter(|range| range.end <= file.max_end) {
                Some(range) => inflate_in_both_ways(entry, slice(archive, &range), chunk_size),
                None => Err(corrupt_entry("its file data is outside of its range")),
            };
            contents.push((file.index, content));
        }
    }
    contents.sort_by_key(|(index, _)| *index);
    let name = |index: usize| listing.files[index].decode_name();
    Ok(contents.into_iter().map(|(index, content)| (name(index), content)).collect())
}

/// Inflates a file in memory and as a stream of chunks of `chunk_size` bytes. Both ways must agree.
pub(super) fn inflate_in_both_ways(
    entry: &ArchiveEntry,
    data: Bytes,
    chunk_size: usize,
) -> Result<Bytes, Error> {
    let chunks: Vec<Result<Bytes, Error>> =
        data.chunks(chunk_size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let streamed = inflate_stream(entry, stream::iter(chunks));
    let streamed = streamed.try_collect::<Vec<Bytes>>().now_or_never().expect("memory is always ready");
    let in_memory = inflate_all(entry, data.clone());
    match (&in_memory, streamed) {
        (Ok(content), Ok(chunks)) => {
            assert!(*content == chunks.concat());
            let start = inflate_start(entry, data, 64);
            assert!(content.starts_with(&start));
        }
        (Err(error), Err(other)) => assert_eq!(error.class, other.class, "{error} / {other}"),
        (in_memory, streamed) => {
            panic!("only one way fails: {:?} / {:?}", in_memory.as_ref().err(), streamed.err())
        }
    }
    in_memory
}
