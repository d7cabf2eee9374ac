//! Counting the files of whole, damaged and foreign archives.

use std::{
    future::ready,
    ops::Range,
    pin::pin,
    task::{Context, Poll, Waker},
};

use model::{Error, ErrorClass};
use proptest::prelude::*;

use super::fixtures::{find_central_directory, slice, write_archive, write_numbered_files};
use crate::count_files;

fn try_count(archive: &[u8]) -> Result<u64, Error> {
    let read = |range: Range<u64>| ready(Ok(slice(archive, &range)));
    let counting = pin!(count_files(archive.len() as u64, read));
    match counting.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(count) => count,
        Poll::Pending => unreachable!("memory is always ready"),
    }
}

fn count(archive: &[u8]) -> u64 {
    try_count(archive).expect("a complete archive")
}

#[track_caller]
fn assert_invalid(archive: &[u8]) {
    let error = try_count(archive).expect_err("not a complete archive");
    assert_eq!(error.class, ErrorClass::ArchiveInvalid);
}

#[test]
fn files_are_counted_and_directories_are_not() {
    assert_eq!(count(&write_numbered_files(0)), 0);
    assert_eq!(count(&write_numbered_files(5)), 5);
    assert_eq!(count(&write_archive(["a/".into(), "a/b.png".into(), "c.png".into()], b"")), 2);
}

#[test]
fn a_central_directory_may_exceed_the_window_and_65_535_entries() {
    assert_eq!(count(&write_numbered_files(70_000)), 70_000);
}

#[test]
fn a_comment_may_contain_an_end_of_central_directory_record() {
    let record = b"PK\x05\x06\0\0\0\0\x63\0\x63\0\0\0\0\0\0\0\0\0\0\0";
    let comment = [record.as_slice(), b"and more"].concat();
    assert_eq!(count(&write_archive(["a.png".into()], &comment)), 1);
}

#[test]
fn bytes_before_the_archive_are_ignored() {
    assert_eq!(count(&[b"#!/bin/sh\n".as_slice(), &write_numbered_files(3)].concat()), 3);
}

#[test]
fn an_archive_that_is_truncated_at_any_length_is_invalid() {
    let archive = write_numbered_files(3);
    for length in 0..archive.len() {
        assert_invalid(&archive[..length]);
    }
}

#[test]
fn a_damaged_central_directory_is_invalid() {
    let archive = write_numbered_files(3);
    let mut bad_signature = archive.clone();
    bad_signature[find_central_directory(&archive)] = b'X';
    assert_invalid(&bad_signature);
    let mut bad_count = archive;
    let end_record = bad_count.len() - 22;
    bad_count[end_record + 10] = 2;
    assert_invalid(&bad_count);
}

#[test]
fn bytes_that_are_not_an_archive_are_invalid() {
    assert_invalid(b"");
    assert_invalid(&[b'x'; 100_000]);
    assert_invalid(b"<html>The link has expired</html>");
}

proptest! {
    #[test]
    fn arbitrary_bytes_cause_no_panic_and_no_read_outside_of_the_archive(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), end in any::<[u8; 18]>()) {
        let _ = try_count(&bytes);
        bytes.extend_from_slice(b"PK\x05\x06");
        bytes.extend_from_slice(&end);
        let _ = try_count(&bytes);
    }

    #[test]
    fn a_changed_byte_causes_no_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut archive = write_numbered_files(2);
        let at = at.index(archive.len());
        archive[at] = byte;
        let _ = try_count(&archive);
    }
}
