//! Generates ids and secrets from a seed.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Generates the same ids for the same seed, run and order of calls.
#[derive(Debug)]
pub(crate) struct IdGenerator {
    seed: u64,
    run: u64,
    drawn: u64,
}

impl IdGenerator {
    pub(crate) fn new(seed: u64, run: u64) -> Self {
        Self { seed, run, drawn: 0 }
    }

    /// Returns bytes that depend on the seed only, whatever was generated before.
    pub(crate) fn seeded(&self, label: &str, number: u64) -> [u8; 32] {
        self.digest(label, 0, number)
    }

    /// Returns an id that depends on the seed only.
    pub(crate) fn seeded_uuid(&self, label: &str, number: u64) -> Uuid {
        parse_uuid(self.seeded(label, number))
    }

    /// Returns the next id of new work, such as an export.
    pub(crate) fn next_uuid(&mut self, label: &str) -> Uuid {
        parse_uuid(self.next(label))
    }

    /// Returns the next 64 lowercase hex digits, such as a delivery id.
    pub(crate) fn next_hex(&mut self, label: &str) -> String {
        hex(&self.next(label))
    }

    fn next(&mut self, label: &str) -> [u8; 32] {
        self.drawn += 1;
        self.digest(label, self.run.wrapping_add(1), self.drawn)
    }

    fn digest(&self, label: &str, run: u64, number: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(run.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(label.as_bytes());
        hash.finalize().into()
    }
}

/// Encodes bytes as lowercase hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse_uuid(digest: [u8; 32]) -> Uuid {
    let (bytes, _) = digest.split_first_chunk::<16>().expect("a SHA-256 digest has 32 bytes");
    uuid::Builder::from_random_bytes(*bytes).into_uuid()
}
