//! Round trips: what the `zip` crate and Info-ZIP pack comes out byte for byte, and no change to an archive does harm.

use std::{
    fs,
    io::{Cursor, Read, Write},
    ops::Range,
    path::Path,
    process::Command,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use model::{Error, ErrorClass};
use proptest::prelude::*;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    Entry, Limits, Listing, Step, corrupt_entry, data_range, decode_name, inflate_all, inflate_start,
    inflate_stream, list_entries, plan_reads,
};

const LIMITS: Limits = Limits { entries: 1000, total_bytes: 1 << 30, entry_bytes: 1 << 29, ratio: 2000 };

type Unpacked = Vec<(String, Result<Bytes, Error>)>;

fn listing(archive: &[u8]) -> Result<Listing, Error> {
    let read = |range: Range<u64>| std::future::ready(Ok(slice(archive, &range)));
    list_entries(archive.len() as u64, read, LIMITS).now_or_never().expect("memory never waits")
}

fn slice(archive: &[u8], range: &Range<u64>) -> Bytes {
    Bytes::copy_from_slice(&archive[range.start as usize..range.end as usize])
}

/// Unpacks in memory, each file as a whole and as a stream of pieces of `size` bytes, which must agree.
fn unpacked(archive: &[u8], size: usize) -> Result<Unpacked, Error> {
    let listing = listing(archive)?;
    let mut files: Vec<(usize, Result<Bytes, Error>)> = vec![];
    for step in plan_reads(&listing) {
        let planned = match step {
            Step::Together { files, range } => {
                assert!(range.end <= archive.len() as u64);
                files
            }
            Step::Alone(file) => vec![file],
        };
        for file in planned {
            let entry = &listing.files[file.index];
            let data = data_range(entry, &archive[entry.offset as usize..]);
            let Some(data) = data.filter(|data| data.end <= file.bound) else {
                files.push((file.index, Err(corrupt_entry("elsewhere"))));
                continue;
            };
            files.push((file.index, both_ways(entry, slice(archive, &data), size)));
        }
    }
    files.sort_by_key(|(index, _)| *index);
    let name = |index: usize| decode_name(&listing.files[index].name, listing.files[index].utf8);
    Ok(files.into_iter().map(|(index, content)| (name(index), content)).collect())
}

fn both_ways(entry: &Entry, data: Bytes, size: usize) -> Result<Bytes, Error> {
    let chunks: Vec<Result<Bytes, Error>> =
        data.chunks(size).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
    let streamed = inflate_stream(entry, stream::iter(chunks));
    let streamed = streamed.try_collect::<Vec<Bytes>>().now_or_never().expect("memory never waits");
    let whole = inflate_all(entry, data.clone());
    match (&whole, streamed) {
        (Ok(whole), Ok(pieces)) => {
            assert!(*whole == pieces.concat());
            let start = inflate_start(entry, data, 64);
            assert!(whole.starts_with(&start));
        }
        (Err(one), Err(other)) => assert_eq!(one.class, other.class, "{one} / {other}"),
        (one, other) => panic!("one of two ways differs: {:?} / {:?}", one.as_ref().err(), other.err()),
    }
    whole
}

fn packed(files: &[(String, Vec<u8>, bool)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (name, content, deflate) in files {
        let method = if *deflate { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(name.clone(), options.large_file(content.len() % 2 == 1)).expect("a file");
        writer.write_all(content).expect("its bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

fn some_files() -> impl Strategy<Value = Vec<(String, Vec<u8>, bool)>> {
    let content = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..2000),
        (any::<u8>(), 0..300_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let files = proptest::collection::btree_map("[a-zé漢/]{1,12}[a-z]", (content, any::<bool>()), 0..8);
    files.prop_map(|files| {
        files.into_iter().map(|(name, (content, deflate))| (name, content, deflate)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_zip_crate_packs_comes_out_again(files in some_files(), size in 1..5000_usize) {
        let unpacked = unpacked(&packed(&files), size).expect("a good archive");
        prop_assert_eq!(unpacked.len(), files.len());
        for ((name, content, _), (unpacked, bytes)) in files.iter().zip(unpacked) {
            prop_assert_eq!(name, &unpacked);
            prop_assert!(bytes.expect("a good file") == content);
        }
    }

    #[test]
    fn no_change_makes_it_panic_read_outside_or_pass_for_good(
        at in any::<prop::sample::Index>(), bytes in proptest::collection::vec(any::<u8>(), 1..6), size in 1..300_usize,
    ) {
        let content: Vec<u8> = (0..400_u32).map(|i| (i * i) as u8).collect();
        let files = [("a.bin".to_owned(), content.clone(), true), ("b.bin".to_owned(), content.clone(), false)];
        let mut archive = packed(&files);
        let at = at.index(archive.len() - bytes.len());
        archive[at..at + bytes.len()].copy_from_slice(&bytes);
        for (_, bytes) in unpacked(&archive, size).unwrap_or_default() {
            match bytes {
                // The CRC-32 in the directory may have been changed, but hardly to that of other bytes.
                Ok(bytes) => prop_assert!(bytes == content || bytes.len() < 4),
                Err(error) => {
                    prop_assert!(matches!(error.class, ErrorClass::ArchiveIncomplete | ErrorClass::ArchiveRefused));
                }
            }
        }
    }

    #[test]
    fn a_cut_or_bent_deflate_stream_is_damage(cut in 0..60_usize, size in 1..50_usize) {
        let content: Vec<u8> = (0..200_u32).map(|i| (i * 7 % 31) as u8).collect();
        let archive = packed(&[("a".to_owned(), content, true)]);
        let listing = listing(&archive).expect("a list");
        let entry = &listing.files[0];
        let data = slice(&archive, &data_range(entry, &archive).expect("a header"));
        let left = data.len().saturating_sub(cut + 1);
        match both_ways(entry, data.slice(..left), size) {
            // Only the mark of its end was cut off.
            Ok(whole) => prop_assert!(whole.len() == 200 && cut < 2),
            Err(error) => prop_assert_eq!(error.class, ErrorClass::ArchiveIncomplete),
        }
    }
}

#[test]
fn more_bytes_than_announced_are_a_lie_and_fewer_are_damage() {
    for deflate in [true, false] {
        let archive = packed(&[("a".to_owned(), vec![7; 1000], deflate)]);
        let mut listing = listing(&archive).expect("a list");
        let entry = &mut listing.files[0];
        let data = slice(&archive, &data_range(entry, &archive).expect("a header"));
        for (size, class) in [(999, ErrorClass::ArchiveRefused), (1001, ErrorClass::ArchiveIncomplete)] {
            entry.size = size;
            assert_eq!(both_ways(entry, data.clone(), 100).expect_err("another size").class, class);
        }
        (entry.size, entry.crc32) = (1000, 0);
        let error = both_ways(entry, data, 100).expect_err("another CRC");
        assert_eq!(error.class, ErrorClass::ArchiveIncomplete);
        assert!(error.message.contains("CRC-32"), "{error}");
    }
}

#[test]
fn whoever_has_more_bytes_than_announced_lies_even_if_damage_follows() {
    let archive = packed(&[("a".to_owned(), vec![7; 1000], true)]);
    let mut listing = listing(&archive).expect("a list");
    // A stored block of ten bytes, and then a block of a kind that does not exist.
    let data = Bytes::from_static(b"\0\x0a\0\xf5\xff0123456789\xff");
    for (size, class) in [(9, ErrorClass::ArchiveRefused), (10, ErrorClass::ArchiveIncomplete)] {
        listing.files[0].size = size;
        for length in [1, 7, 100] {
            let error = both_ways(&listing.files[0], data.clone(), length).expect_err("not a good file");
            assert_eq!(error.class, class, "{size}: {error}");
        }
    }
}

/// All compressed bytes may be taken while the last bytes of the file still wait for room.
#[test]
fn no_byte_is_left_in_the_inflater_at_the_end_of_a_piece() {
    for more in [0, 1, 2, 100, 257, 258, 259, 300] {
        let archive = packed(&[("a".to_owned(), vec![7; 256 * 1024 + more], true)]);
        let mut listing = listing(&archive).expect("a list");
        let data = slice(&archive, &data_range(&listing.files[0], &archive).expect("a header"));
        for size in [1, 50, 10_000] {
            let content = both_ways(&listing.files[0], data.clone(), size).expect("a good file");
            assert_eq!(content.len(), 256 * 1024 + more);
        }
        listing.files[0].size -= 1;
        let error = both_ways(&listing.files[0], data, 10_000).expect_err("one byte more than announced");
        assert_eq!(error.class, ErrorClass::ArchiveRefused);
    }
}

#[test]
fn the_whole_of_a_damaged_file_is_never_streamed() {
    let archive = packed(&[("a".to_owned(), vec![7; 1000], false)]);
    let mut listing = listing(&archive).expect("a list");
    let data = slice(&archive, &data_range(&listing.files[0], &archive).expect("a header"));
    listing.files[0].crc32 ^= 1;
    let streamed = inflate_stream(&listing.files[0], stream::iter([Ok(data)]));
    let pieces = streamed.collect::<Vec<_>>().now_or_never().expect("memory never waits");
    assert!(matches!(pieces.as_slice(), [Err(_)]), "{pieces:?}");
}

/// Files of odd sizes and names for Info-ZIP.
fn write_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![];
    for (name, length) in [("empty.txt", 0), ("a.png", 1), ("sub/é.bin", 70_000), ("sub/b c.bin", 300_000)] {
        let content: Vec<u8> = (0..length).map(|i: u32| (i / 7 * 31) as u8).collect();
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, &content).expect("a file");
        files.push((name.to_owned(), content));
    }
    files.sort();
    files
}

fn installed(program: &str) -> bool {
    let there = Command::new(program).arg("-v").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: Info-ZIP's {program} is not installed");
    }
    there
}

/// A folder of its own that goes away.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("landfall-{name}-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_info_zip_packs_comes_out_again() {
    if !installed("zip") {
        return;
    }
    let folder = Folder::new("zip");
    let mut expected = write_files(&folder.0);
    // Stored, deflated, with descriptors and Zip64 as it writes them into a pipe.
    for options in [["-0", "-q"], ["-9", "-q"], ["-fd", "-q"], ["-fz", "-q"]] {
        let mut zip = Command::new("zip");
        zip.args(options).args(["-r", "-", "."]).current_dir(&folder.0);
        let output = zip.output().expect("zip runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut files: Vec<(String, Vec<u8>)> = unpacked(&output.stdout, 1000)
            .expect("a good archive")
            .into_iter()
            .map(|(name, content)| (name, content.expect("a good file").to_vec()))
            .collect();
        files.sort();
        expected.sort();
        assert!(
            files == expected,
            "{options:?}: {:?}",
            files.iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
    }
}

#[test]
fn info_zip_and_the_zip_crate_unpack_the_same() {
    if !installed("unzip") {
        return;
    }
    let folder = Folder::new("unzip");
    let content: Vec<u8> = (0..200_000_u32).map(|i| (i / 3) as u8).collect();
    let archive =
        packed(&[("a.bin".to_owned(), content.clone(), true), ("b.bin".to_owned(), content, false)]);
    let path = folder.0.join("a.zip");
    fs::write(&path, &archive).expect("an archive");
    for (name, ours) in unpacked(&archive, 4096).expect("a good archive") {
        let unzip = Command::new("unzip").arg("-p").arg(&path).arg(&name).output().expect("unzip runs");
        assert!(ours.expect("a good file") == unzip.stdout, "{name}");
        let mut theirs = vec![];
        let mut other = ZipArchive::new(Cursor::new(&archive)).expect("an archive");
        other.by_name(&name).expect("an entry").read_to_end(&mut theirs).expect("its bytes");
        assert!(theirs == unzip.stdout, "{name}");
    }
}
