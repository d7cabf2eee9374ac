//! Lands a job whose source is one ZIP archive: transfer the archive into the bucket, read its central directory
//! back, and unpack its files into the bucket (`unpack/`), or keep the archive as the one file of the job.

pub(crate) mod land_archive;
pub(crate) mod read_central_directory;
pub mod unpack;
