//! Unpacking an archive that lies in the bucket, into the bucket.
//!
//! The archive is read once, in the order of its bytes, and never whole: small neighbours in blocks, long files as
//! streams, several at a time within one budget of memory. Every file is written under a safe name, only if nothing
//! is there, and compared if something is; so unpacking again, or where a killed worker stopped, changes nothing.
//! Nobody is told of the files before the manifest is written; those of a hostile archive are removed.

mod file;
mod outcome;

use std::{ops::Range, sync::Mutex};

use archive::{ArchiveListing, PlannedFile, ReadStep};
use bucket::{Bucket, Key, MAX_PUT_OBJECT_BYTES};
use futures_util::{StreamExt, TryStreamExt, stream};
use model::{Error, ErrorClass, Job};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::landing::transfer::LandingProgress;

pub use outcome::{End, Outcome};

/// Steps that are worked on at once: while one is sent, the next is read.
const STEP_CONCURRENCY: usize = 6;
/// Small files of one step that are sent at once.
const FILE_CONCURRENCY: usize = 4;
/// Bytes of blocks in memory, and as many of files inflated from them.
const BUDGET: usize = 16 * 1024 * 1024;
/// What streaming one file takes: pieces on their way in, through and out.
const STREAM: u64 = 2 * 1024 * 1024;
/// What an upload in parts takes, which are buffered: this much of the blocks' budget, and all of the files'.
const PARTS: u64 = 8 * 1024 * 1024;
/// Files of a refused archive that are removed at once.
const REMOVAL_CONCURRENCY: usize = 8;

/// An archive being unpacked.
#[derive(Debug)]
pub struct Unpacking<'a> {
    objects: &'a Bucket,
    job: &'a Job,
    archive: &'a Key,
    listing: &'a ArchiveListing,
    again: bool,
    meter: &'a LandingProgress,
    names: Vec<String>,
    blocks: Semaphore,
    rooms: Semaphore,
    course: Mutex<Course>,
}

/// How far it came.
#[derive(Debug, Default)]
struct Course {
    begun: Vec<usize>,
    error: Option<Error>,
}

impl<'a> Unpacking<'a> {
    /// The files of `listing`, which lie in `archive`, for a job. `again` says that an earlier landing may have left
    /// some of them in the bucket.
    pub fn new(
        objects: &'a Bucket,
        job: &'a Job,
        archive: &'a Key,
        listing: &'a ArchiveListing,
        again: bool,
        meter: &'a LandingProgress,
    ) -> Self {
        let (names, course) = (archive::safe_entry_names(&listing.files), Mutex::default());
        let (blocks, rooms) = (Semaphore::new(BUDGET), Semaphore::new(BUDGET));
        Self { objects, job, archive, listing, again, meter, names, blocks, rooms, course }
    }

    /// Brings every file in. Damaged files are told apart; their neighbours land.
    ///
    /// # Errors
    /// [`ErrorClass::ArchiveRefused`] if the archive turns out to be hostile, and then none of its files stay;
    /// [`ErrorClass::ObjectConflict`] or [`ErrorClass::StorageUnavailable`] from the bucket; and the landing's own
    /// end, if it is told to stop.
    pub async fn run(self) -> Result<Vec<Outcome>, Error> {
        let steps = stream::iter(archive::plan_reads(self.listing)).map(|step| self.step(step));
        let landed: Vec<Vec<(usize, Outcome)>> = steps.buffer_unordered(STEP_CONCURRENCY).collect().await;
        let course = self.course.lock().map(|mut course| std::mem::take(&mut *course)).unwrap_or_default();
        match course.error {
            None => {
                let mut landed: Vec<(usize, Outcome)> = landed.into_iter().flatten().collect();
                landed.sort_unstable_by_key(|(index, _)| *index);
                Ok(landed.into_iter().map(|(_, outcome)| outcome).collect())
            }
            Some(error) if error.class == ErrorClass::ArchiveRefused => {
                self.remove(course.begun).await?;
                Err(error)
            }
            Some(error) => Err(error),
        }
    }

    /// One step, unless the unpacking has ended. What is under way is not cut off: a write that S3 has taken must
    /// not appear after its file was removed.
    async fn step(&self, step: ReadStep) -> Vec<(usize, Outcome)> {
        match step {
            ReadStep::Block { range, files } => self.together(range, files).await,
            ReadStep::Stream(file) => {
                let (_stream, _parts) = match self.listing.files[file.index].uncompressed_size {
                    long if long > MAX_PUT_OBJECT_BYTES => {
                        (self.block(PARTS).await, self.room(BUDGET as u64).await)
                    }
                    _ => (self.block(STREAM).await, None),
                };
                let landed = match self.begin(file) {
                    Ok(()) => self.long(file).await,
                    Err(error) => Err(error),
                };
                self.heard(file, landed).into_iter().collect()
            }
        }
    }

    async fn together(&self, range: Range<u64>, files: Vec<PlannedFile>) -> Vec<(usize, Outcome)> {
        let _block = self.block(range.end - range.start).await;
        let start = range.start;
        let read = match self.goes_on() {
            Ok(()) => self.objects.read(self.archive, range).await,
            Err(error) => Err(error),
        };
        let block = match read {
            Ok(block) => block,
            Err(error) => {
                self.end(error);
                return vec![];
            }
        };
        let block = &block;
        let landed = stream::iter(files).map(|file| async move {
            let landed = match self.begin(file) {
                Ok(()) => self.small(file, block, start).await,
                Err(error) => Err(error),
            };
            self.heard(file, landed)
        });
        landed.buffer_unordered(FILE_CONCURRENCY).filter_map(std::future::ready).collect().await
    }

    /// Memory for a block, as soon as there is some.
    async fn block(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        permit(&self.blocks, bytes).await
    }

    /// Memory for what is made of a block. Whoever waits for it may hold a block, never the other way round.
    async fn room(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        permit(&self.rooms, bytes).await
    }

    /// Whether to go on: an error when the landing is told to stop, or when something ended the unpacking.
    fn goes_on(&self) -> Result<(), Error> {
        let ended = self.course.lock().is_ok_and(|course| course.error.is_some());
        if ended || self.meter.is_stopped() {
            return Err(Error::new(ErrorClass::SourceUnavailable, "the landing was stopped"));
        }
        Ok(())
    }

    fn begin(&self, file: PlannedFile) -> Result<(), Error> {
        self.goes_on()?;
        if let Ok(mut course) = self.course.lock() {
            course.begun.push(file.index);
        }
        Ok(())
    }

    fn heard(&self, file: PlannedFile, landed: Result<Outcome, Error>) -> Option<(usize, Outcome)> {
        match landed {
            Ok(outcome) => Some((file.index, outcome)),
            Err(error) => {
                self.end(error);
                None
            }
        }
    }

    /// Lets nothing more begin. The first fault is the one that counts.
    fn end(&self, error: Error) {
        if let Ok(mut course) = self.course.lock() {
            course.error.get_or_insert(error);
        }
    }

    /// Removes what was written of an archive that is not unpacked after all: all of it, if an earlier landing may
    /// have come further than this one.
    async fn remove(&self, begun: Vec<usize>) -> Result<(), Error> {
        let indices = if self.again { (0..self.names.len()).collect() } else { begun };
        let removed = stream::iter(indices).map(|index| async move {
            let key = Key::File(self.job.provider.clone(), self.job.id, self.names[index].clone());
            self.objects.delete(&key).await
        });
        removed.buffer_unordered(REMOVAL_CONCURRENCY).try_collect().await
    }
}

/// Waits for so many bytes of a budget. None only if the budget were closed, which nobody does.
async fn permit(budget: &Semaphore, bytes: u64) -> Option<SemaphorePermit<'_>> {
    let bytes = u32::try_from(bytes.min(BUDGET as u64)).unwrap_or(u32::MAX);
    budget.acquire_many(bytes).await.ok()
}
