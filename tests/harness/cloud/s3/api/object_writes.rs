//! PutObject, CopyObject and object tagging.

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};
use tokio_util::io::ReaderStream;

use super::copy_source::open_copy_source;
use crate::cloud::s3::checksum::{
    Algorithm, ChecksumKind, ChecksumValue, ObjectChecksum, client_checksums, set_checksum,
};
use crate::cloud::s3::conditions::WriteCondition;
use crate::cloud::s3::object::{
    ObjectAttributes, Version, object_attributes_of, parse_tags, strip_aws_chunked, timestamp,
};
use crate::cloud::s3::receive_body::{ClientDigests, ReceivedBody, client_digests_of, receive_body};
use crate::cloud::s3::store::{NewObject, Store};

pub(super) async fn put_object(
    store: &Store,
    request: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let input = request.input;
    let deletes_before = {
        let state = store.lock();
        state.bucket(&input.bucket)?;
        state.deletes(&input.bucket, &input.key)
    };
    let client_digests = client_digests_of!(input, &request.headers, request.trailing_headers)?;
    let algorithm = client_digests.algorithm().unwrap_or(Algorithm::Crc64Nvme);
    let attributes = object_attributes_of!(input);
    let stream = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
    let body = receive_body(&store.temporary_folder(), stream, client_digests, vec![algorithm]).await?;
    let condition =
        WriteCondition { if_match: input.if_match, if_none_match: input.if_none_match, deletes_before };
    let target = (input.bucket.as_str(), input.key.as_str());
    let version = commit_object(store, target, ReceivedObject { body, algorithm, attributes }, &condition)?;
    let mut output = PutObjectOutput {
        e_tag: Some(version.etag()),
        version_id: version.public_version_id(),
        ..Default::default()
    };
    if let Some(checksum) = &version.checksum {
        set_checksum!(output, &checksum.value);
        output.checksum_type = Some(checksum.kind.to_dto());
    }
    Ok(output)
}

pub(super) async fn copy_object(
    store: &Store,
    request: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let input = request.input;
    let (source, file) = open_copy_source(store, &input.copy_source)?;
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
        attributes = ObjectAttributes { tags: attributes.tags, ..object_attributes_of!(input) };
    }
    if replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str)) {
        attributes.tags = input.tagging.as_deref().map(parse_tags).unwrap_or_default();
    }
    let algorithm = match &input.checksum_algorithm {
        Some(name) => Algorithm::parse(name.as_str())?,
        None => source.checksum.as_ref().map_or(Algorithm::Crc64Nvme, |stored| stored.value.algorithm),
    };
    let stream = ReaderStream::new(tokio::fs::File::from_std(file));
    let body =
        receive_body(&store.temporary_folder(), stream, ClientDigests::default(), vec![algorithm]).await?;
    let target = (input.bucket.as_str(), input.key.as_str());
    let version = commit_object(
        store,
        target,
        ReceivedObject { body, algorithm, attributes },
        &WriteCondition::default(),
    )?;
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
        copy_source_version_id: source.public_version_id(),
        version_id: version.public_version_id(),
        ..Default::default()
    })
}

/// An object that was received completely, before it becomes visible.
struct ReceivedObject {
    body: ReceivedBody,
    algorithm: Algorithm,
    attributes: ObjectAttributes,
}

fn commit_object(
    store: &Store,
    target: (&str, &str),
    received: ReceivedObject,
    condition: &WriteCondition,
) -> S3Result<Arc<Version>> {
    let ReceivedObject { body, algorithm, attributes } = received;
    let new = NewObject {
        size: body.size,
        etag: body.etag(),
        checksum: ObjectChecksum { value: body.checksum(algorithm)?, kind: ChecksumKind::FullObject },
        attributes,
        file: body.file,
    };
    store.commit(&mut store.lock(), target, new, condition)
}

pub(super) async fn get_object_tagging(
    store: &Store,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<GetObjectTaggingOutput> {
    let input = request.input;
    let state = store.lock();
    let version = state.bucket(&input.bucket)?.version(&input.key, input.version_id.as_deref())?;
    let tags = version.attributes.tags.iter();
    let tag = |(key, value): &(String, String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    Ok(GetObjectTaggingOutput { tag_set: tags.map(tag).collect(), version_id: version.public_version_id() })
}

pub(super) async fn put_object_tagging(
    store: &Store,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<PutObjectTaggingOutput> {
    let input = request.input;
    let mut state = store.lock();
    let bucket = state.bucket_mut(&input.bucket)?;
    let mut version = (*bucket.version(&input.key, input.version_id.as_deref())?).clone();
    let text = |text: Option<String>| text.unwrap_or_default();
    version.attributes.tags =
        input.tagging.tag_set.into_iter().map(|tag| (text(tag.key), text(tag.value))).collect();
    store.save_version(&input.bucket, &version)?;
    let version_id = version.public_version_id();
    let versions = bucket.objects.get_mut(&input.key).into_iter().flatten();
    if let Some(slot) = { versions }.find(|slot| slot.id == version.id) {
        *slot = Arc::new(version);
    }
    Ok(PutObjectTaggingOutput { version_id })
}
