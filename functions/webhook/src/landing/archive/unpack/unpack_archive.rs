//! Unpacks all files of an archive by the read plan, several steps at a time.

use std::ops::Range;

use archive::{PlannedFile, ReadStep};
use bucket::MAX_PUT_OBJECT_BYTES;
use futures_util::{StreamExt, TryStreamExt, stream};
use model::{Error, ErrorClass};

use super::{
    entry_outcome::{EntryOutcome, EntryResult},
    unpack_context::{UnpackContext, UnpackRequest},
    unpack_file::{Block, FileUnpacker},
};

/// Steps of the read plan that run at once: while one is sent, the next is read.
const STEP_CONCURRENCY: usize = 6;
/// Small files of one step that are sent at once.
const FILE_CONCURRENCY: usize = 4;
/// Files of a hostile archive that are deleted at once.
const DELETE_CONCURRENCY: usize = 8;

/// Unpacks all files of an archive. A file that is damaged or cannot be read is reported in its outcome while the other
/// files land.
///
/// # Errors
/// [`ErrorClass::ArchiveRefused`] if the archive turns out to be hostile, and then all of its files are deleted;
/// [`ErrorClass::ObjectConflict`] or [`ErrorClass::StorageUnavailable`] from the bucket; and
/// [`ErrorClass::SourceUnavailable`] if the landing is stopped.
pub async fn unpack_archive(request: UnpackRequest<'_>) -> Result<Vec<EntryOutcome>, Error> {
    let unpacker = ArchiveUnpacker { context: UnpackContext::new(request) };
    unpacker.run().await
}

struct ArchiveUnpacker<'a> {
    context: UnpackContext<'a>,
}

impl ArchiveUnpacker<'_> {
    async fn run(&self) -> Result<Vec<EntryOutcome>, Error> {
        let plan = archive::plan_reads(self.context.request.listing);
        let steps = stream::iter(plan).map(|step| self.run_step(step));
        let landed: Vec<Vec<(usize, EntryOutcome)>> =
            steps.buffer_unordered(STEP_CONCURRENCY).collect().await;
        match self.context.state.take() {
            (_, None) => {
                let mut landed: Vec<(usize, EntryOutcome)> = landed.into_iter().flatten().collect();
                landed.extend(self.reject_unreadable());
                landed.sort_unstable_by_key(|(index, _)| *index);
                Ok(landed.into_iter().map(|(_, outcome)| outcome).collect())
            }
            (started, Some(error)) if error.class == ErrorClass::ArchiveRefused => {
                self.delete_files(started).await?;
                Err(error)
            }
            (_, Some(error)) => Err(error),
        }
    }

    /// The outcomes of the files that cannot be read, with their indices. The plan leaves them out.
    fn reject_unreadable(&self) -> impl Iterator<Item = (usize, EntryOutcome)> {
        let files = self.context.request.listing.files.iter().enumerate();
        files.filter_map(|(index, entry)| {
            let result = EntryResult::Rejected(entry.unreadable_reason()?);
            Some((index, EntryOutcome { source_name: entry.decode_name(), result }))
        })
    }

    /// Runs one step, unless the unpacking has ended. A file that has started is not interrupted: a write that S3 has
    /// accepted must not appear after its file was deleted.
    async fn run_step(&self, step: ReadStep) -> Vec<(usize, EntryOutcome)> {
        match step {
            ReadStep::Block { range, files } => self.unpack_block(range, files).await,
            ReadStep::Stream(file) => {
                let memory = &self.context.memory;
                let _reservation = match self.context.entry(file).uncompressed_size > MAX_PUT_OBJECT_BYTES {
                    true => memory.reserve_multipart_upload().await,
                    false => memory.reserve_stream().await,
                };
                let unpacked = match self.context.state.start_file(file.index) {
                    Ok(()) => FileUnpacker { context: &self.context, file }.unpack_large().await,
                    Err(error) => Err(error),
                };
                self.collect(file, unpacked).into_iter().collect()
            }
        }
    }

    /// Unpacks small files that are next to each other, which are read at once.
    async fn unpack_block(&self, range: Range<u64>, files: Vec<PlannedFile>) -> Vec<(usize, EntryOutcome)> {
        let UnpackContext { request, memory, state, .. } = &self.context;
        let _reservation = memory.reserve_block(range.end - range.start).await;
        let start = range.start;
        let read = match state.ensure_running() {
            Ok(()) => request.bucket.read_range(request.archive, range).await,
            Err(error) => Err(error),
        };
        let block = match read {
            Ok(bytes) => Block { bytes, start },
            Err(error) => {
                state.fail(error);
                return vec![];
            }
        };
        let block = &block;
        let unpacked = stream::iter(files).map(|file| async move {
            let unpacked = match state.start_file(file.index) {
                Ok(()) => FileUnpacker { context: &self.context, file }.unpack_small(block).await,
                Err(error) => Err(error),
            };
            self.collect(file, unpacked)
        });
        unpacked.buffer_unordered(FILE_CONCURRENCY).filter_map(std::future::ready).collect().await
    }

    /// Returns the outcome of a file with its index. An error ends the unpacking.
    fn collect(
        &self,
        file: PlannedFile,
        unpacked: Result<EntryOutcome, Error>,
    ) -> Option<(usize, EntryOutcome)> {
        match unpacked {
            Ok(outcome) => Some((file.index, outcome)),
            Err(error) => {
                self.context.state.fail(error);
                None
            }
        }
    }

    /// Deletes the files of a hostile archive: those that were started, or all if an earlier attempt may have stored
    /// more.
    async fn delete_files(&self, started: Vec<usize>) -> Result<(), Error> {
        let UnpackContext { request, names, .. } = &self.context;
        let indices = if request.is_retry { (0..names.len()).collect() } else { started };
        let deleted = stream::iter(indices)
            .map(|index| async move { request.bucket.delete_object(&self.context.key(index)).await });
        deleted.buffer_unordered(DELETE_CONCURRENCY).try_collect().await
    }
}
