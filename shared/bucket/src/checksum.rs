//! Computes the checksum of an object while its bytes are streamed.

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest};
use model::{Checksum, ChecksumAlgorithm};

/// A checksum of the bytes so far.
#[derive(Debug)]
pub(crate) struct RunningChecksum {
    algorithm: ChecksumAlgorithm,
    digest: Digest,
    bytes: u64,
}

impl RunningChecksum {
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        Self { algorithm, digest: Digest::new(crc_algorithm(algorithm)), bytes: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// The number of bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The checksum as a number.
    pub(crate) fn value(&self) -> u64 {
        self.digest.finalize()
    }

    pub(crate) fn finish(&self) -> Checksum {
        encode(self.algorithm, self.value())
    }
}

pub(crate) fn crc_algorithm(algorithm: ChecksumAlgorithm) -> CrcAlgorithm {
    match algorithm {
        ChecksumAlgorithm::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
    }
}

/// Encodes a checksum as S3 does: big-endian, in base64.
pub(crate) fn encode(algorithm: ChecksumAlgorithm, value: u64) -> Checksum {
    let bytes = value.to_be_bytes();
    let bytes = match algorithm {
        ChecksumAlgorithm::Crc64Nvme => &bytes[..],
        ChecksumAlgorithm::Crc32 => &bytes[4..],
    };
    Checksum { algorithm, value: BASE64_STANDARD.encode(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_check_string_match_the_crc_catalogue() {
        for (algorithm, value) in [
            (ChecksumAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888_u64.to_be_bytes().to_vec()),
            (ChecksumAlgorithm::Crc32, 0xcbf4_3926_u32.to_be_bytes().to_vec()),
        ] {
            let mut checksum = RunningChecksum::new(algorithm);
            checksum.update(b"12345");
            checksum.update(b"6789");
            assert_eq!(checksum.finish().value, BASE64_STANDARD.encode(value));
        }
    }
}
