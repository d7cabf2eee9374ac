//! What becomes of an archive that is in the bucket: unpacked or left as it is, listed in a manifest, and judged
//! against what was asked for.

use model::{Archive, Fault, FaultClass, Haul, Job, StoredFile};
use objects::{Key, Objects};

use crate::{
    manifest::{self, Listed},
    transfer::Meter,
    unpack::{End, Outcome, Unpacking},
    worker::Worker,
    zip::{self, Listing},
};

/// How many damaged files a message names.
const MOST_NAMED: usize = 5;

/// How a landing ended well enough to keep what came.
#[derive(Debug)]
pub(crate) enum Landing {
    /// Everything that was asked for.
    Whole {
        /// What is in the bucket.
        haul: Haul,
    },
    /// Less than was asked for.
    Short {
        /// What is in the bucket.
        haul: Haul,
        /// What is missing.
        fault: Fault,
    },
    /// An archive that is not unpacked. It lies in the bucket as it came.
    Refused {
        /// The archive.
        archive: Archive,
        /// Why.
        fault: Fault,
    },
}

/// Unpacks an archive, unless job or configuration say otherwise, and writes the manifest last. `again` says that
/// another landing of this job began before; doing it again changes nothing.
pub(crate) async fn settle(
    worker: &Worker,
    job: &Job,
    key: &Key,
    file: StoredFile,
    again: bool,
    meter: &Meter,
) -> Result<Landing, Fault> {
    let objects = &worker.objects;
    if !job.unpack.unwrap_or(worker.config.unpack) {
        let entries = counted(objects, key, file.bytes).await?;
        let archive = Archive { file: file.clone(), entries, expected: job.expected };
        return written(objects, job, archive, vec![Listed::archive(file)]).await;
    }
    let unpacked = match listed(worker, key, file.bytes).await {
        Ok(listing) => {
            let entries = listing.files.len() as u64;
            let unpacking = Unpacking::new(objects, job, key, &listing, again, meter);
            unpacking.run().await.map(|outcomes| (entries, outcomes))
        }
        Err(fault) => Err(fault),
    };
    match unpacked {
        Ok((entries, outcomes)) => {
            let archive = Archive { file, entries, expected: job.expected };
            written(objects, job, archive, outcomes.into_iter().map(Listed::from).collect()).await
        }
        Err(fault) if fault.class == FaultClass::ArchiveRefused => {
            let entries = counted(objects, key, file.bytes).await?;
            Ok(Landing::Refused { archive: Archive { file, entries, expected: job.expected }, fault })
        }
        Err(fault) => Err(fault),
    }
}

/// Writes the manifest, after which everything is there, and judges what came.
async fn written(
    objects: &Objects,
    job: &Job,
    archive: Archive,
    files: Vec<Listed>,
) -> Result<Landing, Fault> {
    let manifest = manifest::write(objects, job, &archive, &files).await?;
    let (mut landed, mut damaged) = (vec![], vec![]);
    for file in files {
        match file {
            Listed::Landed { file, .. } => landed.push(file),
            Listed::Refused { source_name, reason } => {
                damaged.push(format!("{} ({reason})", zip::shown(source_name.as_bytes(), true)))
            }
        }
    }
    let shortfall = shortfall(&archive, &damaged);
    let haul = Haul::of(archive, landed, manifest);
    Ok(match shortfall {
        Some(message) => Landing::Short { haul, fault: Fault::new(FaultClass::ArchiveIncomplete, message) },
        None => Landing::Whole { haul },
    })
}

/// What is less than was asked for: files that the archive lacks (contract 2.3: it silently contains only what the
/// provider found), and files that it holds damaged.
fn shortfall(archive: &Archive, damaged: &[String]) -> Option<String> {
    let entries = archive.entries;
    let lacking = archive.expected.filter(|expected| entries < *expected).map(|expected| {
        let missing = expected - entries;
        format!("the archive holds {entries} of {expected} files; {missing} are missing")
    });
    let broken = (!damaged.is_empty()).then(|| {
        let (count, named) = (damaged.len(), damaged[..damaged.len().min(MOST_NAMED)].join(", "));
        let more = if count > MOST_NAMED { ", and more that the manifest names" } else { "" };
        format!("{count} of {entries} files in the archive cannot be read: {named}{more}")
    });
    let parts: Vec<String> = lacking.into_iter().chain(broken).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Reads the archive's directory back from the bucket.
async fn listed(worker: &Worker, key: &Key, bytes: u64) -> Result<Listing, Fault> {
    let objects = &worker.objects;
    let listing = zip::list(bytes, |range| objects.read(key, range), worker.config.limits).await;
    whole(objects, key, listing).await
}

/// How many files the archive holds.
async fn counted(objects: &Objects, key: &Key, bytes: u64) -> Result<u64, Fault> {
    let contents = zip::inspect(bytes, |range| objects.read(key, range)).await;
    whole(objects, key, contents).await.map(|contents| contents.files)
}

/// Removes a broken archive: nothing broken stays under a job's prefix, and the bucket keeps the removed version for
/// whoever wants to look.
async fn whole<T>(objects: &Objects, key: &Key, read: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &read
        && fault.class == FaultClass::ArchiveInvalid
    {
        objects.delete(key).await?;
    }
    read
}

impl From<Outcome> for Listed {
    fn from(outcome: Outcome) -> Self {
        let Outcome { source_name, end } = outcome;
        match end {
            End::Landed { file, crc32, measures } => {
                Listed::Landed { file, source_name: Some(source_name), crc32: Some(crc32), measures }
            }
            End::Refused(reason) => Listed::Refused { source_name, reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Checksum, ChecksumAlgorithm};

    use super::*;

    fn archive(entries: u64, expected: Option<u64>) -> Archive {
        let checksum = Checksum { algorithm: ChecksumAlgorithm::Crc64Nvme, value: String::new() };
        let (name, key, content_type) = ("a".into(), "a".into(), "application/zip".into());
        Archive { file: StoredFile { name, key, bytes: 1, content_type, checksum }, entries, expected }
    }

    #[test]
    fn what_is_missing_is_counted_and_what_is_damaged_is_named() {
        assert_eq!(shortfall(&archive(3, Some(3)), &[]), None);
        assert_eq!(shortfall(&archive(0, None), &[]), None);
        let lacking = shortfall(&archive(2, Some(3)), &[]).expect("less");
        assert_eq!(lacking, "the archive holds 2 of 3 files; 1 are missing");
        let broken = shortfall(&archive(3, None), &["\"a\" (cut)".into()]).expect("less");
        assert_eq!(broken, "1 of 3 files in the archive cannot be read: \"a\" (cut)");
        let both = shortfall(&archive(9, Some(10)), &vec!["x".to_owned(); 7]).expect("less");
        assert!(
            both.contains("1 are missing; 7 of 9")
                && both.ends_with("x, x, x, x, x, and more that the manifest names")
        );
    }
}
