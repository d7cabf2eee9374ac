//! Recognizing archives by their end: bytes before and behind them, markers, archives that are cut off, and archives
//! that can be read in two ways.

use model::{Error, ErrorClass};
use proptest::prelude::*;

use super::{
    unpack::{list, unpack},
    zip_builder::{Item, pack, pack_behind, pack_repeated, pack_with},
};
use crate::is_not_an_archive;

const SELF_EXTRACTING_RAW: &[u8] = include_bytes!("../../../../tests/archives/self-extracting-raw.zip");
const SELF_EXTRACTING_ADJUSTED: &[u8] =
    include_bytes!("../../../../tests/archives/self-extracting-adjusted.zip");
const SPLIT_MARKER: &[u8] = include_bytes!("../../../../tests/archives/split-marker.zip");

fn items() -> [Item; 2] {
    [Item::deflated("a.txt", &[b'a'; 500]), Item::stored("b.txt", b"content of b")]
}

/// The names of the files of an archive all of whose files can be unpacked.
fn names(archive: &[u8]) -> Vec<String> {
    let files = unpack(archive, 100).expect("an archive").into_iter();
    let checked = files.map(|(name, content)| content.map(|_| name).expect("a file"));
    checked.collect()
}

fn error(archive: &[u8]) -> Error {
    list(archive).expect_err("no listing")
}

#[track_caller]
fn assert_cut_off(archive: &[u8]) {
    let error = error(archive);
    assert!(error.class == ErrorClass::ArchiveInvalid && !is_not_an_archive(&error), "{error}");
    assert!(error.message.contains("cut off"), "{error}");
}

#[track_caller]
fn assert_ambiguous(archive: &[u8]) {
    let error = error(archive);
    assert_eq!(error.class, ErrorClass::ArchiveRefused, "{error}");
    assert!(error.message.contains("two central directories"), "{error}");
}

#[test]
fn up_to_64_kib_may_follow_an_archive() {
    for zip64 in [false, true] {
        for comment in [&b""[..], b"a comment", &[b'c'; 65_535]] {
            let archive = pack_with(&items(), comment, zip64);
            for behind in
                [&b""[..], b"\r\n", b"\n", &[0; 512], &[0; 65_536], b"P", b"PK", b"PK\x05", b"PK\x05\x06"]
            {
                let archive = [archive.as_slice(), behind].concat();
                assert_eq!(names(&archive), ["a.txt", "b.txt"], "{} bytes follow", behind.len());
            }
            assert_cut_off(&[archive.as_slice(), &[0; 65_537]].concat());
        }
    }
}

#[test]
fn a_program_or_a_marker_may_precede_an_archive() {
    let program = [b"MZ\x90\0".as_slice(), &[7; 300_000]].concat();
    for prefix in [&b"PK00"[..], b"PK\x07\x08", b"#!/bin/sh\n", b"MZ", program.as_slice()] {
        for zip64 in [false, true] {
            for behind in [&b""[..], b"\r\n"] {
                // Offsets count from the file.
                let adjusted = [&pack_behind(prefix, &items(), b"", zip64), behind].concat();
                assert_eq!(names(&adjusted), ["a.txt", "b.txt"]);
                if !prefix.starts_with(b"PK") || behind.is_empty() {
                    // Offsets count from the archive.
                    let raw = [prefix, &pack_with(&items(), b"", zip64), behind].concat();
                    assert_eq!(names(&raw), ["a.txt", "b.txt"]);
                }
            }
        }
    }
}

#[test]
fn self_extracting_and_unsplit_archives_of_info_zip_are_read() {
    for archive in [SELF_EXTRACTING_RAW, SELF_EXTRACTING_ADJUSTED, SPLIT_MARKER] {
        assert_eq!(names(archive), ["stored.txt", "deflated.txt"]);
        assert_eq!(names(&[archive, b"\r\n"].concat()), ["stored.txt", "deflated.txt"]);
    }
}

#[test]
fn a_zip64_end_record_may_have_a_variable_part() {
    for prefix in [&b""[..], b"MZ and a program"] {
        let mut archive = pack_with(&items(), b"", true);
        let record = archive.windows(4).rposition(|four| four == b"PK\x06\x06").expect("a record");
        archive[record + 4..record + 12].copy_from_slice(&(44_u64 + 100).to_le_bytes());
        archive.splice(record + 56..record + 56, [9; 100]);
        assert_eq!(names(&[prefix, &archive].concat()), ["a.txt", "b.txt"]);
    }
}

#[test]
fn the_last_of_two_archives_counts() {
    let old = pack(&[Item::stored("old.txt", b"old")]);
    assert_eq!(names(&[old.as_slice(), &pack(&items())].concat()), ["a.txt", "b.txt"]);
    // Two archives of the same layout: the offset in the second locator leads into the first one.
    let twin = pack_with(&[Item::stored("c.txt", b"content of b")], b"", true);
    let other = pack_with(&[Item::stored("d.txt", b"content of b")], b"", true);
    assert_ambiguous(&[twin, other].concat());
}

#[test]
fn an_archive_with_an_archive_in_its_comment_is_refused() {
    let hidden = pack(&[Item::stored("hidden.txt", b"hidden")]);
    for zip64 in [false, true] {
        for behind in [&b""[..], b"more of the comment"] {
            let comment = [hidden.as_slice(), behind].concat();
            assert_ambiguous(&pack_with(&items(), &comment, zip64));
        }
        let empty = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
        assert_ambiguous(&pack_with(&items(), &empty, zip64));
    }
}

#[test]
fn a_record_that_points_to_no_central_directory_does_not_count() {
    let mut fake = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    fake.extend(46_u32.to_le_bytes());
    fake.extend([0; 6]);
    assert_eq!(names(&pack_with(&items(), &fake, false)), ["a.txt", "b.txt"]);
    assert_eq!(names(&[pack(&items()), fake].concat()), ["a.txt", "b.txt"]);
}

#[test]
fn zip64_records_that_contradict_the_end_record_are_refused() {
    // The end record has the size of the whole directory, the Zip64 record that of its second header only.
    let mut archive = pack_with(&items(), b"", true);
    let first = archive.windows(4).position(|four| four == b"PK\x01\x02").expect("a header");
    let record = archive.windows(4).rposition(|four| four == b"PK\x06\x06").expect("a record");
    let second = archive.windows(4).rposition(|four| four == b"PK\x01\x02").expect("a header");
    let end = archive.len() - 22;
    for (field, value) in [(24, 1), (32, 1), (40, record - second), (48, second)] {
        archive[record + field..record + field + 8].copy_from_slice(&(value as u64).to_le_bytes());
    }
    assert_eq!(names(&archive), ["b.txt"]);
    archive[end + 8..end + 12].copy_from_slice(&[2, 0, 2, 0]);
    archive[end + 12..end + 16].copy_from_slice(&((end - first) as u32).to_le_bytes());
    archive[end + 16..end + 20].copy_from_slice(&(first as u32).to_le_bytes());
    assert_ambiguous(&archive);
}

#[test]
fn many_false_records_are_refused_after_few_reads() {
    // The central directory starts before the last bytes, so that each record needs a read.
    let archive = pack_repeated("a", 10);
    let mut records = vec![];
    while records.len() < 60_000 {
        records.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        records.extend(150_000_u32.to_le_bytes());
        records.extend([0; 6]);
    }
    let long = [archive.as_slice(), &[0; 200_000], &records].concat();
    assert_eq!(error(&long).class, ErrorClass::ArchiveInvalid);
}

#[test]
fn a_file_of_another_format_is_told_apart_from_an_archive_that_is_cut_off() {
    for file in [&b""[..], b"P", b"<html>The link has expired</html>", b"MZ and a program", &[b'x'; 300_000]]
    {
        let error = error(file);
        assert!(is_not_an_archive(&error), "{error}");
        assert_eq!(error.class, ErrorClass::ArchiveInvalid);
    }
    for prefix in [&b""[..], b"PK00", b"PK\x07\x08"] {
        let archive = pack_behind(prefix, &items(), b"", false);
        assert_cut_off(&archive[..100]);
    }
    // A record by chance does not make an archive of a file.
    let chance = [b"\x89PNG\r\n\x1a\n".as_slice(), b"PK\x05\x06", &[0xff; 500]].concat();
    assert!(is_not_an_archive(&error(&chance)));
}

#[test]
fn one_part_of_a_split_archive_is_invalid() {
    let mut archive = pack(&items());
    let end = archive.len() - 22;
    archive[end + 4] = 1;
    assert!(error(&archive).message.contains("several disks"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Its files include archives, the last of which must not be taken for the whole.
    #[test]
    fn an_archive_that_is_cut_off_anywhere_is_not_listed(
        at in any::<prop::sample::Index>(),
        zip64 in any::<bool>(),
        descriptor in any::<bool>(),
        marker in prop::sample::select(vec![&b""[..], b"PK00"]),
    ) {
        let inner = pack_with(&items(), b"", zip64);
        let files = ["x.zip", "y.zip"].map(|name| Item::stored(name, &inner).but(|file| file.descriptor = descriptor));
        let archive = pack_behind(marker, &[&files[..], &items()].concat(), b"", zip64);
        let cut = &archive[..at.index(archive.len())];
        // Without a byte behind it, an archive in the archive cannot be told from an archive behind another one.
        prop_assume!(!cut.ends_with(&inner));
        let error = error(cut);
        prop_assert_eq!(error.class, ErrorClass::ArchiveInvalid);
        prop_assert!(cut.len() < 4 || !is_not_an_archive(&error), "{}", error);
    }

    #[test]
    fn bytes_before_and_behind_an_archive_do_not_change_its_files(
        prefix in proptest::collection::vec(any::<u8>(), 0..300),
        behind in proptest::collection::vec(any::<u8>(), 0..300),
        zip64 in any::<bool>(),
    ) {
        let archive = [prefix, pack_with(&items(), b"a comment", zip64), behind].concat();
        prop_assert_eq!(names(&archive), ["a.txt", "b.txt"]);
    }
}
