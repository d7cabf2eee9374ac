//! Operations that write objects in one piece, and their tags.

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};
use tokio_util::io::ReaderStream;

use super::super::checksum::{Algorithm, Kind, Stored, Value, given_checksums, set_checksum};
use super::super::conditions::WriteCondition;
use super::super::object::{Attributes, Version, attributes_of, own_encoding, parse_tags, timestamp};
use super::super::receive::{Promise, Received, promise_of, receive};
use super::super::store::NewObject;
use super::Api;

impl Api {
    pub(super) async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let input = request.input;
        self.store.lock().bucket(&input.bucket)?;
        let promise = promise_of!(input, &request.headers, request.trailing_headers)?;
        let algorithm = promise.algorithm().unwrap_or(Algorithm::Crc64Nvme);
        let attributes = attributes_of!(input);
        let body = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let received = receive(&self.store.receiving(), body, promise, vec![algorithm]).await?;
        let condition = WriteCondition { if_match: input.if_match, if_none_match: input.if_none_match };
        let place = (input.bucket.as_str(), input.key.as_str());
        let version = self.store_whole(place, received, algorithm, attributes, &condition)?;
        let mut output = PutObjectOutput {
            e_tag: Some(version.etag()),
            version_id: version.shown_version(),
            ..Default::default()
        };
        if let Some(checksum) = &version.checksum {
            set_checksum!(output, &checksum.value);
            output.checksum_type = Some(checksum.kind.to_dto());
        }
        Ok(output)
    }

    pub(super) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<CopyObjectOutput> {
        let input = request.input;
        let (source, file) = self.open_copy_source(&input.copy_source)?;
        if input
            .copy_source_if_match
            .as_ref()
            .and_then(ETagCondition::as_etag)
            .is_some_and(|etag| etag.value() != source.etag)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let replaces = |directive: Option<&str>| directive == Some(MetadataDirective::REPLACE);
        let mut attributes = source.attributes.clone();
        if replaces(input.metadata_directive.as_ref().map(MetadataDirective::as_str)) {
            attributes = Attributes { tags: attributes.tags, ..attributes_of!(input) };
        }
        if replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str)) {
            attributes.tags = input.tagging.as_deref().map(parse_tags).unwrap_or_default();
        }
        let algorithm = match &input.checksum_algorithm {
            Some(name) => Algorithm::parse(name.as_str())?,
            None => source.checksum.as_ref().map_or(Algorithm::Crc64Nvme, |stored| stored.value.algorithm),
        };
        let body = ReaderStream::new(tokio::fs::File::from_std(file));
        let received = receive(&self.store.receiving(), body, Promise::default(), vec![algorithm]).await?;
        let place = (input.bucket.as_str(), input.key.as_str());
        let version = self.store_whole(place, received, algorithm, attributes, &WriteCondition::default())?;
        let mut result = CopyObjectResult {
            e_tag: Some(version.etag()),
            last_modified: Some(timestamp(version.modified_millis)),
            ..Default::default()
        };
        if let Some(checksum) = &version.checksum {
            set_checksum!(result, &checksum.value);
        }
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: source.shown_version(),
            version_id: version.shown_version(),
            ..Default::default()
        })
    }

    /// The object that a copy reads.
    pub(super) fn open_copy_source(&self, source: &CopySource) -> S3Result<(Arc<Version>, std::fs::File)> {
        match source {
            CopySource::Bucket { bucket, key, version_id } => {
                self.store.open_object(bucket, key, version_id.as_deref())
            }
            _ => Err(s3_error!(NotImplemented, "Only buckets can be copied from")),
        }
    }

    fn store_whole(
        &self,
        place: (&str, &str),
        received: Received,
        algorithm: Algorithm,
        attributes: Attributes,
        condition: &WriteCondition,
    ) -> S3Result<Arc<Version>> {
        let new = NewObject {
            size: received.size,
            etag: received.etag(),
            checksum: Stored { value: received.checksum(algorithm)?, kind: Kind::FullObject },
            attributes,
            file: received.file,
        };
        self.store.commit(&mut self.store.lock(), place, new, condition)
    }

    pub(super) async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<GetObjectTaggingOutput> {
        let input = request.input;
        let state = self.store.lock();
        let version = state.bucket(&input.bucket)?.version(&input.key, input.version_id.as_deref())?;
        let tags = version.attributes.tags.iter();
        let tag =
            |(key, value): &(String, String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
        Ok(GetObjectTaggingOutput { tag_set: tags.map(tag).collect(), version_id: version.shown_version() })
    }

    pub(super) async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<PutObjectTaggingOutput> {
        let input = request.input;
        let mut state = self.store.lock();
        let bucket = state.bucket_mut(&input.bucket)?;
        let mut version = (*bucket.version(&input.key, input.version_id.as_deref())?).clone();
        let text = |text: Option<String>| text.unwrap_or_default();
        version.attributes.tags =
            input.tagging.tag_set.into_iter().map(|tag| (text(tag.key), text(tag.value))).collect();
        self.store.save_version(&input.bucket, &version)?;
        let version_id = version.shown_version();
        let versions = bucket.objects.get_mut(&input.key).into_iter().flatten();
        if let Some(slot) = { versions }.find(|slot| slot.id == version.id) {
            *slot = Arc::new(version);
        }
        Ok(PutObjectTaggingOutput { version_id })
    }
}

/// An error of the disk is nobody's fault but ours.
pub(super) fn disk(error: std::io::Error) -> S3Error {
    S3Error::internal_error(error)
}
