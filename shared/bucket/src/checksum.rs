//! A checksum over a whole object, computed as its bytes pass.

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest, checksum_combine};
use model::{Checksum, ChecksumAlgorithm};

use crate::Part;

/// A checksum being computed.
#[derive(Debug)]
pub(crate) struct Running {
    algorithm: ChecksumAlgorithm,
    digest: Digest,
    bytes: u64,
}

impl Running {
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        Self { algorithm, digest: Digest::new(polynomial(algorithm)), bytes: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes passed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number itself.
    pub(crate) fn value(&self) -> u64 {
        self.digest.finalize()
    }

    pub(crate) fn finish(&self) -> Checksum {
        written(self.algorithm, self.value())
    }
}

fn polynomial(algorithm: ChecksumAlgorithm) -> CrcAlgorithm {
    match algorithm {
        ChecksumAlgorithm::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
    }
}

/// As S3 writes it: big-endian, in base64.
fn written(algorithm: ChecksumAlgorithm, value: u64) -> Checksum {
    let bytes = value.to_be_bytes();
    let bytes = match algorithm {
        ChecksumAlgorithm::Crc64Nvme => &bytes[..],
        ChecksumAlgorithm::Crc32 => &bytes[4..],
    };
    Checksum { algorithm, value: BASE64_STANDARD.encode(bytes) }
}

/// The checksum of a whole from those of its parts, in order.
pub(crate) fn joined(algorithm: ChecksumAlgorithm, parts: &[Part]) -> Checksum {
    let none = Running::new(algorithm).value();
    let whole = parts
        .iter()
        .fold(none, |whole, part| checksum_combine(polynomial(algorithm), whole, part.crc, part.bytes));
    written(algorithm, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_join_to_the_checksum_of_the_whole() {
        for algorithm in [ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Crc32] {
            let running = |bytes: &[u8]| {
                let mut running = Running::new(algorithm);
                running.update(bytes);
                running
            };
            let texts: [&[u8]; 3] = [b"the first part", b"", b"and the last"];
            let parts: Vec<Part> =
                texts.iter().map(|text| Part::new(1, String::new(), &running(text))).collect();
            assert_eq!(joined(algorithm, &parts), running(&texts.concat()).finish());
            assert_eq!(joined(algorithm, &[]), running(b"").finish());
        }
    }

    #[test]
    fn the_check_values_of_the_catalogue_come_out() {
        for (algorithm, value) in [
            (ChecksumAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888_u64.to_be_bytes().to_vec()),
            (ChecksumAlgorithm::Crc32, 0xcbf4_3926_u32.to_be_bytes().to_vec()),
        ] {
            let mut running = Running::new(algorithm);
            running.update(b"12345");
            running.update(b"6789");
            assert_eq!(running.finish().value, BASE64_STANDARD.encode(value));
        }
    }
}
