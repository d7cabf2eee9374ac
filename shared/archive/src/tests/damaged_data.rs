//! Damaged file data, and sizes and checksums that contradict it.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use model::ErrorClass;
use proptest::prelude::*;

use super::{
    fixtures::{slice, write_files},
    unpack::{inflate_in_both_ways, list, unpack},
};
use crate::{ArchiveEntry, inflate_stream, locate_file_data};

/// Writes an archive with one file. Returns its entry and its file data.
fn write_one_file(content: Vec<u8>, is_deflated: bool) -> (ArchiveEntry, Bytes) {
    let archive = write_files(&[("a".to_owned(), content, is_deflated)]);
    let entry = list(&archive).expect("a listing").files.remove(0);
    let range = locate_file_data(&entry, &archive).expect("a local file header");
    (entry, slice(&archive, &range))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_archive_causes_no_panic_and_returns_no_wrong_content(
        at in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..6),
        chunk_size in 1..300_usize,
    ) {
        let content: Vec<u8> = (0..400_u32).map(|i| (i * i) as u8).collect();
        let files = [("a.bin".to_owned(), content.clone(), true), ("b.bin".to_owned(), content.clone(), false)];
        let mut archive = write_files(&files);
        let at = at.index(archive.len() - bytes.len());
        archive[at..at + bytes.len()].copy_from_slice(&bytes);
        for (_, unpacked) in unpack(&archive, chunk_size).unwrap_or_default() {
            match unpacked {
                // The change may hit the CRC-32 in the central directory, but it hardly makes it the CRC-32 of
                // other content.
                Ok(unpacked) => prop_assert!(unpacked == content || unpacked.len() < 4),
                Err(error) => {
                    prop_assert!(matches!(error.class, ErrorClass::ArchiveIncomplete | ErrorClass::ArchiveRefused));
                }
            }
        }
    }

    #[test]
    fn a_truncated_deflate_stream_is_incomplete(cut in 0..60_usize, chunk_size in 1..50_usize) {
        let (entry, data) = write_one_file((0..200_u32).map(|i| (i * 7 % 31) as u8).collect(), true);
        let length = data.len().saturating_sub(cut + 1);
        match inflate_in_both_ways(&entry, data.slice(..length), chunk_size) {
            // Only the end-of-block code is missing.
            Ok(content) => prop_assert!(content.len() == 200 && cut < 2),
            Err(error) => prop_assert_eq!(error.class, ErrorClass::ArchiveIncomplete),
        }
    }
}

#[test]
fn a_file_longer_than_its_size_is_refused_and_a_shorter_or_different_one_is_incomplete() {
    for is_deflated in [true, false] {
        let (mut entry, data) = write_one_file(vec![7; 1000], is_deflated);
        for (size, class) in [(999, ErrorClass::ArchiveRefused), (1001, ErrorClass::ArchiveIncomplete)] {
            entry.uncompressed_size = size;
            let error = inflate_in_both_ways(&entry, data.clone(), 100).expect_err("a wrong size");
            assert_eq!(error.class, class);
        }
        (entry.uncompressed_size, entry.crc32) = (1000, 0);
        let error = inflate_in_both_ways(&entry, data, 100).expect_err("a wrong CRC-32");
        assert_eq!(error.class, ErrorClass::ArchiveIncomplete);
        assert!(error.message.contains("CRC-32"), "{error}");
    }
}

#[test]
fn a_file_longer_than_its_size_is_refused_even_if_damaged_data_follows() {
    let (mut entry, _) = write_one_file(vec![7; 1000], true);
    // A stored block of ten bytes, then a block of the reserved type 3 (RFC 1951, 3.2.3).
    let data = Bytes::from_static(b"\0\x0a\0\xf5\xff0123456789\xff");
    for (size, class) in [(9, ErrorClass::ArchiveRefused), (10, ErrorClass::ArchiveIncomplete)] {
        entry.uncompressed_size = size;
        for chunk_size in [1, 7, 100] {
            let error = inflate_in_both_ways(&entry, data.clone(), chunk_size).expect_err("a damaged file");
            assert_eq!(error.class, class, "{size}: {error}");
        }
    }
}

/// The decoder can consume all input while its last output bytes wait for room in the next chunk.
#[test]
fn the_decoder_returns_every_byte_at_the_end_of_a_chunk() {
    for more in [0, 1, 2, 100, 257, 258, 259, 300] {
        let (mut entry, data) = write_one_file(vec![7; 256 * 1024 + more], true);
        for chunk_size in [1, 50, 10_000] {
            let content = inflate_in_both_ways(&entry, data.clone(), chunk_size).expect("a valid file");
            assert_eq!(content.len(), 256 * 1024 + more);
        }
        entry.uncompressed_size -= 1;
        let error = inflate_in_both_ways(&entry, data, 10_000).expect_err("one byte too many");
        assert_eq!(error.class, ErrorClass::ArchiveRefused);
    }
}

#[test]
fn the_last_chunk_of_a_damaged_file_is_never_streamed() {
    let (mut entry, data) = write_one_file(vec![7; 1000], false);
    entry.crc32 ^= 1;
    let streamed = inflate_stream(&entry, stream::iter([Ok(data)]));
    let chunks = streamed.collect::<Vec<_>>().now_or_never().expect("memory is always ready");
    assert!(matches!(chunks.as_slice(), [Err(_)]), "{chunks:?}");
}
