//! The objects and uploads of the sink: their lengths and checksums.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest, checksum_combine};

/// The algorithm that S3 verifies, and the one in archives.
const ALGORITHMS: [CrcAlgorithm; 2] = [CrcAlgorithm::Crc64Nvme, CrcAlgorithm::Crc32IsoHdlc];

/// The length of an object or part, and its CRCs if they were requested.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StoredBytes {
    pub(crate) bytes: u64,
    digests: Option<[Digest; 2]>,
    crcs: Option<[u64; 2]>,
}

/// Why the sink rejects a request.
#[derive(Debug)]
pub(crate) enum SinkError {
    NotFound,
    AlreadyThere,
    BadDigest,
}

#[derive(Debug, Default)]
struct State {
    objects: HashMap<String, StoredBytes>,
    uploads: HashMap<String, BTreeMap<u32, StoredBytes>>,
    begun: u64,
    requests: HashMap<String, u64>,
}

/// The objects and uploads of all buckets.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<State>);

impl StoredBytes {
    pub(crate) fn update(&mut self, bytes: &[u8], verified: bool) {
        self.bytes += bytes.len() as u64;
        if verified {
            let digests = self.digests.get_or_insert_with(|| ALGORITHMS.map(Digest::new));
            digests.iter_mut().for_each(|digest| digest.update(bytes));
        }
    }

    fn crcs(&self) -> Option<[u64; 2]> {
        self.crcs.or(self.digests.map(|digests| digests.map(|digest| digest.finalize())))
    }

    /// Returns the CRC-64/NVME, encoded as in S3.
    pub(crate) fn checksum(&self) -> Option<String> {
        self.crcs().map(|[nvme, _]| BASE64_STANDARD.encode(nvme.to_be_bytes()))
    }

    /// Returns the CRC-32, as archives store it.
    pub(crate) fn crc32(&self) -> Option<u64> {
        self.crcs().map(|[_, crc32]| crc32)
    }

    /// Combines this with the bytes that follow it.
    fn combine(self, next: &StoredBytes) -> StoredBytes {
        let crcs = match (self.crcs(), next.crcs()) {
            (Some(first), Some(second)) => Some(std::array::from_fn(|kind| {
                checksum_combine(ALGORITHMS[kind], first[kind], second[kind], next.bytes)
            })),
            // The first part has no predecessor.
            (None, second) if self.bytes == 0 => second,
            _ => None,
        };
        StoredBytes { bytes: self.bytes + next.bytes, digests: None, crcs }
    }
}

impl Uploads {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request for a key.
    pub(crate) fn count_request(&self, key: &str) {
        *self.state().requests.entry(key.to_owned()).or_default() += 1;
    }

    /// Returns how many requests there were for a key.
    pub(crate) fn requests(&self, key: &str) -> u64 {
        self.state().requests.get(key).copied().unwrap_or(0)
    }

    pub(crate) fn begin(&self, key: &str) -> String {
        let mut state = self.state();
        state.begun += 1;
        let id = format!("{}{}", state.begun, key.replace('/', "-"));
        state.uploads.insert(id.clone(), BTreeMap::new());
        id
    }

    pub(crate) fn part(&self, id: &str, number: u32, stored: StoredBytes) -> Result<(), SinkError> {
        self.state().uploads.get_mut(id).ok_or(SinkError::NotFound)?.insert(number, stored);
        Ok(())
    }

    pub(crate) fn parts(&self, id: &str) -> Result<Vec<(u32, u64)>, SinkError> {
        let state = self.state();
        let parts = state.uploads.get(id).ok_or(SinkError::NotFound)?;
        Ok(parts.iter().map(|(number, part)| (*number, part.bytes)).collect())
    }

    pub(crate) fn put(&self, key: &str, stored: StoredBytes, create_only: bool) -> Result<(), SinkError> {
        let mut state = self.state();
        if create_only && state.objects.contains_key(key) {
            return Err(SinkError::AlreadyThere);
        }
        state.objects.insert(key.to_owned(), stored);
        Ok(())
    }

    /// Combines the parts to an object. Fails if the checksum differs from an expected one.
    pub(crate) fn complete(
        &self,
        id: &str,
        key: &str,
        expected: Option<&str>,
        create_only: bool,
    ) -> Result<(), SinkError> {
        let parts = self.state().uploads.get(id).cloned().ok_or(SinkError::NotFound)?;
        let object = parts.values().fold(StoredBytes::default(), StoredBytes::combine);
        if expected.is_some() && object.checksum().as_deref() != expected {
            return Err(SinkError::BadDigest);
        }
        self.put(key, object, create_only)?;
        self.state().uploads.remove(id);
        Ok(())
    }

    pub(crate) fn remove(&self, key: &str, upload: Option<&str>) {
        let mut state = self.state();
        match upload {
            Some(id) => drop(state.uploads.remove(id)),
            None => drop(state.objects.remove(key)),
        }
    }

    /// Returns the objects whose keys have this prefix.
    pub(crate) fn list(&self, prefix: &str) -> Vec<(String, StoredBytes)> {
        let state = self.state();
        let found = state.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        found.map(|(key, stored)| (key.clone(), *stored)).collect()
    }

    pub(crate) fn head(&self, key: &str) -> Result<StoredBytes, SinkError> {
        self.state().objects.get(key).copied().ok_or(SinkError::NotFound)
    }
}
