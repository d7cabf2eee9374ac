//! Brings a set of files that lie at URLs of their own into the bucket, several at a time.
//!
//! A file that is in the bucket is not fetched again, so a landing that was cut off goes on with what is left. A file
//! that cannot be brought in for good is told apart, and its neighbours land; passing trouble ends the landing, which
//! comes back.

use std::sync::Mutex;

use archive::{content_type, image_dimensions, safe_file_names};
use bucket::{Key, ObjectInfo, UploadedObject};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use model::{Error, ErrorClass, Source, SourceRole, StoredFile};
use transport::Downloader;

use crate::landing::{
    completeness::{LandingOutcome, TransferResult, settle},
    landing_context::LandingContext,
    manifest::ManifestEntry,
    transfer::{Transfer, TransferredFile, stopped},
    truncation,
};

/// Files on their way at once. A small one takes its first 64 KiB and a few pieces of memory; long ones take turns.
const FILE_CONCURRENCY: usize = 8;
/// How many first bytes of a file that is in the bucket are looked at, to learn what it is.
const START: u64 = 64 * 1024;

/// A set being brought.
struct FileSet<'a> {
    bringing: LandingContext<'a>,
    downloader: &'a Downloader,
    /// The first passing trouble, or what ends the landing for good.
    ended: Mutex<Option<Error>>,
}

/// Brings every file in and settles what came.
pub(crate) async fn bring(bringing: LandingContext<'_>, sources: &[Source]) -> Result<LandingOutcome, Error> {
    let LandingContext { worker, job, meter, .. } = bringing;
    meter.expect_transfers(sources.len());
    meter.expect_files(sources.len() as u64);
    let downloader = bringing.downloader()?;
    let set = FileSet { bringing, downloader: &downloader, ended: Mutex::new(None) };
    let names = safe_file_names(sources.iter().map(name_of));
    let files = stream::iter(0..sources.len()).map(|index| set.file(&sources[index], &names[index]));
    let files: Vec<Option<ManifestEntry>> = files.buffered(FILE_CONCURRENCY).collect().await;
    if let Some(error) = set.ended.into_inner().ok().flatten() {
        return Err(error);
    }
    let files: Vec<ManifestEntry> = files.into_iter().flatten().collect();
    let count = files.iter().filter(|file| file.counted()).count() as u64;
    let promised = count + job.missing.len() as u64;
    let expected = Some(job.expected.unwrap_or(0).max(promised));
    settle(worker, job, TransferResult { archive: None, files, expected, count }).await
}

/// The provider's name for a file, or the last part of its URL.
fn name_of(source: &Source) -> String {
    let path = || source.url.split(['?', '#']).next().unwrap_or_default();
    let last = || path().rsplit('/').next().unwrap_or_default().to_owned();
    source.name.clone().unwrap_or_else(last)
}

impl FileSet<'_> {
    /// One file, unless the landing has ended. Nothing when it ended with this one.
    async fn file(&self, source: &Source, name: &str) -> Option<ManifestEntry> {
        if self.has_ended() {
            return None;
        }
        let counted = source.role == SourceRole::File;
        match self.brought(source, name, counted).await {
            Ok(listed) => Some(listed),
            Err(error) if is_its_own(&error) && !self.may_be_elsewhere(&error) => {
                error.log("a file of a set cannot be brought in");
                Some(ManifestEntry::Refused { source_name: name_of(source), reason: error.message, counted })
            }
            Err(error) => {
                if let Ok(mut ended) = self.ended.lock() {
                    ended.get_or_insert(error);
                }
                None
            }
        }
    }

    /// Whether the file may be had from another place, which whoever lands the set asks for.
    fn may_be_elsewhere(&self, error: &Error) -> bool {
        error.class == ErrorClass::SourceGone && self.bringing.renewable
    }

    fn has_ended(&self) -> bool {
        if self.bringing.meter.is_stopped()
            && let Ok(mut ended) = self.ended.lock()
        {
            ended.get_or_insert_with(stopped);
        }
        self.ended.lock().is_ok_and(|ended| ended.is_some())
    }

    async fn brought(&self, source: &Source, name: &str, counted: bool) -> Result<ManifestEntry, Error> {
        let LandingContext { worker, job, again, meter, .. } = self.bringing;
        let key = Key::File(job.provider.clone(), job.id, name.to_owned());
        let there = if again { worker.objects.head(&key).await? } else { None };
        let new = there.is_none();
        let (existing, kind, start) = match there {
            Some(existing) => self.known(&key, name, existing).await?,
            None => self.fetched(source, name, &key).await?,
        };
        if let Some(flaw) = truncation::flaw(&self.bringing, &key, existing.bytes, &start).await? {
            // Nothing broken stays under a job's prefix; the bucket keeps the removed version.
            worker.objects.delete(&key).await?;
            return Err(Error::new(ErrorClass::SourceInvalid, flaw));
        }
        let file = StoredFile {
            name: name.to_owned(),
            key: worker.objects.key(&key),
            bytes: existing.bytes,
            content_type: kind.to_owned(),
            checksum: worker.objects.checksum_of(&key, existing).await?,
        };
        meter.file_done(new);
        Ok(ManifestEntry::Landed {
            file,
            source_name: Some(name_of(source)),
            crc32: None,
            measures: image_dimensions(&start),
            details: source.details.clone(),
            counted,
        })
    }

    /// What is in the bucket already.
    async fn known(
        &self,
        key: &Key,
        name: &str,
        existing: ObjectInfo,
    ) -> Result<(ObjectInfo, &'static str, Bytes), Error> {
        let start = self.bringing.worker.objects.read(key, 0..existing.bytes.min(START)).await?;
        Ok((existing, content_type(name, &start), start))
    }

    async fn fetched(
        &self,
        source: &Source,
        name: &str,
        key: &Key,
    ) -> Result<(ObjectInfo, &'static str, Bytes), Error> {
        let LandingContext { worker, again, meter, checkpoint, .. } = self.bringing;
        let slow = meter.source_rate().too_slow();
        if slow >= FILE_CONCURRENCY {
            // Each of thousands of files would take its time to be found too slow.
            let message = format!("not tried any more: the source was too slow for {slow} other files");
            return Err(Error::new(ErrorClass::SourceGone, message));
        }
        let path = worker.objects.key(key);
        let checkpoint = checkpoint.filter(|checkpoint| checkpoint.key == path);
        if again {
            // A killed worker could not abort its uploads. Under our lease nobody else has one.
            let spared = checkpoint.map(|checkpoint| checkpoint.upload_id.as_str());
            worker.objects.abort_leftovers(key, spared).await;
        }
        let transfer = Transfer {
            downloader: self.downloader,
            objects: &worker.objects,
            url: &source.url,
            key,
            judge: &|start| judged(name, start),
            tally: &meter.tally(),
        };
        let TransferredFile { uploaded, content_type, start } = transfer.run(checkpoint.cloned()).await?;
        let existing = match uploaded {
            UploadedObject::Stored { bytes, checksum } => ObjectInfo { bytes, checksum: Some(checksum) },
            // Another worker, thought lost, was faster after all. Its object is as good as ours.
            UploadedObject::AlreadyThere => worker.objects.there(key).await?,
        };
        Ok((existing, content_type, start))
    }
}

/// Refuses an error page that came with status 200 in a file's place, and what is called a video and is none.
fn judged(name: &str, start: &[u8]) -> Result<&'static str, Error> {
    let named = |ending: &&str| name.to_ascii_lowercase().ends_with(*ending);
    // The first box of such a file says what it is (ISO 14496-12, 4.3).
    if [".mp4", ".m4v"].iter().any(named) && start.get(4..8) != Some(b"ftyp") {
        return Err(Error::new(ErrorClass::SourceInvalid, "what the provider serves is not an MP4 video"));
    }
    let named_html = [".html", ".htm"].iter().any(named);
    if !named_html && content_type("", start) == "text/html" {
        return Err(Error::new(
            ErrorClass::SourceInvalid,
            "what the provider serves is a web page, not the file",
        ));
    }
    Ok(content_type(name, start))
}

/// Whether only this file cannot be had. Everything else concerns the landing as a whole.
fn is_its_own(error: &Error) -> bool {
    use ErrorClass::{SourceChanged, SourceGone, SourceInvalid, SourceRefused, SourceTooLarge};
    matches!(error.class, SourceGone | SourceChanged | SourceRefused | SourceTooLarge | SourceInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_what_the_provider_calls_it_or_as_its_url_ends() {
        let mut source = Source::archive("https://h/a/b.png?X-Signature=secret");
        assert_eq!(name_of(&source), "b.png");
        source.name = Some("spring.png".into());
        assert_eq!(name_of(&source), "spring.png");
    }

    #[test]
    fn an_error_page_is_no_picture_and_a_page_is_a_page() {
        let page = b"<!DOCTYPE html><title>Sorry</title>";
        assert!(judged("a.png", page).is_err());
        assert_eq!(judged("a.HTML", page).expect("a page"), "text/html");
        assert_eq!(judged("a.png", b"\x89PNG\r\n\x1a\n").expect("a picture"), "image/png");
    }

    #[test]
    fn what_is_called_a_video_begins_like_one() {
        let video = b"\0\0\0\x20ftypisom\0\0\0\0";
        assert_eq!(judged("a.MP4", video).expect("a video"), "video/mp4");
        for other in [&b""[..], b"{\"success\":false}", b"\x89PNG\r\n\x1a\n", b"\0\0\0"] {
            assert!(judged("a.mp4", other).is_err());
        }
    }
}
