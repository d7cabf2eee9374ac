//! Listing the entries of archives, and refusing hostile ones.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::FutureExt;
use model::{Error, ErrorClass};

use super::fixtures::{find_central_directory, slice, write_archive, write_numbered_files};
use crate::{ArchiveEntry, ArchiveListing, CompressionMethod, NameEncoding, UnpackLimits, list_entries};

const LIMITS: UnpackLimits = UnpackLimits {
    max_entries: 10_000,
    max_unpacked_bytes: 1 << 30,
    max_entry_bytes: 1 << 29,
    max_ratio: 200,
};

fn list(archive: &[u8], limits: UnpackLimits) -> Result<ArchiveListing, Error> {
    let read = |range: Range<u64>| std::future::ready(Ok(slice(archive, &range)));
    list_entries(archive.len() as u64, read, limits).now_or_never().expect("memory is always ready")
}

fn list_files(archive: &[u8]) -> Vec<ArchiveEntry> {
    list(archive, LIMITS).expect("a listing").files
}

#[track_caller]
fn assert_refused(archive: &[u8], limits: UnpackLimits, text: &str) {
    let error = list(archive, limits).expect_err("a refused archive");
    assert_eq!(error.class, ErrorClass::ArchiveRefused, "{error}");
    assert!(error.message.contains(text), "{text} is not in: {error}");
}

/// Replaces bytes of the first central directory header.
fn with_header_bytes(archive: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    let start = find_central_directory(&archive) + offset;
    archive[start..start + bytes.len()].copy_from_slice(bytes);
    archive
}

#[test]
fn entries_are_listed_in_the_order_of_the_central_directory() {
    let archive = write_archive(["folder/".into(), "folder/a.png".into(), "é.png".into()], b"");
    let files = list_files(&archive);
    let names: Vec<&[u8]> = files.iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, [b"folder/a.png".as_slice(), "é.png".as_bytes()]);
    let [a, e] = &files[..] else { panic!("two files") };
    assert_eq!((a.compression_method, a.uncompressed_size), (CompressionMethod::Deflated, 7));
    assert_eq!(e.name_encoding, NameEncoding::Utf8);
    assert!(a.local_header_offset < e.local_header_offset && a.min_end() <= e.local_header_offset);
}

#[test]
fn bytes_before_the_archive_shift_every_offset() {
    let archive = write_numbered_files(2);
    let shifted = list_files(&[b"#!/bin/sh\n".as_slice(), &archive].concat());
    for (shifted, entry) in shifted.iter().zip(list_files(&archive)) {
        assert_eq!(shifted.local_header_offset, entry.local_header_offset + 10);
    }
}

#[test]
fn a_hostile_archive_is_refused_and_the_entry_is_named() {
    let archive = write_numbered_files(2);
    let changed = |offset, bytes: &[u8]| with_header_bytes(&archive, offset, bytes);
    assert_refused(&changed(10, &[0, 0]), LIMITS, "contradict");
    assert_refused(&changed(42, &[0xff, 0xff, 0xff, 0x7f]), LIMITS, "outside");
    assert_refused(&changed(20, &[0xff, 0xff, 0, 0]), LIMITS, "outside");
    let files = list_files(&archive);
    assert_refused(&changed(42, &[files[1].local_header_offset as u8]), LIMITS, "overlap");
    assert_refused(&changed(20, &[files[0].compressed_size as u8 + 1]), LIMITS, "overlap");
}

#[test]
fn an_exceeded_limit_is_named_by_its_setting() {
    let archive = write_numbered_files(3);
    let limits = |max_entries, max_unpacked_bytes, max_entry_bytes, max_ratio| UnpackLimits {
        max_entries,
        max_unpacked_bytes,
        max_entry_bytes,
        max_ratio,
    };
    assert!(list(&archive, limits(3, 21, 7, 0)).is_ok());
    assert_refused(&archive, limits(2, 21, 7, 0), "MAX_ENTRIES");
    assert_refused(&archive, limits(3, 20, 7, 0), "MAX_UNPACKED_BYTES");
    assert_refused(&archive, limits(3, 21, 6, 0), "MAX_ENTRY_BYTES");
    let long_name = write_archive(["n".repeat(600)], b"");
    assert_refused(&long_name, limits(1, 1 << 20, 1 << 20, 0), "names");
    let bomb = with_header_bytes(&archive, 24, &(8_u32 << 20).to_le_bytes());
    assert_refused(&bomb, LIMITS, "MAX_RATIO");
}

/// The central directory has a million headers, which are generated when they are read.
#[test]
fn a_million_entries_are_refused_after_few_bytes_are_read() {
    const COUNT: u64 = 1_000_000;
    let mut header = [0; 47];
    header[..4].copy_from_slice(b"PK\x01\x02");
    header[28] = 1;
    header[46] = b'a';
    let size = COUNT * 47;
    let count = ((COUNT % 65_536) as u16).to_le_bytes();
    let mut end_record = b"PK\x05\x06\0\0\0\0".to_vec();
    end_record.extend([count, count].concat());
    end_record.extend((size as u32).to_le_bytes());
    end_record.extend([0; 6]);
    let read_bytes = AtomicU64::new(0);
    let read = |range: Range<u64>| {
        read_bytes.fetch_add(range.end - range.start, Ordering::Relaxed);
        let byte = |offset: u64| match offset.checked_sub(size) {
            None => header[(offset % 47) as usize],
            Some(offset) => end_record[offset as usize],
        };
        std::future::ready(Ok(range.map(byte).collect::<Bytes>()))
    };
    let length = size + end_record.len() as u64;
    // In 16 bits, 1,000,000 wraps around to 16,960. A lower limit refuses this count at once; with a higher one,
    // the headers are read up to the limit.
    for (max_entries, max_read_bytes) in [(10_000, 140_000), (20_000, 1_300_000)] {
        read_bytes.store(0, Ordering::Relaxed);
        let limits = UnpackLimits { max_entries, ..LIMITS };
        let listing = list_entries(length, read, limits).now_or_never().expect("memory is always ready");
        let error = listing.expect_err("too many entries");
        assert_eq!(error.class, ErrorClass::ArchiveRefused);
        assert!(read_bytes.load(Ordering::Relaxed) < max_read_bytes);
    }
}
