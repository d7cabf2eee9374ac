//! Reads the central directory of an archive in the bucket, and deletes the archive if it is damaged.

use archive::{ArchiveListing, UnpackLimits, count_files, list_entries};
use bucket::{Bucket, ObjectKey};
use model::{Error, ErrorClass};

/// Lists the entries of an archive of this length.
pub(super) async fn list_archive(
    bucket: &Bucket,
    key: &ObjectKey,
    length: u64,
    limits: UnpackLimits,
) -> Result<ArchiveListing, Error> {
    let listing = list_entries(length, |range| bucket.read_range(key, range), limits).await;
    delete_if_invalid(bucket, key, listing).await
}

/// Counts the files of an archive of this length.
pub(super) async fn count_archive_files(bucket: &Bucket, key: &ObjectKey, length: u64) -> Result<u64, Error> {
    let count = count_files(length, |range| bucket.read_range(key, range)).await;
    delete_if_invalid(bucket, key, count).await
}

/// Deletes a damaged archive: no damaged object stays under the prefix of a job. The bucket keeps the deleted version
/// for inspection.
async fn delete_if_invalid<T>(bucket: &Bucket, key: &ObjectKey, read: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &read
        && error.class == ErrorClass::ArchiveInvalid
    {
        bucket.delete_object(key).await?;
    }
    read
}
