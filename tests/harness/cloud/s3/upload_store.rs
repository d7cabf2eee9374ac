//! Stores open multipart uploads and their parts.

use std::fs;
use std::path::PathBuf;

use s3s::{S3Error, S3Result, s3_error};

use super::multipart::{Part, Upload};
use super::object::now_millis;
use super::receive_body::ReceivedBody;
use super::store::{State, Store};
use crate::cloud::json_file;

/// Bucket, key and upload id of an open upload.
#[derive(Clone, Copy, Debug)]
pub(super) struct UploadAddress<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) upload_id: &'a str,
}

/// Finds an upload, which must belong to this bucket and key.
pub(super) fn find_upload<'s>(state: &'s mut State, address: UploadAddress<'_>) -> S3Result<&'s mut Upload> {
    let upload = state.uploads.get_mut(address.upload_id);
    upload.filter(|upload| upload.bucket == address.bucket && upload.key == address.key).ok_or_else(|| {
        s3_error!(
            NoSuchUpload,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
        )
    })
}

/// Stores a new upload.
pub(super) fn create_upload(store: &Store, upload: Upload) -> S3Result<()> {
    let folder = store.upload_folder(&upload.id);
    let mut state = store.lock();
    state.bucket(&upload.bucket)?;
    fs::create_dir_all(&folder).map_err(S3Error::internal_error)?;
    json_file::save(&folder.join("upload.json"), &upload).map_err(S3Error::internal_error)?;
    state.uploads.insert(upload.id.clone(), upload);
    Ok(())
}

/// Adds a received part. It replaces an older part with the same number.
pub(super) fn add_part(
    store: &Store,
    address: UploadAddress<'_>,
    number: i32,
    received: ReceivedBody,
) -> S3Result<Part> {
    let mut state = store.lock();
    let upload = find_upload(&mut state, address)?;
    let folder = store.upload_folder(address.upload_id);
    let part = Part {
        number,
        size: received.size,
        md5: received.md5,
        checksum: received.checksum(upload.checksum().0)?,
        modified_millis: now_millis(),
        file: format!("{}.data", uuid::Uuid::now_v7().simple()),
    };
    received.file.rename_to(&folder.join(&part.file)).map_err(S3Error::internal_error)?;
    let record = folder.join(format!("part-{number:05}.json"));
    json_file::save(&record, &part).map_err(S3Error::internal_error)?;
    if let Some(old) = upload.parts.insert(number, part.clone()) {
        // A file that cannot be removed only takes space until the upload ends.
        let _ = fs::remove_file(folder.join(old.file));
    }
    Ok(part)
}

/// Removes an upload and its parts.
pub(super) fn remove_upload(store: &Store, state: &mut State, id: &str) {
    let folder = store.upload_folder(id);
    // The record is removed first: a folder without a record is no upload, even if its other files remain.
    let _ = fs::remove_file(folder.join("upload.json"));
    let _ = fs::remove_dir_all(&folder);
    state.uploads.remove(id);
}

/// Returns the files that hold the bytes of these parts.
pub(super) fn part_files(store: &Store, id: &str, parts: &[Part]) -> Vec<PathBuf> {
    let folder = store.upload_folder(id);
    parts.iter().map(|part| folder.join(&part.file)).collect()
}
