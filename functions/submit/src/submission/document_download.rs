//! Downloads the documents that a caller names, for a provider that takes files.

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http_client::Downloader;
use model::{Error, ErrorClass};
use provider_client::{latest_send_time, time_until};
use std::{pin::pin, time::Duration};
use time::OffsetDateTime;
use tokio::sync::{Mutex, MutexGuard};

/// The maximum length of one document, in bytes. A provider's module limits all documents of a job together.
const MAX_DOCUMENT_BYTES: u64 = 20 * 1024 * 1024;

/// Downloads documents into memory. The jobs of one execution environment take turns, since each holds its documents
/// until they are uploaded.
#[derive(Debug)]
pub(crate) struct DocumentDownloader {
    downloader: Downloader,
    turn: Mutex<()>,
}

/// The right to hold documents in memory.
pub(crate) type DocumentTurn<'a> = MutexGuard<'a, ()>;

impl DocumentDownloader {
    /// A downloader behind a guard for URLs of callers.
    ///
    /// # Errors
    /// As [`Downloader::new`].
    pub(crate) fn new(guard: http_client::SsrfGuard, ca_bundle: &[u8]) -> Result<Self, Error> {
        let downloader = Downloader::new(guard, MAX_DOCUMENT_BYTES, ca_bundle)?;
        Ok(Self { downloader, turn: Mutex::new(()) })
    }

    /// Waits until no other job holds documents.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`] when no time is left.
    pub(crate) async fn take_turn(
        &self,
        response_timeout: Duration,
        deadline: OffsetDateTime,
    ) -> Result<DocumentTurn<'_>, Error> {
        let turn = tokio::time::timeout(time_left(response_timeout, deadline), self.turn.lock()).await;
        turn.map_err(|_| out_of_time(ErrorClass::StorageUnavailable, "other jobs upload documents"))
    }

    /// Downloads a document, as long as there is time to upload it afterwards.
    ///
    /// # Errors
    /// Those of a download, or [`ErrorClass::SourceUnavailable`] when no time is left.
    pub(crate) async fn download(
        &self,
        url: &str,
        response_timeout: Duration,
        deadline: OffsetDateTime,
    ) -> Result<Bytes, Error> {
        let download = async {
            let (_, stream) = self.downloader.start_download(url).await?;
            let mut chunks = pin!(stream.into_stream());
            let mut bytes = BytesMut::new();
            while let Some(chunk) = chunks.try_next().await? {
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes.freeze())
        };
        let downloaded = tokio::time::timeout(time_left(response_timeout, deadline), download).await;
        downloaded.unwrap_or_else(|_| {
            Err(out_of_time(ErrorClass::SourceUnavailable, "the download of a document took too long"))
        })
    }
}

fn time_left(response_timeout: Duration, deadline: OffsetDateTime) -> Duration {
    time_until(latest_send_time(response_timeout, deadline))
}

fn out_of_time(class: ErrorClass, why: &str) -> Error {
    Error::new(class, format!("{why}; nothing was submitted")).with_retry_after(5)
}
