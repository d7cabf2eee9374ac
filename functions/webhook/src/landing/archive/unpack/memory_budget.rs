//! The memory budget of unpacking.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes of blocks in memory. Files inflated from them may take as much again.
const BUDGET_BYTES: usize = 16 * 1024 * 1024;
/// What streaming one file takes: chunks that are received, inflated and sent.
const STREAM_BYTES: u64 = 2 * 1024 * 1024;
/// What a multipart upload takes of the blocks' budget, since its parts are buffered. It takes all of the files'
/// budget.
const MULTIPART_BYTES: u64 = 8 * 1024 * 1024;

/// Limits the memory of blocks and of files inflated from them. A task that waits for memory for a file may hold a
/// block, never the other way round, so no two tasks wait for each other.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    blocks: Semaphore,
    files: Semaphore,
}

/// Memory that is reserved until this is dropped.
#[derive(Debug)]
pub(super) struct MemoryReservation<'a> {
    _blocks: Option<SemaphorePermit<'a>>,
    _files: Option<SemaphorePermit<'a>>,
}

impl MemoryBudget {
    pub(super) fn new() -> Self {
        Self { blocks: Semaphore::new(BUDGET_BYTES), files: Semaphore::new(BUDGET_BYTES) }
    }

    /// Waits for the memory of a block of small files.
    pub(super) async fn reserve_block(&self, bytes: u64) -> MemoryReservation<'_> {
        MemoryReservation { _blocks: acquire(&self.blocks, bytes).await, _files: None }
    }

    /// Waits for the memory of a file that is inflated from a block.
    pub(super) async fn reserve_file(&self, bytes: u64) -> MemoryReservation<'_> {
        MemoryReservation { _blocks: None, _files: acquire(&self.files, bytes).await }
    }

    /// Waits for the memory of a file that is streamed into one `PutObject`.
    pub(super) async fn reserve_stream(&self) -> MemoryReservation<'_> {
        self.reserve_block(STREAM_BYTES).await
    }

    /// Waits for the memory of a file that is streamed into a multipart upload.
    pub(super) async fn reserve_multipart_upload(&self) -> MemoryReservation<'_> {
        let blocks = acquire(&self.blocks, MULTIPART_BYTES).await;
        MemoryReservation { _blocks: blocks, _files: acquire(&self.files, BUDGET_BYTES as u64).await }
    }
}

/// Waits for this many bytes, at most the whole budget. Returns `None` only if the semaphore is closed, which never
/// happens.
async fn acquire(budget: &Semaphore, bytes: u64) -> Option<SemaphorePermit<'_>> {
    let bytes = u32::try_from(bytes.min(BUDGET_BYTES as u64)).unwrap_or(u32::MAX);
    budget.acquire_many(bytes).await.ok()
}
