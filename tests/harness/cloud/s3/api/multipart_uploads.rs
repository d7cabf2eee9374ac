//! CreateMultipartUpload, UploadPart, UploadPartCopy and AbortMultipartUpload.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::copy_source::open_copy_source;
use crate::cloud::s3::checksum::{Algorithm, ChecksumKind, ChecksumValue, client_checksums, set_checksum};
use crate::cloud::s3::multipart::Upload;
use crate::cloud::s3::object::{
    ObjectAttributes, now_millis, object_attributes_of, parse_tags, strip_aws_chunked, timestamp,
};
use crate::cloud::s3::receive_body::{ClientDigests, client_digests_of, receive_body};
use crate::cloud::s3::store::Store;
use crate::cloud::s3::upload_store::{UploadAddress, add_part, create_upload, find_upload, remove_upload};

pub(super) async fn create_multipart_upload(
    store: &Store,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let input = request.input;
    let algorithm = input.checksum_algorithm.as_ref().map(|name| Algorithm::parse(name.as_str()));
    let requested_checksum = match algorithm.transpose()? {
        Some(algorithm) => {
            Some((algorithm, ChecksumKind::for_upload(algorithm, input.checksum_type.as_ref())?))
        }
        None => None,
    };
    let upload = Upload {
        id: uuid::Uuid::now_v7().simple().to_string(),
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        initiated_millis: now_millis(),
        attributes: object_attributes_of!(input),
        requested_checksum,
        deletes_before: store.lock().deletes(&input.bucket, &input.key),
        parts: Default::default(),
    };
    let output = CreateMultipartUploadOutput {
        bucket: Some(upload.bucket.clone()),
        key: Some(upload.key.clone()),
        upload_id: Some(upload.id.clone()),
        checksum_algorithm: requested_checksum
            .map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: requested_checksum.map(|(_, kind)| kind.to_dto()),
        ..Default::default()
    };
    create_upload(store, upload)?;
    Ok(output)
}

pub(super) async fn upload_part(
    store: &Store,
    request: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    let input = request.input;
    check_part_number(input.part_number)?;
    let address = UploadAddress { bucket: &input.bucket, key: &input.key, upload_id: &input.upload_id };
    let upload = find_upload(&mut store.lock(), address)?.clone();
    let client_digests = client_digests_of!(input, &request.headers, request.trailing_headers)?;
    let client_algorithm = client_digests.algorithm();
    upload.check_algorithm(client_algorithm)?;
    let body = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
    let algorithm = upload.checksum().0;
    let received = receive_body(&store.temporary_folder(), body, client_digests, vec![algorithm]).await?;
    let checksum = received.checksum(client_algorithm.unwrap_or(algorithm))?;
    let part = add_part(store, address, input.part_number, received)?;
    let mut output = UploadPartOutput { e_tag: Some(ETag::Strong(part.etag())), ..Default::default() };
    set_checksum!(output, &checksum);
    Ok(output)
}

pub(super) async fn upload_part_copy(
    store: &Store,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let input = request.input;
    check_part_number(input.part_number)?;
    let address = UploadAddress { bucket: &input.bucket, key: &input.key, upload_id: &input.upload_id };
    let upload = find_upload(&mut store.lock(), address)?.clone();
    let (source, file) = open_copy_source(store, &input.copy_source)?;
    let range = match &input.copy_source_range {
        Some(range) => Range::parse(range)
            .ok()
            .and_then(|range| range.check(source.size).ok())
            .ok_or_else(|| s3_error!(InvalidArgument, "The x-amz-copy-source-range value is invalid"))?,
        None => 0..source.size,
    };
    let mut file = tokio::fs::File::from_std(file);
    file.seek(std::io::SeekFrom::Start(range.start)).await.map_err(S3Error::internal_error)?;
    let body = ReaderStream::new(file.take(range.end - range.start));
    let algorithms = vec![upload.checksum().0];
    let received =
        receive_body(&store.temporary_folder(), body, ClientDigests::default(), algorithms).await?;
    let part = add_part(store, address, input.part_number, received)?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag())),
        last_modified: Some(timestamp(part.modified_millis)),
        ..Default::default()
    };
    set_checksum!(result, &part.checksum);
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: source.public_version_id(),
        ..Default::default()
    })
}

pub(super) async fn abort_multipart_upload(
    store: &Store,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let input = request.input;
    let mut state = store.lock();
    let address = UploadAddress { bucket: &input.bucket, key: &input.key, upload_id: &input.upload_id };
    find_upload(&mut state, address)?;
    remove_upload(store, &mut state, &input.upload_id);
    Ok(AbortMultipartUploadOutput::default())
}

fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}
