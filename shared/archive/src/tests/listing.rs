//! Lists of archives: what another implementation packed, and what must be refused.

use std::ops::Range;

use bytes::Bytes;
use futures_util::FutureExt;
use model::{Error, ErrorClass};

use super::{archive, some};
use crate::{Entry, Limits, Listing, Method, list_entries};

pub(super) const LIMITS: Limits =
    Limits { entries: 10_000, total_bytes: 1 << 30, entry_bytes: 1 << 29, ratio: 200 };

fn listed_within(archive: &[u8], limits: Limits) -> Result<Listing, Error> {
    let read = |range: Range<u64>| {
        let bytes = archive.get(range.start as usize..range.end as usize).expect("a range of the archive");
        std::future::ready(Ok(Bytes::copy_from_slice(bytes)))
    };
    list_entries(archive.len() as u64, read, limits).now_or_never().expect("memory never waits")
}

fn files(archive: &[u8]) -> Vec<Entry> {
    listed_within(archive, LIMITS).expect("a list").files
}

#[track_caller]
fn refused(archive: &[u8], limits: Limits, says: &str) {
    let error = listed_within(archive, limits).expect_err("not to be unpacked");
    assert_eq!(error.class, ErrorClass::ArchiveRefused, "{error}");
    assert!(error.message.contains(says), "{says} is not in: {error}");
}

/// Sets bytes of the first entry of the directory.
fn changed(archive: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    let directory = archive.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
    archive[directory + at..directory + at + bytes.len()].copy_from_slice(bytes);
    archive
}

#[test]
fn entries_are_described_in_the_order_of_the_directory() {
    let archive = archive(["folder/".into(), "folder/a.png".into(), "é.png".into()], b"");
    let files = files(&archive);
    let names: Vec<&[u8]> = files.iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, [b"folder/a.png".as_slice(), "é.png".as_bytes()]);
    assert_eq!((files[0].method, files[0].size, files[1].utf8), (Method::Deflated, 7, true));
    assert!(files[0].offset < files[1].offset && files[0].least_end() <= files[1].offset);
}

#[test]
fn bytes_before_the_archive_move_every_offset() {
    let plain = some(2);
    let moved = files(&[b"#!/bin/sh\n".as_slice(), &plain].concat());
    for (moved, entry) in moved.iter().zip(files(&plain)) {
        assert_eq!(moved.offset, entry.offset + 10);
    }
}

#[test]
fn what_cannot_be_unpacked_is_refused_by_name() {
    let archive = some(2);
    refused(&changed(&archive, 8, &[1, 0]), LIMITS, "\"banner-0.png\" is encrypted");
    refused(
        &changed(&archive, 10, &[12, 0]),
        LIMITS,
        "\"banner-0.png\" is compressed by the unknown method 12",
    );
    refused(&changed(&archive, 10, &[0, 0]), LIMITS, "contradict");
    refused(&changed(&archive, 42, &[0xff, 0xff, 0xff, 0x7f]), LIMITS, "outside");
    refused(&changed(&archive, 20, &[0xff, 0xff, 0, 0]), LIMITS, "outside");
    let second = files(&archive)[1].offset as u8;
    refused(&changed(&archive, 42, &[second]), LIMITS, "overlap");
    let longer = files(&archive)[0].compressed as u8 + 1;
    refused(&changed(&archive, 20, &[longer]), LIMITS, "overlap");
}

#[test]
fn limits_are_named_by_their_variables() {
    let archive = some(3);
    let limits =
        |entries, total_bytes, entry_bytes, ratio| Limits { entries, total_bytes, entry_bytes, ratio };
    assert!(listed_within(&archive, limits(3, 21, 7, 0)).is_ok());
    refused(&archive, limits(2, 21, 7, 0), "MAX_ENTRIES");
    refused(&archive, limits(3, 20, 7, 0), "MAX_UNPACKED_BYTES");
    refused(&archive, limits(3, 21, 6, 0), "MAX_ENTRY_BYTES");
    let long = self::archive(["n".repeat(600)], b"");
    refused(&long, limits(1, 1 << 20, 1 << 20, 0), "names");
    let bomb = changed(&archive, 24, &(8_u32 << 20).to_le_bytes());
    refused(&bomb, LIMITS, "MAX_RATIO");
}

/// A directory of a million entries that is made as it is read, and keeps count of what was read.
#[test]
fn a_million_entries_are_refused_after_little_reading() {
    const COUNT: u64 = 1_000_000;
    let mut entry = [0; 47];
    entry[..4].copy_from_slice(b"PK\x01\x02");
    entry[28] = 1;
    entry[46] = b'a';
    let size = COUNT * 47;
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    for count in [0; 2] {
        let _: u64 = count;
        end.extend(((COUNT % 65_536) as u16).to_le_bytes());
    }
    end.extend((size as u32).to_le_bytes());
    end.extend([0; 6]);
    let read_bytes = std::sync::atomic::AtomicU64::new(0);
    let read = |range: Range<u64>| {
        read_bytes.fetch_add(range.end - range.start, std::sync::atomic::Ordering::Relaxed);
        let byte = |at: u64| if at < size { entry[(at % 47) as usize] } else { end[(at - size) as usize] };
        std::future::ready(Ok(range.map(byte).collect::<Bytes>()))
    };
    let length = size + end.len() as u64;
    // 1,000,000 wraps to 16,960 in 16 bits: refused at once. Below the limit, the walk stops at it.
    for (most, most_read) in [(10_000, 70_000), (20_000, 1_200_000)] {
        read_bytes.store(0, std::sync::atomic::Ordering::Relaxed);
        let limits = Limits { entries: most, ..LIMITS };
        let error = list_entries(length, read, limits).now_or_never().expect("memory").expect_err("too many");
        assert_eq!(error.class, ErrorClass::ArchiveRefused);
        assert!(read_bytes.load(std::sync::atomic::Ordering::Relaxed) < most_read);
    }
}
