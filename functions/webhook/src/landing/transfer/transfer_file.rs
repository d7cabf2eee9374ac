//! Transfers one file, and chooses between one `PutObject` and a multipart upload.

use bucket::{MAX_PUT_OBJECT_BYTES, UploadRequest};
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

/// Transfers a file, from the checkpoint on if the file is the same. Starts again once.
///
/// # Errors
/// The first error of the source or of the bucket. A transient error leaves a checkpoint in the progress if the
/// transfer can be resumed; any other error leaves nothing.
pub async fn transfer_file(
    request: &TransferRequest<'_>,
    checkpoint: Option<Checkpoint>,
) -> Result<TransferredFile, Error> {
    let error = match attempt(request, checkpoint).await {
        Ok(transferred) => return Ok(transferred),
        Err(TransferError::Failed(error)) => return Err(error),
        Err(TransferError::Restart(error)) => error,
    };
    error.log("transfer starts again");
    match attempt(request, None).await {
        Ok(transferred) => Ok(transferred),
        Err(TransferError::Failed(error) | TransferError::Restart(error)) => Err(error),
    }
}

/// Reads the first bytes of a file, at most 64 KiB, and stores nothing.
///
/// # Errors
/// The error of the source.
pub(crate) async fn read_start(downloader: &Downloader, url: &str) -> Result<Bytes, Error> {
    let (_, download) = downloader.start_download(url).await?;
    peek_start(Box::pin(download.into_stream())).await.map(|(start, _)| start)
}

async fn attempt(
    request: &TransferRequest<'_>,
    checkpoint: Option<Checkpoint>,
) -> Result<TransferredFile, TransferError> {
    let landing = request.progress.landing();
    let mut opened = open(request).await?;
    let is_long = opened.remote.length.is_none_or(|length| length > MAX_PUT_OBJECT_BYTES);
    let mut permit = None;
    if is_long {
        permit = landing.try_acquire_long_transfer();
        if permit.is_none() {
            // The source would close a connection that waits.
            drop(opened);
            permit = landing.acquire_long_transfer().await;
            opened = open(request).await?;
        }
    }
    let OpenedFile { remote, content_type, start, stream } = opened;
    let checkpoint = keep_if_valid(request, checkpoint, &remote).await;
    request.progress.start(remote.length);
    let uploaded = match remote.length.filter(|_| is_long && remote.supports_ranges) {
        Some(length) => {
            let transfer = MultipartTransfer { request, remote: &remote, content_type, length };
            Box::pin(transfer.run(stream, checkpoint)).await?
        }
        None => {
            let upload = UploadRequest { key: request.key, content_type, length: remote.length };
            Box::pin(request.bucket.upload_stream(upload, request.progress.count_bytes(stream))).await?
        }
    };
    drop(permit);
    Ok(TransferredFile { uploaded, content_type, start })
}

async fn open(request: &TransferRequest<'_>) -> Result<OpenedFile, Error> {
    let (remote, download) = request.downloader.start_download(request.url).await?;
    let rate = request.progress.landing().download_rate();
    let stream = enforce_min_rate(rate, Box::pin(download.into_stream()));
    let (start, stream) = peek_start(stream).await?;
    let content_type = (request.check_start)(&start)?;
    Ok(OpenedFile { remote, content_type, start, stream })
}

/// Keeps the checkpoint if it belongs to this file, and otherwise aborts its upload.
async fn keep_if_valid(
    request: &TransferRequest<'_>,
    checkpoint: Option<Checkpoint>,
    remote: &RemoteFile,
) -> Option<Checkpoint> {
    match checkpoint {
        Some(checkpoint) if checkpoint.matches(remote) => Some(checkpoint),
        Some(other) => {
            request.bucket.abort_multipart_upload(request.key, &other.upload_id).await;
            None
        }
        None => None,
    }
}
