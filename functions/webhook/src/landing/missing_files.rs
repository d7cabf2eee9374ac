//! Describes what a landing lacks: files that are missing, files that the provider could not make, and damaged files.

use model::{CompletedBy, Job};

use super::{manifest_entry::ManifestEntry, transfer_result::TransferResult};

/// How many files a message names.
const MAX_NAMED_FILES: usize = 5;

/// The names of the rejected files, each with the reason.
pub(super) fn describe_rejected_files(files: &[ManifestEntry]) -> Vec<String> {
    let rejected = files.iter().filter_map(|file| match file {
        ManifestEntry::Rejected { source_name, reason, .. } => {
            Some(format!("{} ({reason})", archive::quote_name(source_name)))
        }
        ManifestEntry::Landed { .. } => None,
    });
    rejected.collect()
}

/// Describes what is missing of the requested files, or returns `None` if nothing is: files that were not delivered
/// (contract of Abyssale 2.3: an archive silently contains only the files that the provider found), files that the
/// provider could not make, and damaged files.
pub(super) fn describe_shortfall(job: &Job, result: &TransferResult, rejected: &[String]) -> Option<String> {
    let (count, subject) = match result.archive {
        Some(_) if job.completed_by == Some(CompletedBy::Banners) => {
            (result.count, "the archive and the files that were read one by one are")
        }
        Some(_) => (result.count, "the archive holds"),
        None => (result.count, "the provider made"),
    };
    let missing = result.expected.filter(|expected| count < *expected).map(|expected| {
        let missing = expected - count;
        format!("{subject} {count} of {expected} files; {missing} missing")
    });
    // Files that an archive holds may have been deleted at the provider since.
    let is_whole = result.archive.is_some() && missing.is_none();
    let not_made = (!job.missing.is_empty() && !is_whole).then(|| {
        let reasons = job.missing.iter().map(|missing| match &missing.name {
            Some(name) => format!("{} ({})", archive::quote_name(name), missing.reason),
            None => missing.reason.clone(),
        });
        format!("not made: {}", join_first(&reasons.collect::<Vec<_>>()))
    });
    let damaged = (!rejected.is_empty()).then(|| {
        let (damaged, listed) = (rejected.len(), join_first(rejected));
        match result.archive {
            Some(_) => format!("{damaged} of {count} files in the archive cannot be read: {listed}"),
            // Of all files: those that were not requested may be among the damaged ones.
            None => format!("{damaged} of {} files cannot be downloaded: {listed}", result.files.len()),
        }
    });
    let parts: Vec<String> = [missing, not_made, damaged].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Joins the first few descriptions for a message.
pub(super) fn join_first(list: &[String]) -> String {
    let more = if list.len() > MAX_NAMED_FILES { ", and more that the manifest lists" } else { "" };
    format!("{}{more}", list[..list.len().min(MAX_NAMED_FILES)].join(", "))
}

#[cfg(test)]
mod tests {
    use model::{
        Archive, Checksum, ChecksumAlgorithm, JobOrigin, MissingFile, NewJob, ProviderName, StoredFile,
    };

    use super::*;

    fn job() -> Job {
        Job::new(NewJob {
            id: model::JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: serde_json::json!({}),
            expected_files: None,
            metadata: None,
            unpack: None,
            origin: JobOrigin::Submitted,
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
    fn missing_files_are_counted_and_damaged_files_are_named() {
        let job = job();
        assert_eq!(describe_shortfall(&job, &archive(3, Some(3)), &[]), None);
        assert_eq!(describe_shortfall(&job, &archive(0, None), &[]), None);
        let missing = describe_shortfall(&job, &archive(2, Some(3)), &[]).expect("a shortfall");
        assert_eq!(missing, "the archive holds 2 of 3 files; 1 missing");
        let damaged =
            describe_shortfall(&job, &archive(3, None), &["\"a\" (cut)".into()]).expect("a shortfall");
        assert_eq!(damaged, "1 of 3 files in the archive cannot be read: \"a\" (cut)");
        let both =
            describe_shortfall(&job, &archive(9, Some(10)), &vec!["x".to_owned(); 7]).expect("a shortfall");
        assert!(
            both.contains("1 missing; 7 of 9")
                && both.ends_with("x, x, x, x, x, and more that the manifest lists")
        );
    }

    #[test]
    fn files_that_the_provider_could_not_make_are_described_in_its_words() {
        let mut job = job();
        job.missing = vec![MissingFile { name: Some("story".into()), reason: "The text cannot fit.".into() }];
        let result = TransferResult { archive: None, files: vec![], expected: Some(3), count: 2 };
        let message = describe_shortfall(&job, &result, &[]).expect("a shortfall");
        assert_eq!(
            message,
            "the provider made 2 of 3 files; 1 missing; not made: \"story\" (The text cannot fit.)"
        );
    }
}
