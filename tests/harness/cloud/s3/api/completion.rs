//! The end of a multipart upload, where its parts become an object.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::super::checksum::{Algorithm, Stored, Value, given_checksums, set_checksum};
use super::super::conditions::WriteCondition;
use super::super::multipart::concatenate;
use super::super::object::length;
use super::super::receive::TemporaryFile;
use super::super::store::NewObject;
use super::Api;
use super::objects::disk;

impl Api {
    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let input = request.input;
        let (bucket, key, id) = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
        let condition =
            WriteCondition { if_match: input.if_match.clone(), if_none_match: input.if_none_match.clone() };
        let upload = {
            let mut state = self.store.lock();
            let upload = state.upload(bucket, key, id)?.clone();
            // Asked again at the commit; now only to spare the copying.
            condition.check(state.bucket(bucket)?.current(key).map(AsRef::as_ref))?;
            upload
        };
        let list = input.multipart_upload.as_ref().and_then(|list| list.parts.as_deref());
        let parts = upload.chosen_parts(list.unwrap_or_default())?;
        let (etag, checksum) = upload.digests(&parts)?;
        let size = parts.iter().map(|part| part.size).sum();
        check_promises(&input, &checksum, size)?;

        let file = TemporaryFile::new(&self.store.receiving());
        let (sources, target) = (self.store.part_files(id, &parts), file.path.clone());
        let copied = tokio::task::spawn_blocking(move || concatenate(&sources, &target)).await;

        let mut state = self.store.lock();
        // An abort or another completion may have come first and taken the part files away.
        state.upload(bucket, key, id)?;
        copied.map_err(S3Error::internal_error)?.map_err(disk)?;
        let new = NewObject { file, size, etag, checksum, attributes: upload.attributes };
        let version = self.store.commit(&mut state, (bucket, key), new, &condition)?;
        self.store.end_upload(&mut state, id);
        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!("/{bucket}/{key}")),
            e_tag: Some(version.etag()),
            version_id: version.shown_version(),
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
}

/// What the client says about the whole object must fit the parts.
fn check_promises(input: &CompleteMultipartUploadInput, checksum: &Stored, size: u64) -> S3Result<()> {
    if input.mpu_object_size.is_some_and(|promised| promised != length(size)) {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header does not match what was computed"
        ));
    }
    if input.checksum_type.as_ref().is_some_and(|kind| kind.as_str() != checksum.kind.name()) {
        return Err(s3_error!(InvalidRequest, "The upload was created with another checksum type"));
    }
    for promised in given_checksums!(input) {
        if promised.algorithm != checksum.value.algorithm {
            return Err(s3_error!(InvalidRequest, "The upload was created with another checksum algorithm"));
        }
        // Composite values are accepted with and without the number of parts.
        let computed = checksum.value.base64.as_str();
        if promised.base64 != computed
            && Some(promised.base64.as_str()) != computed.rsplit_once('-').map(|(digest, _)| digest)
        {
            let name = promised.algorithm.name();
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(())
}
