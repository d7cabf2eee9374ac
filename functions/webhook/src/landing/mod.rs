//! Landing: transfer the files of a finished job into the bucket, under a lease that one worker holds at a time.
//!
//! `land_job` acquires the lease and stores the outcome; `landing_attempt` transfers the files while `lease_renewal`
//! keeps the lease, and polls for new URLs if the old ones expired. The source is either one ZIP archive (`archive/`)
//! or individual files (`individual_files`), and where an archive was announced it may be a bare file (`bare_file`); all download through `transfer/`. At the end `landing_outcome` writes
//! the manifest and decides whether the landing is complete, partial or rejected.

pub mod archive;
pub(crate) mod bare_file;
pub(crate) mod cancellation;
pub(crate) mod check_first_bytes;
pub(crate) mod detect_truncated_file;
pub(crate) mod earlier_files;
pub(crate) mod individual_files;
pub(crate) mod land_job;
pub(crate) mod landing_attempt;
pub(crate) mod landing_context;
pub(crate) mod landing_outcome;
pub(crate) mod lease_renewal;
pub(crate) mod manifest;
pub(crate) mod manifest_entry;
pub(crate) mod missing_files;
pub(crate) mod refresh_source_urls;
pub(crate) mod source_name;
pub mod transfer;
pub(crate) mod transfer_result;
