//! Files that are found item by item, and the files that the provider reports, never mix in one job.

mod jobs;
mod reports;

use model::{
    Archive, Checksum, ChecksumAlgorithm, CompletedBy, Error, ErrorClass, Job, JobChange, JobEvent,
    JobStatus, LandedFiles, ManifestObject, MissingFile, SourceRole, StoredFile,
};
use time::OffsetDateTime;

use crate::{
    jobs::job,
    reports::{accepted, finished, found},
};

fn error() -> model::JobError {
    Error::new(ErrorClass::ArchiveIncomplete, "2 of 3").to_job_error(OffsetDateTime::UNIX_EPOCH)
}

fn job_after(events: &[JobEvent]) -> Job {
    let mut job = job();
    for event in events {
        job.apply(event.clone(), OffsetDateTime::UNIX_EPOCH);
    }
    job
}

#[test]
fn a_callback_and_banners_that_were_read_never_mix() {
    let at = OffsetDateTime::UNIX_EPOCH;
    let mut by_callback = job_after(&[accepted(), finished()]);
    assert_eq!(by_callback.apply(found(CompletedBy::Banners), at), JobChange::Unchanged);
    assert_eq!(by_callback.completed_by, Some(CompletedBy::Callback));

    let mut by_banners = job_after(&[accepted(), found(CompletedBy::Banners)]);
    for step in [None, Some(JobEvent::LandingStarted)] {
        step.map(|step| by_banners.apply(step, at));
        assert!(!by_banners.is_changed_by(&finished()));
        assert_eq!(by_banners.apply(finished(), at), JobChange::Unchanged);
    }
    assert_eq!(by_banners.sources[0].role, SourceRole::File);
    assert_eq!(by_banners.completed_by, Some(CompletedBy::Banners));
}

#[test]
fn a_poll_renews_the_urls_of_files_that_are_landing() {
    let mut job = job_after(&[accepted(), finished(), JobEvent::LandingStarted]);
    assert_eq!(job.apply(found(CompletedBy::Poll), OffsetDateTime::UNIX_EPOCH), JobChange::Recorded);
    assert_eq!((job.sources[0].role, job.completed_by), (SourceRole::File, Some(CompletedBy::Callback)));
}

#[test]
fn a_callback_changes_nothing_while_a_retried_job_with_files_is_read() {
    let landed = LandedFiles {
        manifest: Some(ManifestObject { key: "m".into(), bytes: 1 }),
        ..LandedFiles::default()
    };
    let partial =
        JobEvent::LandedPartially { landed_files: Box::new(landed), transfer: None, error: error() };
    let retried = JobEvent::PollingRetried { is_accepted: true };
    let mut job = job_after(&[accepted(), finished(), JobEvent::LandingStarted, partial, retried]);
    assert_eq!(job.status, JobStatus::Submitted);
    assert_eq!(job.apply(finished(), OffsetDateTime::UNIX_EPOCH), JobChange::Unchanged);
    assert_eq!(job.apply(found(CompletedBy::Banners), OffsetDateTime::UNIX_EPOCH), JobChange::StatusChanged);
    assert_eq!(job.completed_by, Some(CompletedBy::Banners));
}

#[test]
fn a_short_archive_is_asked_about_until_its_missing_files_are_named() {
    let short = |entries: u64| {
        let checksum = Checksum { algorithm: ChecksumAlgorithm::Crc32, value: "AAAAAA==".into() };
        let (name, key, content_type) = ("a".into(), "a".into(), "application/zip".into());
        let file = StoredFile { name, key, bytes: 1, content_type, checksum };
        let archive = Some(Archive { file, entries, expected: Some(3) });
        let landed_files = Box::new(LandedFiles { archive, ..LandedFiles::default() });
        let partial = JobEvent::LandedPartially { landed_files, transfer: None, error: error() };
        job_after(&[accepted(), finished(), JobEvent::LandingStarted, partial])
    };
    assert_eq!(short(3).poll_state.next_poll_at, None, "it is damaged, not short");
    let mut job = short(2);
    assert_eq!(job.poll_state.next_poll_at, Some(OffsetDateTime::UNIX_EPOCH + Job::FIRST_POLL_DELAY));
    let asked = JobEvent::UnverifiedCallbackReceived { received_at: OffsetDateTime::UNIX_EPOCH };
    assert!(job.is_changed_by(&asked));
    let missing = vec![MissingFile { name: Some("b".into()), reason: "none".into() }];
    let named = JobEvent::MissingFilesNamed { missing: missing.clone() };
    assert_eq!(job.apply(named, OffsetDateTime::UNIX_EPOCH), JobChange::Recorded);
    assert_eq!((&job.missing, job.status, job.poll_state.next_poll_at), (&missing, JobStatus::Partial, None));
    assert!(!job.is_changed_by(&asked));
}
