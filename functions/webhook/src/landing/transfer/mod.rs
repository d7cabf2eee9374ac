//! Bringing one file from a provider into one object of the bucket: what Landfall exists for.
//!
//! One GET learns length and range support, and is the first bytes of the file at the same time. Up to 64 MiB go
//! on as one streamed `PutObject`; longer files with ranges as ranged GETs piped into parts, several at a time,
//! which a later invocation can go on with; everything else in buffered parts. No byte is held longer than it
//! takes to pass it on, and the checksum of the whole is computed on the way.

mod checkpoint;
mod file_progress;
mod part_plan;
mod piped;
mod progress;
mod source_rate;
mod stream;

use bucket::{Bucket, Key, MAX_PUT_OBJECT_BYTES, Upload, UploadedObject};
use bytes::Bytes;
use model::{Error, ErrorClass};
use transport::{Downloader, RemoteFile};

pub use checkpoint::Checkpoint;
pub use file_progress::FileProgress;
pub use progress::LandingProgress;
pub(crate) use progress::stopped;
pub use source_rate::{MinRate, SourceRate};

use source_rate::watched;
use stream::{Pieces, peeked};

/// What a file is, judged by its first bytes: its content type, or why it is not brought in.
pub type Judge<'a> = &'a (dyn Fn(&[u8]) -> Result<&'static str, Error> + Sync);

/// A file and the object that it becomes. Without `Debug`, since its URL may be pre-signed.
pub struct Transfer<'a> {
    /// How to reach the provider.
    pub downloader: &'a Downloader,
    /// How to reach the bucket.
    pub objects: &'a Bucket,
    /// Where the file is.
    pub url: &'a str,
    /// Which object it becomes.
    pub key: &'a Key,
    /// Says what the file is before anything of it is stored.
    pub judge: Judge<'a>,
    /// Counts what passes, holds the checkpoint, and says when to stop.
    pub tally: &'a FileProgress<'a>,
}

/// A file that was brought.
#[derive(Debug)]
pub struct TransferredFile {
    /// The object.
    pub uploaded: UploadedObject,
    /// Its content type.
    pub content_type: &'static str,
    /// Its first bytes, at most 64 KiB.
    pub start: Bytes,
}

/// A file at the source whose first bytes have come.
struct Opened {
    remote: RemoteFile,
    content_type: &'static str,
    start: Bytes,
    pieces: Pieces,
}

/// Why an attempt ended.
enum Trouble {
    /// The file at the source changed, or the upload is gone: what was brought so far is worth nothing.
    StartAgain(Error),
    /// Anything else.
    Fault(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error.class {
            ErrorClass::SourceChanged => Trouble::StartAgain(error),
            _ => Trouble::Fault(error),
        }
    }
}

impl Transfer<'_> {
    /// Brings the file in, from `checkpoint` on if it fits. Starts again once.
    ///
    /// # Errors
    /// The first one of the source or of the bucket. A passing one leaves a checkpoint on the meter when there is
    /// something to go on with; any other leaves nothing.
    pub async fn run(&self, checkpoint: Option<Checkpoint>) -> Result<TransferredFile, Error> {
        let error = match self.attempt(checkpoint).await {
            Ok(brought) => return Ok(brought),
            Err(Trouble::Fault(error)) => return Err(error),
            Err(Trouble::StartAgain(error)) => error,
        };
        error.log("transfer starts again");
        match self.attempt(None).await {
            Ok(brought) => Ok(brought),
            Err(Trouble::Fault(error) | Trouble::StartAgain(error)) => Err(error),
        }
    }

    async fn attempt(&self, checkpoint: Option<Checkpoint>) -> Result<TransferredFile, Trouble> {
        let mut opened = self.open().await?;
        let long = opened.remote.length.is_none_or(|length| length > MAX_PUT_OBJECT_BYTES);
        let mut turn = None;
        if long {
            turn = self.tally.meter().long_now();
            if turn.is_none() {
                // A connection that waits would be cut off by the other side.
                drop(opened);
                turn = self.tally.meter().long().await;
                opened = self.open().await?;
            }
        }
        let Opened { remote, content_type, start, pieces } = opened;
        let checkpoint = self.fitting(checkpoint, &remote).await;
        self.tally.begin(remote.length);
        let uploaded = match remote.length.filter(|_| long && remote.ranges) {
            Some(length) => {
                Box::pin(piped::bring(self, &remote, content_type, length, pieces, checkpoint)).await?
            }
            None => {
                let upload = Upload { key: self.key, content_type, length: remote.length };
                Box::pin(self.objects.upload(upload, self.tally.count(pieces))).await?
            }
        };
        drop(turn);
        Ok(TransferredFile { uploaded, content_type, start })
    }

    async fn open(&self) -> Result<Opened, Error> {
        let (remote, download) = self.downloader.open(self.url).await?;
        let pieces = watched(self.tally.meter().source_rate(), Box::pin(download.into_stream()));
        let (start, pieces) = peeked(pieces).await?;
        let content_type = (self.judge)(&start)?;
        Ok(Opened { remote, content_type, start, pieces })
    }

    async fn fitting(&self, checkpoint: Option<Checkpoint>, remote: &RemoteFile) -> Option<Checkpoint> {
        match checkpoint {
            Some(checkpoint) if checkpoint.fits(remote) => Some(checkpoint),
            Some(other) => {
                self.objects.abort_parts(self.key, &other.upload_id).await;
                None
            }
            None => None,
        }
    }

    /// Gives up what was brought so far.
    async fn abandon(&self) {
        if let Some(checkpoint) = self.tally.forget_checkpoint() {
            self.objects.abort_parts(self.key, &checkpoint.upload_id).await;
        }
    }
}
