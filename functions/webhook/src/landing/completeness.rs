//! What becomes of what came: listed in a manifest, which is written last, and judged against what was asked for.

use model::{Archive, Error, ErrorClass, Job, LandedFiles};

use crate::{
    landing::manifest::{self, ManifestEntry},
    worker::Worker,
};

/// How many files a message names.
const MAX_NAMED: usize = 5;

/// What a landing brought into the bucket.
#[derive(Debug)]
pub(crate) struct TransferResult {
    /// The archive, when the provider delivered one.
    pub(crate) archive: Option<Archive>,
    /// Every file, or the archive when it is not unpacked; those that could not be brought in, too.
    pub(crate) files: Vec<ManifestEntry>,
    /// How many files were asked for or promised, as far as that is known.
    pub(crate) expected: Option<u64>,
    /// How many came, damaged ones included.
    pub(crate) count: u64,
}

/// How a landing ended well enough to keep what came.
#[derive(Debug)]
pub(crate) enum LandingOutcome {
    /// Everything that was asked for.
    Whole {
        /// What is in the bucket.
        haul: LandedFiles,
    },
    /// Less than was asked for.
    Short {
        /// What is in the bucket.
        haul: LandedFiles,
        /// What is missing.
        error: Error,
    },
    /// Nothing that could be used: an archive that is not unpacked and lies in the bucket as it came, or a set of
    /// which no file could be had.
    Refused {
        /// The archive.
        archive: Option<Archive>,
        /// Why.
        error: Error,
    },
}

/// Writes the manifest, after which everything is there, and judges what came.
pub(crate) async fn settle(
    worker: &Worker,
    job: &Job,
    came: TransferResult,
) -> Result<LandingOutcome, Error> {
    worker.still_wanted(job.id).await?;
    let refused = refusals(&came.files);
    if came.archive.is_none() && !refused.is_empty() && refused.len() == came.files.len() {
        let message = format!("none of the files can be downloaded: {}", named(&refused));
        return Ok(LandingOutcome::Refused {
            archive: None,
            error: Error::new(ErrorClass::FilesMissing, message),
        });
    }
    let manifest = manifest::write(&worker.objects, job, &came).await?;
    let shortfall = shortfall(job, &came, &refused);
    let landed = came.files.into_iter().filter_map(ManifestEntry::stored).collect();
    let class = match came.archive {
        Some(_) => ErrorClass::ArchiveIncomplete,
        None => ErrorClass::FilesMissing,
    };
    let haul = LandedFiles::of(came.archive, landed, manifest);
    Ok(match shortfall {
        Some(message) => LandingOutcome::Short { haul, error: Error::new(class, message) },
        None => LandingOutcome::Whole { haul },
    })
}

/// The files that could not be brought in, and why.
fn refusals(files: &[ManifestEntry]) -> Vec<String> {
    let refused = files.iter().filter_map(|file| match file {
        ManifestEntry::Refused { source_name, reason, .. } => {
            Some(format!("{} ({reason})", archive::quote_name(source_name)))
        }
        ManifestEntry::Landed { .. } => None,
    });
    refused.collect()
}

/// What is less than was asked for: files that never came (contract of Abyssale 2.3: an archive silently contains
/// only what the provider found), files that the provider could not make, and files that are damaged.
fn shortfall(job: &Job, came: &TransferResult, refused: &[String]) -> Option<String> {
    let (count, what) = match came.archive {
        Some(_) => (came.count, "the archive holds"),
        None => (came.count, "the provider made"),
    };
    let lacking = came.expected.filter(|expected| count < *expected).map(|expected| {
        let missing = expected - count;
        format!("{what} {count} of {expected} files; {missing} missing")
    });
    let unmade = (!job.missing.is_empty()).then(|| {
        let reasons = job.missing.iter().map(|missing| match &missing.name {
            Some(name) => format!("{} ({})", archive::quote_name(name), missing.reason),
            None => missing.reason.clone(),
        });
        format!("not made: {}", named(&reasons.collect::<Vec<_>>()))
    });
    let broken = (!refused.is_empty()).then(|| {
        let (broken, listed) = (refused.len(), named(refused));
        match came.archive {
            Some(_) => format!("{broken} of {count} files in the archive cannot be read: {listed}"),
            // Of all of them: companions may be among the broken ones.
            None => format!("{broken} of {} files cannot be downloaded: {listed}", came.files.len()),
        }
    });
    let parts: Vec<String> = [lacking, unmade, broken].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The first few of a list, for a message.
fn named(list: &[String]) -> String {
    let more = if list.len() > MAX_NAMED { ", and more that the manifest names" } else { "" };
    format!("{}{more}", list[..list.len().min(MAX_NAMED)].join(", "))
}

#[cfg(test)]
mod tests {
    use model::{Checksum, ChecksumAlgorithm, Missing, NewJob, Origin, ProviderName, StoredFile};

    use super::*;

    fn job() -> Job {
        Job::new(NewJob {
            id: model::JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: serde_json::json!({}),
            expected: None,
            metadata: None,
            unpack: None,
            origin: Origin::Submitted,
        })
    }

    fn archive(count: u64, expected: Option<u64>) -> TransferResult {
        let checksum = Checksum { algorithm: ChecksumAlgorithm::Crc64Nvme, value: String::new() };
        let (name, key, content_type) = ("a".into(), "a".into(), "application/zip".into());
        let file = StoredFile { name, key, bytes: 1, content_type, checksum };
        let archive = Some(Archive { file, entries: count, expected });
        TransferResult { archive, files: vec![], expected, count }
    }

    #[test]
    fn what_is_missing_is_counted_and_what_is_damaged_is_named() {
        let job = job();
        assert_eq!(shortfall(&job, &archive(3, Some(3)), &[]), None);
        assert_eq!(shortfall(&job, &archive(0, None), &[]), None);
        let lacking = shortfall(&job, &archive(2, Some(3)), &[]).expect("less");
        assert_eq!(lacking, "the archive holds 2 of 3 files; 1 missing");
        let broken = shortfall(&job, &archive(3, None), &["\"a\" (cut)".into()]).expect("less");
        assert_eq!(broken, "1 of 3 files in the archive cannot be read: \"a\" (cut)");
        let both = shortfall(&job, &archive(9, Some(10)), &vec!["x".to_owned(); 7]).expect("less");
        assert!(
            both.contains("1 missing; 7 of 9")
                && both.ends_with("x, x, x, x, x, and more that the manifest names")
        );
    }

    #[test]
    fn what_the_provider_could_not_make_is_told_in_its_words() {
        let mut job = job();
        job.missing = vec![Missing { name: Some("story".into()), reason: "The text cannot fit.".into() }];
        let came = TransferResult { archive: None, files: vec![], expected: Some(3), count: 2 };
        let told = shortfall(&job, &came, &[]).expect("less");
        assert_eq!(
            told,
            "the provider made 2 of 3 files; 1 missing; not made: \"story\" (The text cannot fit.)"
        );
    }
}
