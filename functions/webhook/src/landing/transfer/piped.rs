//! A long file, part by part: ranged GETs piped into `UploadPart` bodies, several at a time.
//!
//! A piped part cannot be sent again from memory, so a part that breaks is fetched again, with `If-Range` so that
//! it belongs to the same file. What S3 has of the file is on the meter's checkpoint at every moment.

use std::{
    collections::HashSet,
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bucket::{Part, UploadPartError, UploadedObject};
use futures_util::{StreamExt, stream};
use model::Error;
use transport::RemoteFile;

use super::{
    Checkpoint, Transfer, Trouble, part_plan,
    progress::stopped,
    source_rate::watched,
    stream::{Pieces, first},
};

/// Parts on their way at once. A source that is slow on one connection is four times as fast on four.
const CONCURRENCY: usize = 4;
/// How often a part is tried.
const MAX_ATTEMPTS: u32 = 4;
/// The wait before the second try; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// One part of the file.
struct Piece<'a> {
    transfer: &'a Transfer<'a>,
    remote: &'a RemoteFile,
    upload_id: &'a str,
    number: i32,
    range: Range<u64>,
}

/// Brings the parts that are missing and completes the upload.
pub(super) async fn bring(
    transfer: &Transfer<'_>,
    remote: &RemoteFile,
    content_type: &str,
    length: u64,
    pieces: Pieces,
    checkpoint: Option<Checkpoint>,
) -> Result<UploadedObject, Trouble> {
    let checkpoint = match checkpoint {
        Some(checkpoint) => checkpoint,
        None => Checkpoint {
            key: transfer.objects.key(transfer.key),
            upload_id: transfer.objects.begin_parts(transfer.key, content_type).await?,
            length,
            validator: remote.validator.clone(),
            part_length: part_plan::part_length(length),
            parts: vec![],
        },
    };
    let upload_id = checkpoint.upload_id.clone();
    transfer.tally.set_checkpoint(checkpoint.clone());
    let done = match missing(transfer, remote, &checkpoint, pieces).await {
        Ok(()) => finish(transfer, &upload_id).await,
        Err(trouble) => Err(trouble),
    };
    let worthless = match &done {
        Ok(_) => false,
        Err(Trouble::StartAgain(_)) => true,
        Err(Trouble::Fault(error)) => !error.retryable(),
    };
    if worthless {
        transfer.abandon().await;
    }
    done
}

async fn missing(
    transfer: &Transfer<'_>,
    remote: &RemoteFile,
    checkpoint: &Checkpoint,
    pieces: Pieces,
) -> Result<(), Trouble> {
    let there: HashSet<i32> = checkpoint.parts.iter().map(|part| part.number).collect();
    let mut beginning = Some(pieces);
    let pieces = part_plan::parts(checkpoint.length, checkpoint.part_length)
        .filter(|(number, _)| !there.contains(number));
    let pieces = pieces.map(|(number, range)| {
        // The answer that told us about the file has its first bytes already.
        let begun = if number == 1 { beginning.take() } else { None };
        Piece { transfer, remote, upload_id: &checkpoint.upload_id, number, range }.bring(begun)
    });
    let mut pieces = stream::iter(pieces).buffer_unordered(CONCURRENCY);
    let mut first_trouble = None;
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(part) => transfer.tally.part_done(part),
            Err(trouble) => {
                first_trouble = Some(trouble);
                break;
            }
        }
    }
    first_trouble.map_or(Ok(()), Err)
}

/// S3 compares its checksum of the whole with ours and refuses what differs.
async fn finish(transfer: &Transfer<'_>, upload_id: &str) -> Result<UploadedObject, Trouble> {
    let mut parts = transfer.tally.checkpoint_parts();
    parts.sort_by_key(|part| part.number);
    let finished = transfer.objects.finish_parts(transfer.key, upload_id, &parts).await;
    let uploaded = finished.map_err(|trouble| match trouble {
        UploadPartError::UploadGone => Trouble::StartAgain(gone()),
        UploadPartError::Fault(error) => error.into(),
    })?;
    transfer.tally.forget_checkpoint();
    Ok(uploaded)
}

impl Piece<'_> {
    async fn bring(self, mut begun: Option<Pieces>) -> Result<Part, Trouble> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            match self.attempt(begun.take()).await {
                Ok(part) => return Ok(part),
                Err(UploadPartError::UploadGone) => return Err(Trouble::StartAgain(gone())),
                Err(UploadPartError::Fault(error)) => {
                    // A source that is too slow has had its time; another attempt goes on later.
                    let too_slow = self.transfer.tally.meter().source_rate().too_slow() > 0;
                    let last = attempt == MAX_ATTEMPTS
                        || !error.retryable()
                        || too_slow
                        || self.transfer.tally.is_stopped();
                    if last {
                        return Err(error.into());
                    }
                    error.log("a part is fetched again");
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
            }
        }
        Err(stopped().into())
    }

    async fn attempt(&self, begun: Option<Pieces>) -> Result<Part, UploadPartError> {
        let Piece { transfer, range, .. } = self;
        let pieces = match begun {
            Some(pieces) => pieces,
            None => {
                let download = transfer.downloader.range(self.remote, range.clone()).await?;
                watched(transfer.tally.meter().source_rate(), Box::pin(download.into_stream()))
            }
        };
        let length = range.end - range.start;
        let passed = AtomicU64::new(0);
        let bytes = transfer.tally.count(first(pieces, length)).inspect(|piece| {
            passed.fetch_add(piece.as_ref().map_or(0, |piece| piece.len()) as u64, Ordering::Relaxed);
        });
        let part = transfer.objects.pipe_part(transfer.key, self.upload_id, self.number, length, bytes).await;
        if part.is_err() {
            transfer.tally.uncount(passed.load(Ordering::Relaxed));
        }
        part
    }
}

fn gone() -> Error {
    Error::new(model::ErrorClass::StorageUnavailable, "the bucket forgot an upload that was under way")
}
