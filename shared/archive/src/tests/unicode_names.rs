//! File names in the Info-ZIP Unicode Path extra field (APPNOTE 4.6.9).

use model::ErrorClass;

use super::{
    unpack::list,
    zip_builder::{Item, pack, unicode_path},
};
use crate::NameEncoding;

/// The decoded name of an archive's one file, which has these extra fields in the central directory.
fn name(header_name: &[u8], extra: Vec<u8>) -> String {
    let file = Item::stored(header_name, b"content").but(|file| {
        file.flags = 0;
        file.extra = extra;
    });
    let listing = list(&pack(&[file])).expect("a listing");
    let [file] = &listing.files[..] else { panic!("one file: {listing:?}") };
    file.decode_name()
}

#[test]
fn the_unicode_path_counts_if_its_crc_is_that_of_the_name_in_the_header() {
    // In code page 850, which the archive does not declare, the name in the header is "Søvn.txt".
    assert_eq!(name(b"S\x9bvn.txt", unicode_path(b"S\x9bvn.txt", "Søvn.txt")), "Søvn.txt");
    assert_eq!(name(b"S\x9bvn.txt", vec![]), "S¢vn.txt");
    assert_eq!(name(b"?.txt", unicode_path(b"?.txt", "漢字.txt")), "漢字.txt");
    // Behind another extra field.
    let extra = [b"UT\x05\0\x03abcd".to_vec(), unicode_path(b"?.txt", "漢字.txt")].concat();
    assert_eq!(name(b"?.txt", extra), "漢字.txt");
}

#[test]
fn an_invalid_unicode_path_is_ignored() {
    // A tool that does not know the field has renamed the file.
    assert_eq!(name(b"renamed.txt", unicode_path(b"?.txt", "漢字.txt")), "renamed.txt");
    let mut version_2 = unicode_path(b"?.txt", "漢字.txt");
    version_2[4] = 2;
    let mut not_utf_8 = unicode_path(b"?.txt", "a.txt");
    not_utf_8[9] = 0xff;
    let truncated = unicode_path(b"?.txt", "a.txt")[..8].to_vec();
    for extra in [version_2, not_utf_8, truncated, unicode_path(b"?.txt", ""), b"up\0\0".to_vec()] {
        assert_eq!(name(b"?.txt", extra.clone()), "?.txt", "{extra:?}");
    }
}

#[test]
fn a_unicode_path_is_utf_8_and_may_be_that_of_a_directory() {
    let file = Item::stored("?", b"").but(|file| {
        file.flags = 0;
        file.extra = unicode_path(b"?", "漢");
    });
    let directory = file.clone().but(|directory| directory.extra = unicode_path(b"?", "漢/"));
    let listing = list(&pack(&[file, directory])).expect("a listing");
    assert_eq!(listing.files.len(), 1);
    assert_eq!(
        (&*listing.files[0].name, listing.files[0].name_encoding),
        ("漢".as_bytes(), NameEncoding::Utf8)
    );
}

#[test]
fn a_long_unicode_path_does_not_make_entries_overlap() {
    let file = Item::stored("?", b"").but(|file| file.extra = unicode_path(b"?", &"漢".repeat(50)));
    assert_eq!(list(&pack(&[file, Item::stored("b", b"")])).expect("a listing").files.len(), 2);
    let pushed = Item::stored("a", &[7; 100]).but(|a| a.compressed += 40).but(|a| a.size += 40);
    let error = list(&pack(&[pushed, Item::stored("b", b"")])).expect_err("entries that overlap");
    assert_eq!(error.class, ErrorClass::ArchiveRefused);
}
