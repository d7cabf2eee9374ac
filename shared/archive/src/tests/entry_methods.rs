//! Entries of every compression method and encryption: those that can be read, and those that are left out.

use bytes::Bytes;
use model::ErrorClass;
use proptest::prelude::*;

use super::{
    fixtures::slice,
    unpack::{inflate_in_both_ways, list, unpack},
    zip_builder::{Item, pack},
};
use crate::{ArchiveEntry, CompressionMethod, locate_file_data};

/// An archive of 7-Zip with a file of each method.
const METHODS: &[u8] = include_bytes!("../../../../tests/archives/methods.zip");

/// The entry of a file of the archive of all methods, and its file data.
fn entry(name: &str) -> (ArchiveEntry, Bytes) {
    let files = list(METHODS).expect("a listing").files;
    let entry = files.into_iter().find(|file| *file.name == *name.as_bytes()).expect("the file");
    let data = locate_file_data(&entry, &METHODS[entry.local_header_offset as usize..]);
    (entry, slice(METHODS, &data.expect("file data")))
}

#[test]
fn an_entry_that_cannot_be_read_is_named_with_its_method() {
    let files = list(METHODS).expect("a listing").files;
    let reasons: Vec<(String, Option<String>)> =
        files.iter().map(|file| (file.decode_name(), file.unreadable_reason())).collect();
    for (name, reason) in [
        ("bzip2.txt", Some("method 12 (bzip2)")),
        ("lzma.txt", Some("method 14 (LZMA)")),
        ("ppmd.txt", Some("method 98 (PPMd)")),
        ("zipcrypto.txt", Some("encrypted (traditional PKWARE encryption)")),
        ("aes128.txt", Some("encrypted (method 99, WinZip AES-128)")),
        ("aes256.txt", Some("encrypted (method 99, WinZip AES-256)")),
        ("deflate64.bin", None),
        ("deflated.txt", None),
        ("stored.txt", None),
    ] {
        let (_, found) = reasons.iter().find(|(file, _)| file == name).expect("the file");
        match reason {
            Some(reason) => assert!(found.as_ref().is_some_and(|found| found.contains(reason)), "{found:?}"),
            None => assert_eq!(*found, None, "{name}"),
        }
    }
    let (bzip2, data) = entry("bzip2.txt");
    let error = inflate_in_both_ways(&bzip2, data, 10).expect_err("an unsupported method");
    assert!(error.class == ErrorClass::ArchiveIncomplete && error.message.contains("bzip2"), "{error}");
}

#[test]
fn the_other_files_of_an_archive_of_all_methods_are_unpacked() {
    let unpacked = unpack(METHODS, 100).expect("an archive");
    let names: Vec<&str> = unpacked.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["deflate64.bin", "deflated.txt", "stored.txt"]);
    assert!(unpacked.iter().all(|(_, content)| content.is_ok()), "{unpacked:?}");
}

#[test]
fn an_archive_with_no_readable_file_is_refused_and_the_methods_are_named() {
    let items = [
        Item::new("a.txt", 12, vec![1; 20], b"content").but(|a| a.size = 3 << 30),
        Item::stored("b.txt", &[0; 20]).but(|b| b.flags |= 1),
        Item::stored("c.txt", &[0; 20]).but(|c| c.flags |= 1 << 6),
    ];
    let error = list(&pack(&items)).expect_err("an archive without readable files");
    assert_eq!(error.class, ErrorClass::ArchiveRefused);
    for part in ["none of its files", "\"a.txt\" (", "12 (bzip2)", "\"b.txt\" (it is encrypted", "strong"] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    assert!(list(&pack(&[])).is_ok(), "an empty archive is empty");
}

#[test]
fn entries_that_cannot_be_read_count_as_entries_and_may_not_overlap() {
    let overlapping = [
        Item::stored("a.txt", b"a"),
        Item::new("b.txt", 12, vec![1; 20], b"content").but(|b| b.offset = Some(0)),
    ];
    let error = list(&pack(&overlapping)).expect_err("entries that overlap");
    assert!(error.message.contains("overlap"), "{error}");
}

#[test]
fn deflate64_is_read_within_its_declared_size() {
    let (mut entry, data) = entry("deflate64.bin");
    assert_eq!((entry.compression_method, entry.uncompressed_size), (CompressionMethod::Deflate64, 52_492));
    for chunk_size in [1, 7, 100, 100_000] {
        let content = inflate_in_both_ways(&entry, data.clone(), chunk_size).expect("a file");
        assert!(content[..1246] == content[51_246..], "repeated at a distance of 51,246 bytes");
    }
    entry.uncompressed_size -= 1;
    let error = inflate_in_both_ways(&entry, data.clone(), 100).expect_err("a file that is too long");
    assert_eq!(error.class, ErrorClass::ArchiveRefused);
    entry.uncompressed_size += 2;
    let error = inflate_in_both_ways(&entry, data, 100).expect_err("a file that is too short");
    assert_eq!(error.class, ErrorClass::ArchiveIncomplete);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_deflate64_causes_no_panic_and_returns_no_wrong_content(
        at in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..6),
        chunk_size in 1..300_usize,
    ) {
        let (entry, data) = entry("deflate64.bin");
        let content = inflate_in_both_ways(&entry, data.clone(), 100).expect("a file");
        let mut damaged = data.to_vec();
        let at = at.index(damaged.len() - bytes.len());
        damaged[at..at + bytes.len()].copy_from_slice(&bytes);
        if let Ok(unpacked) = inflate_in_both_ways(&entry, damaged.into(), chunk_size) {
            prop_assert!(unpacked == content);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_deflate64_of_a_file(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        chunk_size in 1..300_usize,
    ) {
        let (entry, _) = entry("deflate64.bin");
        let error = inflate_in_both_ways(&entry, bytes.into(), chunk_size).expect_err("no file");
        prop_assert!(matches!(error.class, ErrorClass::ArchiveIncomplete | ErrorClass::ArchiveRefused));
    }

    #[test]
    fn a_truncated_deflate64_stream_is_incomplete(cut in any::<prop::sample::Index>(), chunk_size in 1..300_usize) {
        let (entry, data) = entry("deflate64.bin");
        let cut = data.slice(..cut.index(data.len() - 2));
        let error = inflate_in_both_ways(&entry, cut, chunk_size).expect_err("a truncated file");
        prop_assert_eq!(error.class, ErrorClass::ArchiveIncomplete);
    }
}
