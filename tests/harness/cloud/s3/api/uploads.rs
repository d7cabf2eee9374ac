//! Multipart uploads up to their last part: begin, add parts, give up.

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::super::checksum::{Algorithm, Kind, Value, given_checksums, set_checksum};
use super::super::multipart::Upload;
use super::super::object::{Attributes, attributes_of, now_millis, own_encoding, parse_tags, timestamp};
use super::super::receive::{Promise, promise_of, receive};
use super::Api;
use super::objects::disk;

impl Api {
    pub(super) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let input = request.input;
        let algorithm = input.checksum_algorithm.as_ref().map(|name| Algorithm::parse(name.as_str()));
        let asked = match algorithm.transpose()? {
            Some(algorithm) => Some((algorithm, Kind::of_upload(algorithm, input.checksum_type.as_ref())?)),
            None => None,
        };
        let upload = Upload {
            id: uuid::Uuid::now_v7().simple().to_string(),
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            initiated_millis: now_millis(),
            attributes: attributes_of!(input),
            asked,
            parts: Default::default(),
        };
        let output = CreateMultipartUploadOutput {
            bucket: Some(upload.bucket.clone()),
            key: Some(upload.key.clone()),
            upload_id: Some(upload.id.clone()),
            checksum_algorithm: asked.map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
            checksum_type: asked.map(|(_, kind)| kind.to_dto()),
            ..Default::default()
        };
        self.store.begin_upload(upload)?;
        Ok(output)
    }

    pub(super) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<UploadPartOutput> {
        let input = request.input;
        check_part_number(input.part_number)?;
        let upload = self.store.lock().upload(&input.bucket, &input.key, &input.upload_id)?.clone();
        let promise = promise_of!(input, &request.headers, request.trailing_headers)?;
        let given = promise.algorithm();
        upload.check_algorithm(given)?;
        let body = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let algorithm = upload.checksum().0;
        let received = receive(&self.store.receiving(), body, promise, vec![algorithm]).await?;
        let shown = received.checksum(given.unwrap_or(algorithm))?;
        let place = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
        let part = self.store.add_part(place, input.part_number, received)?;
        let mut output = UploadPartOutput { e_tag: Some(ETag::Strong(part.etag())), ..Default::default() };
        set_checksum!(output, &shown);
        Ok(output)
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<UploadPartCopyOutput> {
        let input = request.input;
        check_part_number(input.part_number)?;
        let upload = self.store.lock().upload(&input.bucket, &input.key, &input.upload_id)?.clone();
        let (source, file) = self.open_copy_source(&input.copy_source)?;
        let range = match &input.copy_source_range {
            Some(range) => Range::parse(range)
                .ok()
                .and_then(|range| range.check(source.size).ok())
                .ok_or_else(|| s3_error!(InvalidArgument, "The x-amz-copy-source-range value is invalid"))?,
            None => 0..source.size,
        };
        let mut file = tokio::fs::File::from_std(file);
        file.seek(std::io::SeekFrom::Start(range.start)).await.map_err(disk)?;
        let body = ReaderStream::new(file.take(range.end - range.start));
        let algorithms = vec![upload.checksum().0];
        let received = receive(&self.store.receiving(), body, Promise::default(), algorithms).await?;
        let place = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
        let part = self.store.add_part(place, input.part_number, received)?;
        let mut result = CopyPartResult {
            e_tag: Some(ETag::Strong(part.etag())),
            last_modified: Some(timestamp(part.modified_millis)),
            ..Default::default()
        };
        set_checksum!(result, &part.checksum);
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(result),
            copy_source_version_id: source.shown_version(),
            ..Default::default()
        })
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let input = request.input;
        let mut state = self.store.lock();
        state.upload(&input.bucket, &input.key, &input.upload_id)?;
        self.store.end_upload(&mut state, &input.upload_id);
        Ok(AbortMultipartUploadOutput::default())
    }
}

fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}
