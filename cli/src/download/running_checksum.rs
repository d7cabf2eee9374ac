//! Computes the checksum of a file incrementally, for comparison with the one that S3 verified.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest};
use model::{Checksum, ChecksumAlgorithm};

/// How much of a local file is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// A checksum of the bytes so far.
#[derive(Debug)]
pub(super) struct RunningChecksum {
    algorithm: ChecksumAlgorithm,
    digest: Digest,
}

impl RunningChecksum {
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

    /// Reads a file from its current position to its end. Returns the number of bytes read.
    pub(super) fn update_from_file(&mut self, file: &mut File) -> io::Result<u64> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut bytes = 0;
        loop {
            match file.read(&mut chunk) {
                Ok(0) => return Ok(bytes),
                Ok(length) => {
                    self.update(&chunk[..length]);
                    bytes += length as u64;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Whether the checksum of the bytes so far equals this one.
    pub(super) fn matches(&self, checksum: &Checksum) -> bool {
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
    fn the_check_values_of_the_crc_catalogue_match() {
        for (algorithm, value) in
            [(ChecksumAlgorithm::Crc64Nvme, "rosUhgp5mIg="), (ChecksumAlgorithm::Crc32, "y/Q5Jg==")]
        {
            let checksum = Checksum { algorithm, value: value.to_owned() };
            let mut running = RunningChecksum::new(algorithm);
            running.update(b"12345");
            assert!(!running.matches(&checksum), "{value}");
            running.update(b"6789");
            assert!(running.matches(&checksum), "{value}");
        }
    }
}
