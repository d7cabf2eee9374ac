//! ListParts and ListMultipartUploads.

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use crate::cloud::s3::checksum::{Algorithm, ChecksumValue, set_checksum};
use crate::cloud::s3::listing::page_limit;
use crate::cloud::s3::multipart::Upload;
use crate::cloud::s3::object::{as_i64, timestamp};
use crate::cloud::s3::store::Store;
use crate::cloud::s3::upload_store::{UploadAddress, find_upload};

pub(super) async fn list_parts(
    store: &Store,
    request: S3Request<ListPartsInput>,
) -> S3Result<ListPartsOutput> {
    let input = request.input;
    let mut state = store.lock();
    let address = UploadAddress { bucket: &input.bucket, key: &input.key, upload_id: &input.upload_id };
    let upload = find_upload(&mut state, address)?;
    let after = input.part_number_marker.unwrap_or_default();
    let limit = page_limit(input.max_parts);
    let mut rest = upload.parts.range(after + 1..);
    let parts: Vec<Part> = rest
        .by_ref()
        .take(limit)
        .map(|(number, part)| {
            let mut entry = Part {
                part_number: Some(*number),
                size: Some(as_i64(part.size)),
                e_tag: Some(ETag::Strong(part.etag())),
                last_modified: Some(timestamp(part.modified_millis)),
                ..Default::default()
            };
            set_checksum!(entry, &part.checksum);
            entry
        })
        .collect();
    let is_truncated = rest.next().is_some();
    Ok(ListPartsOutput {
        is_truncated: Some(is_truncated),
        max_parts: i32::try_from(limit).ok(),
        part_number_marker: Some(after),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        parts: Some(parts),
        checksum_algorithm: upload
            .requested_checksum
            .map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload.requested_checksum.map(|(_, kind)| kind.to_dto()),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        ..Default::default()
    })
}

pub(super) async fn list_multipart_uploads(
    store: &Store,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let input = request.input;
    let state = store.lock();
    state.bucket(&input.bucket)?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let after = (input.key_marker.as_deref().unwrap_or_default(), input.upload_id_marker.as_deref());
    let mut uploads: Vec<&Upload> = state
        .uploads
        .values()
        .filter(|upload| upload.bucket == input.bucket && upload.key.starts_with(prefix))
        .filter(|upload| match after {
            (key, Some(id)) => (upload.key.as_str(), upload.id.as_str()) > (key, id),
            (key, None) => upload.key.as_str() > key,
        })
        .collect();
    uploads.sort_by_key(|upload| (&upload.key, &upload.id));
    let limit = page_limit(input.max_uploads);
    let is_truncated = uploads.len() > limit;
    uploads.truncate(limit);
    let last = uploads.last().filter(|_| is_truncated);
    Ok(ListMultipartUploadsOutput {
        is_truncated: Some(is_truncated),
        max_uploads: i32::try_from(limit).ok(),
        next_key_marker: last.map(|upload| upload.key.clone()),
        next_upload_id_marker: last.map(|upload| upload.id.clone()),
        uploads: Some(uploads.into_iter().map(upload_entry).collect()),
        bucket: Some(input.bucket.clone()),
        prefix: input.prefix.clone(),
        ..Default::default()
    })
}

fn upload_entry(upload: &Upload) -> MultipartUpload {
    MultipartUpload {
        key: Some(upload.key.clone()),
        upload_id: Some(upload.id.clone()),
        initiated: Some(timestamp(upload.initiated_millis)),
        checksum_algorithm: upload
            .requested_checksum
            .map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload.requested_checksum.map(|(_, kind)| kind.to_dto()),
        ..Default::default()
    }
}
