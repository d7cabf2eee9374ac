//! Transfers a long file part by part: ranged GETs that are streamed into `UploadPart` bodies, several at a time.
//!
//! A streamed part cannot be sent again from memory, so a part that fails is downloaded again, with `If-Range` so
//! that it belongs to the same file. The checkpoint in the progress always lists the parts that S3 has. Parts that cannot
//! be proved to be of one file end the transfer, which starts again with a download of the whole file.

use std::{
    collections::HashSet,
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bucket::{PartTarget, UploadError, UploadOutcome, UploadedPart};
use futures_util::{StreamExt, stream};
use http_client::RemoteFile;
use model::Error;

use super::{
    byte_stream::{ByteStream, take_bytes},
    checkpoint::Checkpoint,
    download_rate::enforce_min_rate,
    landing_progress::landing_stopped,
    part_sizes,
    transfer_error::TransferError,
    transfer_request::TransferRequest,
};

/// Parts that are transferred at once. A source that is slow on one connection is four times as fast on four.
const CONCURRENCY: usize = 4;
/// How many times a part is tried.
const MAX_ATTEMPTS: u32 = 4;
/// The delay before the second attempt. It doubles each time.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(250);

/// The transfer of one long file.
pub(super) struct MultipartTransfer<'a> {
    pub(super) request: &'a TransferRequest<'a>,
    pub(super) remote: &'a RemoteFile,
    pub(super) content_type: &'static str,
    pub(super) length: u64,
    /// The strong validator that all parts share.
    pub(super) validator: &'a str,
    /// How many invocations before ran out of time and are not continued.
    pub(super) restarts: u32,
}

impl MultipartTransfer<'_> {
    /// Transfers the missing parts and completes the upload. `stream` is the response that described the file.
    pub(super) async fn run(
        &self,
        stream: ByteStream,
        checkpoint: Option<Checkpoint>,
    ) -> Result<UploadOutcome, TransferError> {
        let TransferRequest { bucket, key, progress, .. } = *self.request;
        let resumed = checkpoint.and_then(|checkpoint| Some((checkpoint.upload_id.clone()?, checkpoint)));
        let (upload_id, checkpoint) = match resumed {
            Some((id, checkpoint)) => (id, Checkpoint { ran_out_of_time: false, ..checkpoint }),
            None => {
                let id = bucket.create_multipart_upload(key, self.content_type).await?;
                (id.clone(), self.first_checkpoint(id))
            }
        };
        progress.set_checkpoint(checkpoint.clone());
        let completed = match self.transfer_missing_parts(&checkpoint, &upload_id, stream).await {
            Ok(()) => self.complete_upload(&upload_id).await,
            Err(error) => Err(error),
        };
        let can_resume = match &completed {
            Ok(_) => true,
            Err(TransferError::Restart(_) | TransferError::UnreliableRanges(_)) => false,
            Err(TransferError::Failed(error)) => error.is_retryable(),
        };
        if !can_resume {
            self.abort_upload().await;
        }
        completed
    }

    fn first_checkpoint(&self, upload_id: String) -> Checkpoint {
        let TransferRequest { bucket, key, .. } = *self.request;
        Checkpoint {
            key: bucket.object_key(key),
            upload_id: Some(upload_id),
            length: Some(self.length),
            validator: Some(self.validator.to_owned()),
            part_length: part_sizes::part_length(self.length),
            parts: vec![],
            restarts: self.restarts,
            ran_out_of_time: false,
        }
    }

    async fn transfer_missing_parts(
        &self,
        checkpoint: &Checkpoint,
        upload_id: &str,
        stream: ByteStream,
    ) -> Result<(), TransferError> {
        let uploaded: HashSet<i32> = checkpoint.parts.iter().map(|part| part.number).collect();
        let mut file_start = Some(stream);
        let parts = part_sizes::part_ranges(self.length, checkpoint.part_length)
            .filter(|(number, _)| !uploaded.contains(number));
        let transfers = parts.map(|(number, range)| {
            // The response that described the file carries the bytes of its first part.
            let opened = if number == 1 { file_start.take() } else { None };
            let (request, remote) = (self.request, self.remote);
            PartTransfer { request, remote, upload_id, number, range }.run(opened)
        });
        let mut transfers = stream::iter(transfers).buffer_unordered(CONCURRENCY);
        let mut first_error = None;
        while let Some(transferred) = transfers.next().await {
            match transferred {
                Ok(part) => self.request.progress.add_part(part),
                Err(error) => {
                    first_error = Some(error);
                    break;
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Completes the upload. S3 compares its checksum of the whole object with the computed one and rejects a
    /// difference.
    async fn complete_upload(&self, upload_id: &str) -> Result<UploadOutcome, TransferError> {
        let TransferRequest { bucket, key, progress, .. } = *self.request;
        let mut parts = progress.checkpoint_parts();
        parts.sort_by_key(|part| part.number);
        let uploaded = bucket.complete_multipart_upload(key, upload_id, &parts).await?;
        progress.take_checkpoint();
        Ok(uploaded)
    }

    /// Aborts the upload and deletes its checkpoint.
    async fn abort_upload(&self) {
        if let Some(Checkpoint { upload_id: Some(id), .. }) = self.request.progress.take_checkpoint() {
            self.request.bucket.abort_multipart_upload(self.request.key, &id).await;
        }
    }
}

/// The transfer of one part.
struct PartTransfer<'a> {
    request: &'a TransferRequest<'a>,
    remote: &'a RemoteFile,
    upload_id: &'a str,
    number: i32,
    range: Range<u64>,
}

impl PartTransfer<'_> {
    /// Transfers the part, with retries. The first attempt reads from `opened` if there is such a response.
    async fn run(self, mut opened: Option<ByteStream>) -> Result<UploadedPart, TransferError> {
        let mut delay = FIRST_RETRY_DELAY;
        for attempt in 1.. {
            match self.attempt(opened.take()).await {
                Ok(part) => return Ok(part),
                Err(error) => match error.into() {
                    TransferError::Failed(error) if attempt < MAX_ATTEMPTS && self.may_retry(&error) => {
                        error.log("a part is downloaded again");
                        tokio::time::sleep(delay).await;
                        delay *= 2;
                    }
                    error => return Err(error),
                },
            }
        }
        Err(landing_stopped().into())
    }

    /// Whether to retry at once. If the source was too slow, a later invocation retries.
    fn may_retry(&self, error: &Error) -> bool {
        let landing = self.request.progress.landing();
        error.is_retryable() && landing.download_rate().slow_downloads() == 0 && !landing.is_stopped()
    }

    async fn attempt(&self, opened: Option<ByteStream>) -> Result<UploadedPart, UploadError> {
        let TransferRequest { downloader, bucket, key, progress, .. } = *self.request;
        let stream = match opened {
            Some(stream) => stream,
            None => {
                let download = downloader.download_range(self.remote, self.range.clone()).await?;
                enforce_min_rate(progress.landing().download_rate(), download)
            }
        };
        let length = self.range.end - self.range.start;
        let counted = AtomicU64::new(0);
        let bytes = progress.count_bytes(take_bytes(stream, length)).inspect(|chunk| {
            counted.fetch_add(chunk.as_ref().map_or(0, |chunk| chunk.len()) as u64, Ordering::Relaxed);
        });
        let target = PartTarget { key, id: self.upload_id, number: self.number };
        let part = bucket.upload_part(target, length, bytes).await;
        if part.is_err() {
            progress.subtract_bytes(counted.load(Ordering::Relaxed));
        }
        part
    }
}
