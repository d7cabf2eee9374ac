//! Bringing one file from a provider into one object of the bucket: what Landfall exists for.
//!
//! One GET learns length and range support, and is the first bytes of the file at the same time. Up to 64 MiB go
//! on as one streamed `PutObject`; longer files with ranges as ranged GETs piped into parts, several at a time,
//! which a later invocation can go on with; everything else in buffered parts. No byte is held longer than it
//! takes to pass it on, and the checksum of the whole is computed on the way.

mod checkpoint;
mod meter;
mod piped;
mod plan;
mod stream;

use model::{Fault, FaultClass};
use objects::{Key, LONGEST_SINGLE, Objects, Upload, Uploaded};
use transport::Downloader;

pub use checkpoint::Checkpoint;
pub use meter::Meter;

/// A file and the object that it becomes. Without `Debug`, since its URL may be pre-signed.
pub struct Transfer<'a> {
    /// How to reach the provider.
    pub downloader: &'a Downloader,
    /// How to reach the bucket.
    pub objects: &'a Objects,
    /// Where the file is.
    pub url: &'a str,
    /// Which object it becomes.
    pub key: &'a Key,
    /// The object's content type.
    pub content_type: &'a str,
    /// Judges a file by its first bytes, as many as have come, at most four.
    pub begins: fn(&[u8]) -> Result<(), Fault>,
    /// Counts what passes, holds the checkpoint, and says when to stop.
    pub meter: &'a Meter,
}

/// Why an attempt ended.
enum Trouble {
    /// The file at the source changed, or the upload is gone: what was brought so far is worth nothing.
    StartAgain(Fault),
    /// Anything else.
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        match fault.class {
            FaultClass::SourceChanged => Trouble::StartAgain(fault),
            _ => Trouble::Fault(fault),
        }
    }
}

impl Transfer<'_> {
    /// Brings the file in, from `checkpoint` on if it fits. Starts again once.
    ///
    /// # Errors
    /// The first one of the source or of the bucket. A passing one leaves a checkpoint on the meter when there is
    /// something to go on with; any other leaves nothing.
    pub async fn run(&self, checkpoint: Option<Checkpoint>) -> Result<Uploaded, Fault> {
        let fault = match self.attempt(checkpoint).await {
            Ok(uploaded) => return Ok(uploaded),
            Err(Trouble::Fault(fault)) => return Err(fault),
            Err(Trouble::StartAgain(fault)) => fault,
        };
        fault.log("transfer starts again");
        self.abandon().await;
        match self.attempt(None).await {
            Ok(uploaded) => Ok(uploaded),
            Err(Trouble::Fault(fault)) => Err(fault),
            Err(Trouble::StartAgain(fault)) => {
                self.abandon().await;
                Err(fault)
            }
        }
    }

    async fn attempt(&self, checkpoint: Option<Checkpoint>) -> Result<Uploaded, Trouble> {
        let (remote, first) = self.downloader.open(self.url).await?;
        let checkpoint = match checkpoint {
            Some(checkpoint) if checkpoint.fits(&remote) => Some(checkpoint),
            Some(other) => {
                self.objects.abort_parts(self.key, &other.upload_id).await;
                None
            }
            None => None,
        };
        self.meter.begin(remote.length);
        match remote.length.filter(|length| remote.ranges && *length > LONGEST_SINGLE) {
            Some(length) => piped::bring(self, &remote, length, first, checkpoint).await,
            None => {
                let upload = Upload { key: self.key, content_type: self.content_type, length: remote.length };
                let bytes = self.meter.count(stream::beginning(first.into_stream(), self.begins));
                Ok(self.objects.upload(upload, bytes).await?)
            }
        }
    }

    /// Gives up what was brought so far.
    async fn abandon(&self) {
        if let Some(checkpoint) = self.meter.forget_checkpoint() {
            self.objects.abort_parts(self.key, &checkpoint.upload_id).await;
        }
    }
}
