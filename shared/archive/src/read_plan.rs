//! In which steps an archive is read: once, in the order of its bytes, neighbouring small files together.

use std::ops::Range;

use crate::{
    entry::{Entry, HEADER_LENGTH},
    listing::Listing,
};

/// The longest file that is read into memory, and the largest that is unpacked there.
const SMALL: u64 = 4 * 1024 * 1024;
/// Neighbours are read together up to this length. More short blocks at once keep as many files on their way as few
/// long ones, in half the memory.
const BLOCK: u64 = 512 * 1024;
/// Headers may be this much longer than the directory says before their files are read once more.
const SLACK: u64 = 64;

/// A file and where it must have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Its place in the directory.
    pub index: usize,
    /// The next file, or the directory.
    pub bound: u64,
}

/// One step of reading an archive.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Small files, read at once.
    Together {
        /// What to read.
        range: Range<u64>,
        /// The files in it.
        files: Vec<Planned>,
    },
    /// A file that is streamed.
    Alone(Planned),
}

/// Plans the reading of an archive whose entries do not overlap.
pub fn plan_reads(listing: &Listing) -> Vec<Step> {
    let mut order: Vec<usize> = (0..listing.files.len()).collect();
    order.sort_by_key(|index| listing.files[*index].offset);
    let mut steps: Vec<Step> = vec![];
    for (place, &index) in order.iter().enumerate() {
        let entry = &listing.files[index];
        let bound = order.get(place + 1).map_or(listing.end, |next| listing.files[*next].offset);
        let file = Planned { index, bound };
        let end = likely_end(entry).min(bound);
        if end - entry.offset > SMALL || entry.size > SMALL {
            steps.push(Step::Alone(file));
            continue;
        }
        match steps.last_mut() {
            Some(Step::Together { range, files }) if end - range.start <= BLOCK => {
                range.end = end;
                files.push(file);
            }
            _ => steps.push(Step::Together { range: entry.offset..end, files: vec![file] }),
        }
    }
    steps
}

fn likely_end(entry: &Entry) -> u64 {
    entry
        .offset
        .saturating_add(entry.header.max(HEADER_LENGTH))
        .saturating_add(entry.compressed)
        .saturating_add(SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Method;

    fn listing(sizes: &[u64]) -> Listing {
        let mut offset = 10;
        let mut files = vec![];
        for size in sizes {
            let name: Box<[u8]> = Box::from(b"name".as_slice());
            let (utf8, method, crc32) = (true, Method::Stored, 0);
            files.push(Entry {
                name,
                utf8,
                method,
                crc32,
                compressed: *size,
                size: *size,
                offset,
                header: 34,
            });
            offset += 34 + size;
        }
        // The directory may name them in another order.
        files.reverse();
        Listing { files, end: offset }
    }

    fn files(step: &Step) -> Vec<usize> {
        match step {
            Step::Together { files, .. } => files.iter().map(|file| file.index).collect(),
            Step::Alone(file) => vec![file.index],
        }
    }

    #[test]
    fn neighbours_are_read_together_and_long_files_alone() {
        let steps = plan_reads(&listing(&[100, 200, SMALL, 300, BLOCK - 500, 400]));
        let indices: Vec<Vec<usize>> = steps.iter().map(files).collect();
        assert_eq!(indices, [vec![5, 4], vec![3], vec![2, 1], vec![0]]);
        assert!(matches!(&steps[1], Step::Alone(_)));
    }

    #[test]
    fn a_block_is_never_longer_than_allowed_and_ends_before_the_directory() {
        let listing = listing(&[70_000; 300]);
        let steps = plan_reads(&listing);
        let mut files = 0;
        for step in &steps {
            let Step::Together { range, files: some } = step else { panic!("all are small") };
            assert!(range.end - range.start <= BLOCK && range.end <= listing.end);
            files += some.len();
        }
        assert_eq!((files, steps.len()), (300, 43));
    }
}
