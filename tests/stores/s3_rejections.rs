//! Writes that S3 rejects although the key is free: they met another request for it, or their body paused.

use bucket::{Bucket, ObjectKey, PartTarget, UploadError, UploadOutcome, UploadRequest};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use harness::{
    cloud::{Outage, Rejection, Service},
    until,
};
use model::{ChecksumAlgorithm, Error, JobId, ProviderName};

use crate::server::Server;

const CONFLICT: Outage = Outage::Reject(Rejection::CONDITIONAL_REQUEST_CONFLICT);
const BYTES: Bytes = Bytes::from_static(b"the bytes");

async fn start_bucket() -> (Server, Bucket, ObjectKey) {
    let server = Server::start_embedded().await;
    server.clients.s3.create_bucket().bucket(&server.name).send().await.expect("a bucket");
    let aws = server.aws.streaming_config("S3");
    let bucket = Bucket::new(&aws, &server.name, "", ChecksumAlgorithm::Crc64Nvme);
    (server, bucket, ObjectKey::Archive(ProviderName::new("abyssale"), JobId::generate()))
}

fn reject_next(server: &Server, operation: &str, rejection: Outage) {
    server.cloud().faults().next(Service::S3, operation, rejection, 1);
}

fn upload(key: &ObjectKey) -> UploadRequest<'_> {
    UploadRequest { key, content_type: "text/plain", length: Some(BYTES.len() as u64) }
}

fn one_chunk() -> impl futures_util::Stream<Item = Result<Bytes, Error>> + Send {
    stream::iter([Ok(BYTES)])
}

/// Uploads the only part of a new multipart upload. Returns its id and completes nothing.
async fn upload_one_part(bucket: &Bucket, key: &ObjectKey) -> (String, bucket::UploadedPart) {
    let id = bucket.create_multipart_upload(key, "text/plain").await.expect("an upload");
    let target = PartTarget { key, id: &id, number: 1 };
    let part = bucket.upload_part(target, BYTES.len() as u64, one_chunk()).await.expect("a part");
    (id, part)
}

async fn delete(server: &Server, bucket: &Bucket, key: &ObjectKey) {
    let delete = server.clients.s3.delete_object().bucket(&server.name).key(bucket.object_key(key));
    delete.send().await.expect("deleted");
}

#[tokio::test]
async fn bytes_that_met_a_conflict_are_put_again() {
    let (server, bucket, key) = start_bucket().await;
    reject_next(&server, "PutObject", CONFLICT);
    let put = bucket.put_if_absent(&key, "text/plain", BYTES).await.expect("stored");
    assert!(put.is_new);
    assert_eq!(server.cloud().object_writes(&server.name, &bucket.object_key(&key)), 1);
}

#[tokio::test]
async fn a_stream_that_met_a_conflict_is_opened_and_put_again() {
    let (server, bucket, key) = start_bucket().await;
    reject_next(&server, "PutObject", CONFLICT);
    let put = bucket.put_stream_if_absent(upload(&key), one_chunk).await.expect("stored");
    assert!(put.is_new);
}

#[tokio::test]
async fn a_put_whose_key_is_deleted_meanwhile_meets_a_conflict() {
    let (server, bucket, key) = start_bucket().await;
    let (start, end) = (BYTES.slice(..4), BYTES.slice(4..));
    let rest = async {
        until("the put has begun", || async {
            (server.cloud().requests().count(Service::S3, "PutObject") == 1).then_some(())
        })
        .await;
        delete(&server, &bucket, &key).await;
        Ok(end)
    };
    let uploaded =
        bucket.upload_stream(upload(&key), stream::iter([Ok(start)]).chain(stream::once(rest))).await;
    assert!(matches!(uploaded, Err(UploadError::Conflict(_))), "{uploaded:?}");
    let uploaded = bucket.upload_stream(upload(&key), one_chunk()).await;
    assert!(matches!(uploaded, Ok(UploadOutcome::Stored { .. })), "{uploaded:?}");
}

#[tokio::test]
async fn a_lasting_conflict_is_the_error_of_the_put() {
    let (server, bucket, key) = start_bucket().await;
    server.cloud().faults().s3(CONFLICT);
    let error = bucket.put_if_absent(&key, "text/plain", BYTES).await.expect_err("a conflict");
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(server.cloud().requests().count(Service::S3, "PutObject"), 4);
}

#[tokio::test]
async fn a_multipart_upload_whose_key_was_deleted_meanwhile_needs_a_new_upload() {
    let (server, bucket, key) = start_bucket().await;
    let (id, part) = upload_one_part(&bucket, &key).await;
    delete(&server, &bucket, &key).await;
    let completed = bucket.complete_multipart_upload(&key, &id, &[part]).await;
    assert!(matches!(completed, Err(UploadError::Conflict(_))), "{completed:?}");
    let (id, part) = upload_one_part(&bucket, &key).await;
    let completed = bucket.complete_multipart_upload(&key, &id, &[part]).await;
    assert!(matches!(completed, Ok(UploadOutcome::Stored { .. })), "{completed:?}");
}

#[tokio::test]
async fn a_conflict_with_a_request_that_stored_the_object_aborts_the_upload() {
    let (server, bucket, key) = start_bucket().await;
    let (id, part) = upload_one_part(&bucket, &key).await;
    bucket.put_if_absent(&key, "text/plain", BYTES).await.expect("stored");
    reject_next(&server, "CompleteMultipartUpload", CONFLICT);
    let completed = bucket.complete_multipart_upload(&key, &id, &[part]).await;
    assert!(matches!(completed, Ok(UploadOutcome::AlreadyExists)), "{completed:?}");
    let open = server.clients.s3.list_multipart_uploads().bucket(&server.name).send().await;
    assert!(open.expect("an answer").uploads().is_empty(), "the upload is still open");
}

#[tokio::test]
async fn a_paused_body_is_told_from_a_failure_of_the_bucket() {
    let (server, bucket, key) = start_bucket().await;
    reject_next(&server, "PutObject", Outage::Reject(Rejection::REQUEST_TIMEOUT));
    let uploaded = bucket.upload_stream(upload(&key), one_chunk()).await;
    assert!(matches!(uploaded, Err(UploadError::IdleBody(_))), "{uploaded:?}");
}

#[tokio::test]
async fn a_put_under_its_own_key_reads_nothing_when_the_object_exists() {
    let (server, bucket, key) = start_bucket().await;
    reject_next(&server, "PutObject", Outage::LoseAnswers);
    bucket.put_under_own_key(&key, "text/plain", BYTES).await.expect("stored");
    let requests = server.cloud().requests();
    assert_eq!(requests.count(Service::S3, "PutObject"), 2, "the SDK repeated the put");
    assert_eq!(requests.count(Service::S3, "HeadObject"), 0);
}
