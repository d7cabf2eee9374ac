//! An uploaded part of a multipart upload, and the checksum of an object from those of its parts.

use crc_fast::checksum_combine;
use model::{Checksum, ChecksumAlgorithm};
use serde::{Deserialize, Serialize};

use crate::checksum::{RunningChecksum, crc_algorithm, encode};

/// A part that S3 has stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedPart {
    /// The part number, 1 to 10,000.
    pub number: i32,
    /// The ETag that S3 returned.
    pub etag: String,
    /// The checksum of its bytes in the configured algorithm.
    pub crc: u64,
    /// The length in bytes.
    pub bytes: u64,
}

impl UploadedPart {
    pub(crate) fn new(number: i32, etag: String, checksum: &RunningChecksum) -> Self {
        Self { number, etag, crc: checksum.value(), bytes: checksum.bytes() }
    }
}

/// The checksum of an object from those of its parts, in order.
pub(crate) fn combine_checksums(algorithm: ChecksumAlgorithm, parts: &[UploadedPart]) -> Checksum {
    let empty = RunningChecksum::new(algorithm).value();
    let combined = parts.iter().fold(empty, |combined, part| {
        checksum_combine(crc_algorithm(algorithm), combined, part.crc, part.bytes)
    });
    encode(algorithm, combined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_parts_combine_to_the_checksum_of_the_object() {
        for algorithm in [ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Crc32] {
            let checksum_of = |bytes: &[u8]| {
                let mut checksum = RunningChecksum::new(algorithm);
                checksum.update(bytes);
                checksum
            };
            let texts: [&[u8]; 3] = [b"the first part", b"", b"and the last"];
            let parts: Vec<UploadedPart> =
                texts.iter().map(|text| UploadedPart::new(1, String::new(), &checksum_of(text))).collect();
            assert_eq!(combine_checksums(algorithm, &parts), checksum_of(&texts.concat()).finish());
            assert_eq!(combine_checksums(algorithm, &[]), checksum_of(b"").finish());
        }
    }
}
