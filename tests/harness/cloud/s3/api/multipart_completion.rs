//! CompleteMultipartUpload: the parts become an object.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use crate::cloud::s3::checksum::{Algorithm, ChecksumValue, ObjectChecksum, client_checksums, set_checksum};
use crate::cloud::s3::conditions::WriteCondition;
use crate::cloud::s3::multipart::concatenate;
use crate::cloud::s3::object::as_i64;
use crate::cloud::s3::receive_body::TemporaryFile;
use crate::cloud::s3::store::{NewObject, Store};
use crate::cloud::s3::upload_store::{UploadAddress, find_upload, part_files, remove_upload};

pub(super) async fn complete_multipart_upload(
    store: &Store,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let input = request.input;
    let (bucket, key, id) = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
    let address = UploadAddress { bucket, key, upload_id: id };
    let (upload, condition) = {
        let mut state = store.lock();
        let upload = find_upload(&mut state, address)?.clone();
        let condition = WriteCondition {
            if_match: input.if_match.clone(),
            if_none_match: input.if_none_match.clone(),
            deletes_before: upload.deletes_before,
        };
        // Checked again at the commit. This check only avoids copying the parts in vain.
        let current = state.bucket(bucket)?.current(key).map(AsRef::as_ref);
        condition.check(current, state.deletes(bucket, key))?;
        (upload, condition)
    };
    let list = input.multipart_upload.as_ref().and_then(|list| list.parts.as_deref());
    let parts = upload.select_parts(list.unwrap_or_default())?;
    let (etag, checksum) = upload.compute_digests(&parts)?;
    let size = parts.iter().map(|part| part.size).sum();
    check_client_digests(&input, &checksum, size)?;

    let file = TemporaryFile::new(&store.temporary_folder());
    let (sources, target) = (part_files(store, id, &parts), file.path.clone());
    let copied = tokio::task::spawn_blocking(move || concatenate(&sources, &target)).await;

    let mut state = store.lock();
    // An abort or another completion may have removed the part files meanwhile.
    find_upload(&mut state, address)?;
    copied.map_err(S3Error::internal_error)?.map_err(S3Error::internal_error)?;
    let new = NewObject { file, size, etag, checksum, attributes: upload.attributes };
    let version = store.commit(&mut state, (bucket, key), new, &condition)?;
    remove_upload(store, &mut state, id);
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{key}")),
        e_tag: Some(version.etag()),
        version_id: version.public_version_id(),
        bucket: Some(input.bucket),
        key: Some(input.key),
        ..Default::default()
    };
    if let Some(checksum) = &version.checksum {
        set_checksum!(output, &checksum.value);
        output.checksum_type = Some(checksum.kind.to_dto());
    }
    Ok(output)
}

/// Checks what the client states about the complete object against the parts.
fn check_client_digests(
    input: &CompleteMultipartUploadInput,
    checksum: &ObjectChecksum,
    size: u64,
) -> S3Result<()> {
    if input.mpu_object_size.is_some_and(|given| given != as_i64(size)) {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header does not match what was computed"
        ));
    }
    if input.checksum_type.as_ref().is_some_and(|kind| kind.as_str() != checksum.kind.name()) {
        return Err(s3_error!(InvalidRequest, "The upload was created with another checksum type"));
    }
    for given in client_checksums!(input) {
        if given.algorithm != checksum.value.algorithm {
            return Err(s3_error!(InvalidRequest, "The upload was created with another checksum algorithm"));
        }
        // Composite values are accepted with and without the number of parts.
        let computed = checksum.value.base64.as_str();
        if given.base64 != computed
            && Some(given.base64.as_str()) != computed.rsplit_once('-').map(|(digest, _)| digest)
        {
            let name = given.algorithm.name();
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(())
}
