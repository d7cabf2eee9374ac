//! What the sink remembers of objects and uploads: lengths and checksums.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest, checksum_combine};

/// What S3 is asked to check, and what an archive says of its files.
const KINDS: [CrcAlgorithm; 2] = [CrcAlgorithm::Crc64Nvme, CrcAlgorithm::Crc32IsoHdlc];

/// How long something is, and its CRCs where they were asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stored {
    pub(crate) bytes: u64,
    digests: Option<[Digest; 2]>,
    crcs: Option<[u64; 2]>,
}

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Refusal {
    NotFound,
    AlreadyThere,
    BadDigest,
}

#[derive(Debug, Default)]
struct State {
    objects: HashMap<String, Stored>,
    uploads: HashMap<String, BTreeMap<u32, Stored>>,
    begun: u64,
    requests: HashMap<String, u64>,
}

/// All that the sink knows.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<State>);

impl Stored {
    pub(crate) fn update(&mut self, bytes: &[u8], verified: bool) {
        self.bytes += bytes.len() as u64;
        if verified {
            let digests = self.digests.get_or_insert_with(|| KINDS.map(Digest::new));
            digests.iter_mut().for_each(|digest| digest.update(bytes));
        }
    }

    fn crcs(&self) -> Option<[u64; 2]> {
        self.crcs.or(self.digests.map(|digests| digests.map(|digest| digest.finalize())))
    }

    /// The CRC-64/NVME as S3 writes it.
    pub(crate) fn checksum(&self) -> Option<String> {
        self.crcs().map(|[nvme, _]| BASE64_STANDARD.encode(nvme.to_be_bytes()))
    }

    /// The CRC-32 that an archive has of a file.
    pub(crate) fn crc32(&self) -> Option<u64> {
        self.crcs().map(|[_, crc32]| crc32)
    }

    /// This and what follows it, as one.
    fn joined(self, next: &Stored) -> Stored {
        let crcs = match (self.crcs(), next.crcs()) {
            (Some(first), Some(second)) => Some(std::array::from_fn(|kind| {
                checksum_combine(KINDS[kind], first[kind], second[kind], next.bytes)
            })),
            // Nothing precedes the first part.
            (None, second) if self.bytes == 0 => second,
            _ => None,
        };
        Stored { bytes: self.bytes + next.bytes, digests: None, crcs }
    }
}

impl Uploads {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request for a key.
    pub(crate) fn asked(&self, key: &str) {
        *self.state().requests.entry(key.to_owned()).or_default() += 1;
    }

    /// How many requests there were for a key.
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

    pub(crate) fn part(&self, id: &str, number: u32, stored: Stored) -> Result<(), Refusal> {
        self.state().uploads.get_mut(id).ok_or(Refusal::NotFound)?.insert(number, stored);
        Ok(())
    }

    pub(crate) fn parts(&self, id: &str) -> Result<Vec<(u32, u64)>, Refusal> {
        let state = self.state();
        let parts = state.uploads.get(id).ok_or(Refusal::NotFound)?;
        Ok(parts.iter().map(|(number, part)| (*number, part.bytes)).collect())
    }

    pub(crate) fn put(&self, key: &str, stored: Stored, create_only: bool) -> Result<(), Refusal> {
        let mut state = self.state();
        if create_only && state.objects.contains_key(key) {
            return Err(Refusal::AlreadyThere);
        }
        state.objects.insert(key.to_owned(), stored);
        Ok(())
    }

    /// Joins the parts; if a checksum is wanted, only to that one.
    pub(crate) fn complete(
        &self,
        id: &str,
        key: &str,
        wanted: Option<&str>,
        create_only: bool,
    ) -> Result<(), Refusal> {
        let parts = self.state().uploads.get(id).cloned().ok_or(Refusal::NotFound)?;
        let whole = parts.values().fold(Stored::default(), Stored::joined);
        if wanted.is_some() && whole.checksum().as_deref() != wanted {
            return Err(Refusal::BadDigest);
        }
        self.put(key, whole, create_only)?;
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

    /// All objects whose keys begin so.
    pub(crate) fn list(&self, prefix: &str) -> Vec<(String, Stored)> {
        let state = self.state();
        let there = state.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        there.map(|(key, stored)| (key.clone(), *stored)).collect()
    }

    pub(crate) fn head(&self, key: &str) -> Result<Stored, Refusal> {
        self.state().objects.get(key).copied().ok_or(Refusal::NotFound)
    }
}
