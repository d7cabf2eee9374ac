//! Transfers one file, and chooses between one `PutObject` and a multipart upload.

use bucket::{MAX_PUT_OBJECT_BYTES, UploadOutcome, UploadRequest};
use bytes::Bytes;
use http_client::{Downloader, RemoteFile};
use model::Error;

use super::{
    byte_stream::{ByteStream, peek_start},
    checkpoint::Checkpoint,
    download_rate::enforce_min_rate,
    multipart_transfer::MultipartTransfer,
    transfer_error::TransferError,
    transfer_request::{TransferRequest, TransferredFile},
};

/// A file at the source whose first bytes have arrived.
struct OpenedFile {
    remote: RemoteFile,
    content_type: &'static str,
    start: Bytes,
    stream: ByteStream,
}

/// Transfers a file, from the checkpoint on if the file is the same. Starts again once if the upload cannot be continued,
/// and once, with a download of the whole file, if ranges of it cannot be combined.
///
/// # Errors
/// The first error of the source or of the bucket. A transient error leaves a checkpoint in the progress if the
/// transfer can be resumed; any other error leaves nothing.
pub async fn transfer_file(
    request: &TransferRequest<'_>,
    checkpoint: Option<Checkpoint>,
) -> Result<TransferredFile, Error> {
    let transfer = FileTransfer { request, earlier: checkpoint.clone() };
    let (mut checkpoint, mut no_ranges, mut restarts_left) = (checkpoint, None, 1);
    loop {
        match transfer.attempt(checkpoint.take(), no_ranges.as_deref()).await {
            Ok(transferred) => return Ok(transferred),
            Err(TransferError::UnreliableRanges(error)) if no_ranges.is_none() => {
                error.log("the file is downloaded whole");
                no_ranges = Some(error.message);
            }
            Err(TransferError::Restart(error)) if restarts_left > 0 => {
                error.log("transfer starts again");
                restarts_left -= 1;
            }
            Err(
                TransferError::Failed(error)
                | TransferError::Restart(error)
                | TransferError::UnreliableRanges(error),
            ) => return Err(error),
        }
    }
}

/// Reads the first bytes of a file, at most 64 KiB, and stores nothing.
///
/// # Errors
/// The error of the source.
pub(crate) async fn read_start(downloader: &Downloader, url: &str) -> Result<Bytes, Error> {
    let (_, download) = downloader.start_download(url).await?;
    peek_start(download).await.map(|(start, _)| start)
}

/// The transfer of one file.
struct FileTransfer<'a> {
    request: &'a TransferRequest<'a>,
    /// The checkpoint of an earlier invocation.
    earlier: Option<Checkpoint>,
}

impl FileTransfer<'_> {
    /// `no_ranges` is why the file has to be downloaded whole, if it has to.
    async fn attempt(
        &self,
        checkpoint: Option<Checkpoint>,
        no_ranges: Option<&str>,
    ) -> Result<TransferredFile, TransferError> {
        let landing = self.request.progress.landing();
        let mut opened = self.open(no_ranges).await?;
        let is_long = opened.remote.length.is_none_or(|length| length > MAX_PUT_OBJECT_BYTES);
        let mut permit = None;
        if is_long {
            permit = landing.try_acquire_long_transfer();
            if permit.is_none() {
                // The source would close a connection that waits. A file without ranges need not be asked for them again.
                let learned = opened.remote.validator.clone().err();
                drop(opened);
                permit = landing.acquire_long_transfer().await;
                opened = self.open(no_ranges.or(learned.as_deref())).await?;
            }
        }
        let OpenedFile { remote, content_type, start, stream } = opened;
        let checkpoint = self.keep_if_valid(checkpoint, &remote).await;
        self.request.progress.start(remote.length);
        let uploaded = match (remote.length, &remote.validator) {
            _ if !is_long => self.upload(content_type, remote.length, stream).await?,
            (Some(length), Ok(validator)) => {
                if checkpoint.is_none() {
                    self.check_restarts(&remote)?;
                }
                let (request, restarts) = (self.request, self.restarts());
                let remote = &remote;
                let transfer =
                    MultipartTransfer { request, remote, content_type, length, validator, restarts };
                Box::pin(transfer.run(stream, checkpoint)).await?
            }
            _ => {
                self.check_restarts(&remote)?;
                self.upload_long(content_type, remote.length, stream).await?
            }
        };
        drop(permit);
        Ok(TransferredFile { uploaded, content_type, start })
    }

    async fn open(&self, no_ranges: Option<&str>) -> Result<OpenedFile, Error> {
        let TransferRequest { downloader, url, check_start, progress, .. } = *self.request;
        let (remote, download) = match no_ranges {
            None => downloader.start_download(url).await?,
            Some(reason) => downloader.download_whole(url, reason).await?,
        };
        let stream = enforce_min_rate(progress.landing().download_rate(), download);
        let (start, stream) = peek_start(stream).await?;
        let content_type = check_start(&start)?;
        Ok(OpenedFile { remote, content_type, start, stream })
    }

    /// Keeps the checkpoint if it belongs to this file, and otherwise aborts its upload.
    async fn keep_if_valid(&self, checkpoint: Option<Checkpoint>, remote: &RemoteFile) -> Option<Checkpoint> {
        let checkpoint = checkpoint?;
        if checkpoint.matches(remote) {
            return Some(checkpoint);
        }
        if let Some(id) = checkpoint.upload_id {
            self.request.bucket.abort_multipart_upload(self.request.key, &id).await;
        }
        None
    }

    /// How many invocations ran out of time before this transfer starts with the first byte.
    fn restarts(&self) -> u32 {
        self.earlier.as_ref().map_or(0, Checkpoint::restarts_so_far)
    }

    /// Checks that the file may be downloaded from its first byte again.
    fn check_restarts(&self, remote: &RemoteFile) -> Result<(), TransferError> {
        let Some(earlier) = &self.earlier else { return Ok(()) };
        let reason = remote.validator.as_ref().err().map(String::as_str);
        earlier.check_restarts(remote.length, reason).map_err(|error| {
            let given_up = Checkpoint { upload_id: None, parts: vec![], ..earlier.clone() };
            self.request.progress.set_checkpoint(given_up.without_restarts());
            TransferError::Failed(error)
        })
    }

    /// Uploads a long file that is downloaded whole. The checkpoint records only that this was attempted.
    async fn upload_long(
        &self,
        content_type: &'static str,
        length: Option<u64>,
        stream: ByteStream,
    ) -> Result<UploadOutcome, TransferError> {
        let TransferRequest { bucket, key, progress, .. } = *self.request;
        progress.set_checkpoint(Checkpoint {
            key: bucket.object_key(key),
            upload_id: None,
            length,
            validator: None,
            part_length: 0,
            parts: vec![],
            restarts: self.restarts(),
            ran_out_of_time: false,
        });
        let uploaded = self.upload(content_type, length, stream).await;
        if !matches!(&uploaded, Err(TransferError::Failed(error)) if error.is_retryable()) {
            progress.take_checkpoint();
        }
        uploaded
    }

    async fn upload(
        &self,
        content_type: &'static str,
        length: Option<u64>,
        stream: ByteStream,
    ) -> Result<UploadOutcome, TransferError> {
        let TransferRequest { bucket, key, progress, .. } = *self.request;
        let upload = UploadRequest { key, content_type, length };
        Ok(Box::pin(bucket.upload_stream(upload, progress.count_bytes(stream))).await?)
    }
}
