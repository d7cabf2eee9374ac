//! Archives made by another implementation, and archives that are not what they seem.

use std::{
    future::ready,
    io::{Cursor, Write},
    ops::Range,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use model::{Error, ErrorClass};
use proptest::prelude::*;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{can_start_with, count_files};

mod listing;
mod round_trip;

/// Inspects bytes in memory; a range beyond them is a mistake of the reader.
fn inspected(archive: &[u8]) -> Result<u64, Error> {
    let read = |range: Range<u64>| {
        let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
        let bytes = archive.get(start.expect("small")..end.expect("small")).expect("a range of the archive");
        ready(Ok(Bytes::copy_from_slice(bytes)))
    };
    let inspection = pin!(count_files(archive.len() as u64, read));
    match inspection.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(contents) => contents,
        Poll::Pending => unreachable!("memory never waits"),
    }
}

fn archive(names: impl IntoIterator<Item = String>, comment: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for name in names {
        if name.ends_with('/') {
            writer.add_directory(name, SimpleFileOptions::default()).expect("a directory");
        } else {
            writer.start_file(name, SimpleFileOptions::default()).expect("a file");
            writer.write_all(b"content").expect("its content");
        }
    }
    writer.set_raw_comment(comment.to_vec().into_boxed_slice()).expect("a comment");
    writer.finish().expect("an archive").into_inner()
}

fn some(count: usize) -> Vec<u8> {
    archive((0..count).map(|i| format!("banner-{i}.png")), b"")
}

fn files(archive: &[u8]) -> u64 {
    inspected(archive).expect("a whole archive")
}

fn assert_refused(archive: &[u8]) {
    let error = inspected(archive).expect_err("not a whole archive");
    assert_eq!(error.class, ErrorClass::ArchiveInvalid);
}

#[test]
fn files_are_counted_and_directories_are_not() {
    assert_eq!(files(&some(0)), 0);
    assert_eq!(files(&some(5)), 5);
    assert_eq!(files(&archive(["a/".into(), "a/b.png".into(), "c.png".into()], b"")), 2);
}

#[test]
fn a_directory_longer_than_the_window_and_beyond_16_bits_is_walked() {
    assert_eq!(files(&some(70_000)), 70_000);
}

#[test]
fn a_comment_may_hold_a_fake_end() {
    let fake = b"PK\x05\x06\0\0\0\0\x63\0\x63\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(files(&archive(["a.png".into()], &[fake.as_slice(), b"and more"].concat())), 1);
}

#[test]
fn bytes_before_the_archive_do_not_matter() {
    assert_eq!(files(&[b"#!/bin/sh\n".as_slice(), &some(3)].concat()), 3);
}

#[test]
fn a_cut_archive_is_refused_wherever_it_is_cut() {
    let whole = some(3);
    for length in 0..whole.len() {
        assert_refused(&whole[..length]);
    }
}

#[test]
fn a_damaged_directory_is_refused() {
    let whole = some(3);
    let directory = whole.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
    let mut damaged = whole.clone();
    damaged[directory] = b'X';
    assert_refused(&damaged);
    let mut fewer = whole.clone();
    let end = fewer.len() - 22;
    fewer[end + 10] = 2;
    assert_refused(&fewer);
}

#[test]
fn what_is_no_archive_is_refused() {
    assert_refused(b"");
    assert_refused(&[b'x'; 100_000]);
    assert_refused(b"<html>The link has expired</html>");
}

#[test]
fn the_first_bytes_tell_an_archive() {
    for start in [b"P".as_slice(), b"PK", b"PK\x03\x04", b"PK\x05\x06"] {
        assert!(can_start_with(start));
    }
    for start in [b"<".as_slice(), b"PX", b"PK\x03\x03", b"\x89PNG"] {
        assert!(!can_start_with(start));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_read_outside(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), end in any::<[u8; 18]>()) {
        let _ = inspected(&bytes);
        bytes.extend_from_slice(b"PK\x05\x06");
        bytes.extend_from_slice(&end);
        let _ = inspected(&bytes);
    }

    #[test]
    fn one_changed_byte_never_makes_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut archive = some(2);
        let at = at.index(archive.len());
        archive[at] = byte;
        let _ = inspected(&archive);
    }
}
