//! GetObject and HeadObject, with ranges and conditions.

use std::fs::File;
use std::io::SeekFrom;
use std::ops;

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::cloud::s3::checksum::{Algorithm, ChecksumValue, set_checksum};
use crate::cloud::s3::conditions::ReadCondition;
use crate::cloud::s3::object::{Version, as_i64, timestamp};
use crate::cloud::s3::store::Store;

const BUFFER_BYTES: usize = 64 * 1024;

/// Reads the conditions from the input of GetObject or HeadObject.
macro_rules! read_condition {
    ($input:expr) => {
        ReadCondition {
            if_match: $input.if_match.clone(),
            if_none_match: $input.if_none_match.clone(),
            if_modified_since: $input.if_modified_since.clone(),
            if_unmodified_since: $input.if_unmodified_since.clone(),
        }
    };
}

/// Sets the headers that the responses of GetObject and HeadObject share.
macro_rules! describe {
    ($output:expr, $version:expr, $range:expr, $input:expr) => {{
        let (version, attributes): (&Version, _) = ($version, &$version.attributes);
        let is_complete = ($range.end - $range.start) == version.size;
        $output.accept_ranges = Some("bytes".into());
        $output.content_length = Some(as_i64($range.end - $range.start));
        $output.content_type = $input
            .response_content_type
            .clone()
            .or_else(|| attributes.content_type.clone())
            .or_else(|| Some("binary/octet-stream".into()));
        $output.content_disposition =
            $input.response_content_disposition.clone().or_else(|| attributes.content_disposition.clone());
        $output.content_encoding = attributes.content_encoding.clone();
        $output.content_language = attributes.content_language.clone();
        $output.cache_control = attributes.cache_control.clone();
        $output.storage_class = attributes.storage_class.clone().map(StorageClass::from);
        $output.metadata = attributes.metadata.clone();
        $output.e_tag = Some(version.etag());
        $output.last_modified = Some(timestamp(version.modified_millis));
        $output.version_id = version.public_version_id();
        if let Some(checksum) = &version.checksum
            && is_complete
            && $input.checksum_mode.is_some()
        {
            set_checksum!($output, &checksum.value);
            $output.checksum_type = Some(checksum.kind.to_dto());
        }
    }};
}

pub(super) async fn get_object(
    store: &Store,
    request: S3Request<GetObjectInput>,
) -> S3Result<GetObjectOutput> {
    let input = request.input;
    let (version, file) = store.open_object(&input.bucket, &input.key, input.version_id.as_deref())?;
    read_condition!(input).check(&version)?;
    let range = range(&version, input.range)?;
    let mut output = GetObjectOutput::default();
    describe!(output, version.as_ref(), range, input);
    output.content_range = input.range.map(|_| content_range(&range, version.size));
    output.tag_count = i32::try_from(version.attributes.tags.len()).ok().filter(|count| *count > 0);
    output.body = Some(body(file, range).await?);
    Ok(output)
}

pub(super) async fn head_object(
    store: &Store,
    request: S3Request<HeadObjectInput>,
) -> S3Result<HeadObjectOutput> {
    let input = request.input;
    let state = store.lock();
    let version = state.bucket(&input.bucket)?.version(&input.key, input.version_id.as_deref())?;
    drop(state);
    read_condition!(input).check(&version)?;
    let range = range(&version, input.range)?;
    let mut output = HeadObjectOutput::default();
    describe!(output, version.as_ref(), range, input);
    output.content_range = input.range.map(|_| content_range(&range, version.size));
    Ok(output)
}

fn range(version: &Version, requested: Option<Range>) -> S3Result<ops::Range<u64>> {
    let Some(requested) = requested else {
        return Ok(0..version.size);
    };
    requested
        .check(version.size)
        .map_err(|_| s3_error!(InvalidRange, "The requested range is not satisfiable"))
}

fn content_range(range: &ops::Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

async fn body(file: File, range: ops::Range<u64>) -> S3Result<StreamingBlob> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(range.start)).await.map_err(S3Error::internal_error)?;
    let bytes = ReaderStream::with_capacity(file.take(range.end - range.start), BUFFER_BYTES);
    Ok(StreamingBlob::wrap(bytes))
}
