//! A checksum over a whole object, computed as its bytes pass.

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest};
use model::{Checksum, ChecksumAlgorithm};

/// A checksum being computed.
#[derive(Debug)]
pub(crate) struct Running {
    algorithm: ChecksumAlgorithm,
    digest: Digest,
    bytes: u64,
}

impl Running {
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        let polynomial = match algorithm {
            ChecksumAlgorithm::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
            ChecksumAlgorithm::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
        };
        Self { algorithm, digest: Digest::new(polynomial), bytes: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes passed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn finish(&self) -> Checksum {
        let value = self.digest.finalize().to_be_bytes();
        let value = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => &value[..],
            ChecksumAlgorithm::Crc32 => &value[4..],
        };
        Checksum { algorithm: self.algorithm, value: BASE64_STANDARD.encode(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_catalogue_come_out() {
        for (algorithm, value) in
            [(ChecksumAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888_u64.to_be_bytes().to_vec()), (ChecksumAlgorithm::Crc32, 0xcbf4_3926_u32.to_be_bytes().to_vec())]
        {
            let mut running = Running::new(algorithm);
            running.update(b"12345");
            running.update(b"6789");
            assert_eq!(running.finish().value, BASE64_STANDARD.encode(value));
        }
    }
}
