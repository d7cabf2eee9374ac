//! Downloads the documents that a caller names, for a provider that takes files.

use std::{pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http_client::{Downloader, SsrfGuard};
use model::{Error, ErrorClass};
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
    pub(crate) fn new(guard: SsrfGuard, ca_bundle: &[u8]) -> Result<Self, Error> {
        let downloader = Downloader::new(guard, MAX_DOCUMENT_BYTES, ca_bundle)?;
        Ok(Self { downloader, turn: Mutex::new(()) })
    }

    /// Downloads a document within `time_left`, so that there is time to upload it afterwards. Waits first until no other
    /// job holds documents, unless this one has the `turn`.
    ///
    /// # Errors
    /// Those of a download, or [`ErrorClass::SourceUnavailable`] when no time is left.
    pub(crate) async fn download<'a>(
        &'a self,
        url: &str,
        time_left: Duration,
        turn: &mut Option<DocumentTurn<'a>>,
    ) -> Result<Bytes, Error> {
        let download = async {
            if turn.is_none() {
                *turn = Some(self.turn.lock().await);
            }
            let (_, stream) = self.downloader.start_download(url).await?;
            let mut chunks = pin!(stream.into_stream());
            let mut bytes = BytesMut::new();
            while let Some(chunk) = chunks.try_next().await? {
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes.freeze())
        };
        tokio::time::timeout(time_left, download).await.unwrap_or_else(|_| {
            let message = "there was no time left to download a document; nothing was submitted";
            Err(Error::new(ErrorClass::SourceUnavailable, message).with_retry_after(5))
        })
    }
}
