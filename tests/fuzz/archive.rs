//! Fuzzes the readers of an archive, in the order in which unpacking calls them, and checks the invariants of every archive:
//! nothing outside of it is read, no byte belongs to two files, no file exceeds its size, both ways of inflating give the
//! same result, and names are safe.

#![no_main]

use std::{cell::Cell, collections::HashSet, ops::Range};

use archive::{ArchiveEntry, ArchiveListing, PlannedFile, ReadStep, UnpackLimits};
use bytes::Bytes;
use flate2::Crc;
use futures_util::{FutureExt, TryStreamExt, stream};
use libfuzzer_sys::fuzz_target;
use model::{Error, ErrorClass};

/// Low limits, so that inputs reach every limit often and no run takes long.
const LIMITS: UnpackLimits =
    UnpackLimits { max_entries: 500, max_unpacked_bytes: 2 << 20, max_entry_bytes: 1 << 20, max_ratio: 100 };
/// S3 allows keys of 1,024 bytes, some of which a job's prefix needs.
const MAX_NAME_BYTES: usize = 800;

fuzz_target!(|bytes: &[u8]| {
    let counted = read(bytes, |read| archive::count_files(bytes.len() as u64, read).now_or_never());
    let listed = read(bytes, |read| archive::list_entries(bytes.len() as u64, read, LIMITS).now_or_never());
    match (counted, listed) {
        (Ok(files), Ok(listing)) => {
            assert_eq!(files, listing.files.len() as u64);
            unpack(bytes, &listing);
        }
        (Err(error), Ok(_)) => panic!("list_entries succeeds, but count_files fails: {error}"),
        (_, Err(error)) => {
            assert!(matches!(error.class, ErrorClass::ArchiveInvalid | ErrorClass::ArchiveRefused), "{error}")
        }
    }
});

/// Serves the ranges that a reader requests. Checks that they are within the archive and how many bytes are read in total.
fn read<T>(
    bytes: &[u8],
    reader: impl FnOnce(
        &dyn Fn(Range<u64>) -> std::future::Ready<Result<Bytes, Error>>,
    ) -> Option<Result<T, Error>>,
) -> Result<T, Error> {
    let bytes_read = Cell::new(0);
    let read = |range: Range<u64>| {
        bytes_read.set(bytes_read.get() + range.end - range.start);
        std::future::ready(Ok(slice(bytes, &range)))
    };
    let outcome = reader(&read).expect("reads from memory are ready at once");
    // The tail, the first bytes, at most 16 short reads to check the end records, and the directory. A window of it may
    // repeat the entry that the last one cut.
    let max_bytes = 2 * bytes.len() as u64 + 4 + 16 * 56;
    assert!(bytes_read.get() <= max_bytes, "{} bytes are read of {}", bytes_read.get(), bytes.len());
    outcome
}

fn slice(bytes: &[u8], range: &Range<u64>) -> Bytes {
    let read = bytes.get(range.start as usize..range.end as usize);
    Bytes::copy_from_slice(read.unwrap_or_else(|| panic!("{range:?} is read of {}", bytes.len())))
}

/// Unpacks a listed archive as the worker does, but discards the files.
fn unpack(bytes: &[u8], listing: &ArchiveListing) {
    assert!(listing.central_directory_offset <= bytes.len() as u64);
    safe_names(&listing.files);
    let mut files = 0;
    let mut taken: Vec<Range<u64>> = vec![];
    for step in archive::plan_reads(listing) {
        let (block, planned) = match step {
            ReadStep::Block { range, files } => (range, files),
            ReadStep::Stream(file) => {
                (listing.files[file.index].local_header_offset..file.max_end, vec![file])
            }
        };
        assert!(
            block.start <= block.end && block.end <= listing.central_directory_offset,
            "{block:?} of {}",
            listing.central_directory_offset
        );
        files += planned.len();
        taken.extend(planned.into_iter().filter_map(|file| unpack_one(bytes, listing, file)));
    }
    let unreadable = listing.files.iter().filter(|file| file.unreadable_reason().is_some()).count();
    assert_eq!(files, listing.files.len() - unreadable);
    assert!(unreadable == 0 || files > 0, "an archive none of whose files can be read is refused");
    taken.sort_by_key(|range| (range.start, range.end));
    for pair in taken.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{pair:?} share bytes");
    }
}

/// Unpacks one file at once and in chunks. Returns the range of its bytes, if they may be read.
fn unpack_one(bytes: &[u8], listing: &ArchiveListing, file: PlannedFile) -> Option<Range<u64>> {
    let entry = &listing.files[file.index];
    assert!(entry.unreadable_reason().is_none());
    assert!(entry.local_header_offset <= file.max_end && file.max_end <= listing.central_directory_offset);
    let data = archive::locate_file_data(entry, &slice(bytes, &(entry.local_header_offset..file.max_end)))?;
    if data.end > file.max_end {
        return None;
    }
    assert!(
        data.start >= entry.local_header_offset + archive::MIN_LOCAL_FILE_HEADER_BYTES
            && data.end - data.start == entry.compressed_size
    );
    let bytes = slice(bytes, &data);
    let start = archive::inflate_start(entry, bytes.clone(), 64);
    match (archive::inflate_all(entry, bytes.clone()), in_pieces(entry, &bytes)) {
        (Ok(whole), Ok(pieces)) => {
            assert!(whole == pieces, "both ways of inflating give the same bytes");
            assert_eq!(whole.len() as u64, entry.uncompressed_size);
            let mut crc = Crc::new();
            crc.update(&whole);
            assert_eq!(crc.sum(), entry.crc32);
            assert!(whole.starts_with(&start));
            archive::content_type(&entry.decode_name(), &whole);
            archive::image_dimensions(&whole);
        }
        (Err(one), Err(other)) => {
            assert_eq!(one.class, other.class, "{one} / {other}");
            assert!(matches!(one.class, ErrorClass::ArchiveIncomplete | ErrorClass::ArchiveRefused), "{one}");
        }
        (one, other) => panic!("only one way of inflating fails: {:?} / {:?}", one.err(), other.err()),
    }
    Some(data)
}

/// Streams a file in chunks of varying length, and checks that its size is not exceeded.
fn in_pieces(entry: &ArchiveEntry, bytes: &Bytes) -> Result<Bytes, Error> {
    let mut rest = bytes.clone();
    let mut length = 1;
    let chunks = std::iter::from_fn(move || {
        length = length * 7 % 1009;
        (!rest.is_empty()).then(|| Ok(rest.split_to(length.min(rest.len()))))
    });
    let mut content = vec![];
    let pieces = archive::inflate_stream(entry, stream::iter(chunks)).try_for_each(|piece| {
        content.extend_from_slice(&piece);
        assert!(content.len() as u64 <= entry.uncompressed_size);
        std::future::ready(Ok(()))
    });
    pieces.now_or_never().expect("memory never waits")?;
    Ok(content.into())
}

fn safe_names(files: &[ArchiveEntry]) {
    let names = archive::safe_entry_names(files);
    assert_eq!(names.len(), files.len());
    let mut taken = HashSet::new();
    for name in &names {
        assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES, "{name:?}");
        assert!(!name.contains('\\') && !name.chars().any(char::is_control), "{name:?}");
        assert!(name.split('/').all(|part| !matches!(part, "" | "." | "..")), "{name:?}");
        assert!(taken.insert(name.to_lowercase()), "{name:?} is used twice");
    }
}
