//! What the files of an unpacking share.

use archive::{ArchiveEntry, ArchiveListing, PlannedFile};
use bucket::{Bucket, ObjectKey};
use model::Job;

use super::{memory_budget::MemoryBudget, unpack_state::UnpackState};
use crate::landing::transfer::LandingProgress;

/// An archive to unpack.
#[derive(Debug, Clone, Copy)]
pub struct UnpackRequest<'a> {
    /// The bucket of the archive and of its files.
    pub bucket: &'a Bucket,
    /// The job whose files these are.
    pub job: &'a Job,
    /// The archive.
    pub archive: &'a ObjectKey,
    /// The entries of the archive.
    pub listing: &'a ArchiveListing,
    /// Whether an earlier attempt may have stored some of the files.
    pub is_retry: bool,
    /// Counts the files, and stops the unpacking.
    pub progress: &'a LandingProgress,
}

/// A request with the names of its files, its memory and its state.
#[derive(Debug)]
pub(super) struct UnpackContext<'a> {
    pub(super) request: UnpackRequest<'a>,
    pub(super) names: Vec<String>,
    pub(super) memory: MemoryBudget,
    pub(super) state: UnpackState<'a>,
}

impl<'a> UnpackContext<'a> {
    pub(super) fn new(request: UnpackRequest<'a>) -> Self {
        let names = archive::safe_entry_names(&request.listing.files);
        let (memory, state) = (MemoryBudget::new(), UnpackState::new(request.progress));
        Self { request, names, memory, state }
    }

    /// The entry of a file.
    pub(super) fn entry(&self, file: PlannedFile) -> &'a ArchiveEntry {
        &self.request.listing.files[file.index]
    }

    /// The key of the file with this index.
    pub(super) fn key(&self, index: usize) -> ObjectKey {
        ObjectKey::File(self.request.job.provider.clone(), self.request.job.id, self.names[index].clone())
    }
}
