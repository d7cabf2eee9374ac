//! ListObjectsV2 and ListObjectVersions.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use crate::cloud::s3::listing::{ListRequest, list_page, page_limit};
use crate::cloud::s3::object::{Version, as_i64, timestamp};
use crate::cloud::s3::store::Store;

pub(super) async fn list_objects_v2(
    store: &Store,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let input = request.input;
    let token = input.continuation_token.as_ref().map(|token| read_token(token)).transpose()?;
    let limit = page_limit(input.max_keys);
    let list_request = ListRequest {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref(),
        after: token.as_deref().or(input.start_after.as_deref()).unwrap_or_default(),
        limit,
    };
    let state = store.lock();
    let bucket = state.bucket(&input.bucket)?;
    let page = list_page(&bucket.objects, &list_request, |versions| {
        versions.last().is_some_and(|version| !version.is_delete_marker)
    });
    let contents: Vec<Object> = page
        .entries
        .iter()
        .filter_map(|(_, versions)| versions.last())
        .map(|version| Object {
            key: Some(version.key.clone()),
            size: Some(as_i64(version.size)),
            e_tag: Some(version.etag()),
            last_modified: Some(timestamp(version.modified_millis)),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            ..Default::default()
        })
        .collect();
    let count = contents.len() + page.common_prefixes.len();
    Ok(ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        max_keys: i32::try_from(limit).ok(),
        key_count: i32::try_from(count).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|next| URL_SAFE_NO_PAD.encode(next)),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes(page.common_prefixes)),
        prefix: input.prefix.clone(),
        delimiter: input.delimiter.clone(),
        start_after: input.start_after.clone(),
        continuation_token: input.continuation_token.clone(),
        ..Default::default()
    })
}

/// A page ends between keys: all versions of a key are on one page, which may exceed the limit.
pub(super) async fn list_object_versions(
    store: &Store,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<ListObjectVersionsOutput> {
    let input = request.input;
    let list_request = ListRequest {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref(),
        after: input.key_marker.as_deref().unwrap_or_default(),
        limit: page_limit(input.max_keys),
    };
    let state = store.lock();
    let page = list_page(&state.bucket(&input.bucket)?.objects, &list_request, |_| true);
    let mut output = ListObjectVersionsOutput {
        name: Some(input.bucket.clone()),
        is_truncated: Some(page.next.is_some()),
        next_key_marker: page.next,
        common_prefixes: Some(common_prefixes(page.common_prefixes)),
        prefix: input.prefix.clone(),
        ..Default::default()
    };
    for (_, versions) in page.entries {
        for (index, version) in versions.iter().rev().enumerate() {
            add_version(&mut output, version, index == 0);
        }
    }
    Ok(output)
}

fn add_version(output: &mut ListObjectVersionsOutput, version: &Version, is_latest: bool) {
    let key = Some(version.key.clone());
    let version_id = Some(version.version_id.clone());
    let last_modified = Some(timestamp(version.modified_millis));
    let is_latest = Some(is_latest);
    if version.is_delete_marker {
        let marker = DeleteMarkerEntry { key, version_id, last_modified, is_latest, owner: None };
        output.delete_markers.get_or_insert_default().push(marker);
    } else {
        output.versions.get_or_insert_default().push(ObjectVersion {
            key,
            version_id,
            last_modified,
            is_latest,
            e_tag: Some(version.etag()),
            size: Some(as_i64(version.size)),
            ..Default::default()
        });
    }
}

fn common_prefixes(prefixes: Vec<String>) -> Vec<CommonPrefix> {
    prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) }).collect()
}

fn read_token(token: &str) -> S3Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}
