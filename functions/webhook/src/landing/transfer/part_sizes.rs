//! The sizes of the parts of a multipart upload.

use std::ops::Range;

const MEBIBYTE: u64 = 1024 * 1024;
/// The shortest part, long enough that the request for each part costs little.
const MIN_PART_BYTES: u64 = 16 * MEBIBYTE;
/// The longest part that S3 accepts.
const MAX_PART_BYTES: u64 = 5 * 1024 * MEBIBYTE;
/// Parts grow so that there are no more than this, and a checkpoint fits into a DynamoDB item. Only beyond 10 TB,
/// where parts cannot grow any more, there are up to 10,000, which is the limit of S3.
const MAX_PARTS: u64 = 2_000;

/// The length of each part except the last, in bytes.
pub(super) fn part_length(length: u64) -> u64 {
    length.div_ceil(MAX_PARTS).next_multiple_of(MEBIBYTE).clamp(MIN_PART_BYTES, MAX_PART_BYTES)
}

/// The numbers of the parts, from 1, with the range of each in the file.
pub(super) fn part_ranges(length: u64, part_length: u64) -> impl Iterator<Item = (i32, Range<u64>)> {
    (1..)
        .zip((0..length).step_by(usize::try_from(part_length).unwrap_or(usize::MAX)))
        .map(move |(number, start)| (number, start..length.min(start + part_length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_cover_every_byte_once_within_the_limits_of_s3(length in 1..50_000_000_000_000_u64) {
            let part = part_length(length);
            let (mut at, mut count) = (0, 0);
            for (number, range) in part_ranges(length, part) {
                count += 1;
                prop_assert_eq!(number, count);
                prop_assert_eq!(range.start, at);
                prop_assert!(range.end - range.start == part || range.end == length);
                at = range.end;
            }
            prop_assert_eq!(at, length);
            prop_assert!(count <= 10_000 && (MIN_PART_BYTES..=MAX_PART_BYTES).contains(&part));
        }
    }
}
