//! The checksum of a file, computed as its bytes pass, to be compared with the one that S3 verified.

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest};
use model::{Checksum, ChecksumAlgorithm};

/// A checksum being computed.
#[derive(Debug)]
pub(super) struct Running {
    algorithm: ChecksumAlgorithm,
    digest: Digest,
}

impl Running {
    pub(super) fn new(algorithm: ChecksumAlgorithm) -> Self {
        let polynomial = match algorithm {
            ChecksumAlgorithm::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
            ChecksumAlgorithm::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
        };
        Self { algorithm, digest: Digest::new(polynomial) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// Whether the bytes so far are those of the checksum.
    pub(super) fn is(&self, checksum: &Checksum) -> bool {
        let bytes = self.digest.finalize().to_be_bytes();
        let bytes = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => &bytes[..],
            ChecksumAlgorithm::Crc32 => &bytes[4..],
        };
        self.algorithm == checksum.algorithm && BASE64_STANDARD.encode(bytes) == checksum.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_catalogue_are_recognised() {
        for (algorithm, value) in
            [(ChecksumAlgorithm::Crc64Nvme, "rosUhgp5mIg="), (ChecksumAlgorithm::Crc32, "y/Q5Jg==")]
        {
            let checksum = Checksum { algorithm, value: value.to_owned() };
            let mut running = Running::new(algorithm);
            running.update(b"12345");
            assert!(!running.is(&checksum), "{value}");
            running.update(b"6789");
            assert!(running.is(&checksum), "{value}");
        }
    }
}
