//! Objects in S3: complete or not at all, written once, with a checksum that S3 confirms.

use bucket::{Bucket, ObjectKey, UploadOutcome, UploadRequest};
use bytes::Bytes;
use futures_util::{Stream, stream};
use model::{ChecksumAlgorithm, Error, ErrorClass, JobId, ProviderName};

use crate::server::Server;

const MEBIBYTE: usize = 1024 * 1024;

async fn start_bucket() -> (Server, Bucket) {
    let server = Server::start("LOCALEMU_ENDPOINT").await;
    server.clients.s3.create_bucket().bucket(&server.name).send().await.expect("a bucket");
    let bucket = Bucket::new(
        &server.aws.streaming_config("S3"),
        &server.name,
        "landed/",
        ChecksumAlgorithm::Crc64Nvme,
    );
    (server, bucket)
}

fn key() -> ObjectKey {
    ObjectKey::Archive(ProviderName::new("abyssale"), JobId::generate())
}

/// Bytes that differ from position to position, in uneven pieces.
fn pieces(length: usize) -> Vec<Bytes> {
    let content: Bytes = (0..length).map(|at| (at.wrapping_mul(31) >> 3) as u8).collect::<Vec<u8>>().into();
    (0..length).step_by(700_001).map(|at| content.slice(at..length.min(at + 700_001))).collect()
}

fn stream_of(pieces: &[Bytes]) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
    let owned = pieces.to_vec();
    stream::iter(owned.into_iter().map(Ok))
}

fn upload(key: &ObjectKey, length: Option<usize>) -> UploadRequest<'_> {
    UploadRequest { key, content_type: "application/zip", length: length.map(|length| length as u64) }
}

async fn assert_uploads(length: usize, is_length_known: bool) {
    let (server, bucket) = start_bucket().await;
    let (key, pieces) = (key(), pieces(length));
    let declared_length = is_length_known.then_some(length);
    let stored =
        bucket.upload_stream(upload(&key, declared_length), stream_of(&pieces)).await.expect("stored");
    let UploadOutcome::Stored { bytes, checksum } = stored else { panic!("the key was free") };
    assert_eq!(bytes, length as u64);
    let existing = bucket.head_object(&key).await.expect("an answer").expect("there");
    assert_eq!((existing.bytes, existing.checksum), (bytes, Some(checksum.clone())));
    assert_eq!(bucket.compute_checksum(&key).await.expect("read"), checksum);
    let read = bucket.get_object(&bucket.object_key(&key)).await.expect("an answer").expect("there");
    assert!(read == pieces.concat(), "the bytes are the same");
    assert_no_open_upload(&server).await;
}

async fn assert_no_open_upload(server: &Server) {
    let open =
        server.clients.s3.list_multipart_uploads().bucket(&server.name).send().await.expect("an answer");
    assert!(open.uploads().is_empty(), "an upload is still open");
}

#[tokio::test]
async fn a_small_file_of_known_length_is_stored() {
    assert_uploads(3 * MEBIBYTE + 17, true).await;
}

#[tokio::test]
async fn an_empty_file_is_stored() {
    assert_uploads(0, true).await;
}

#[tokio::test]
async fn a_file_of_unknown_length_is_stored() {
    assert_uploads(20 * MEBIBYTE + 5, false).await;
}

#[tokio::test]
async fn an_empty_file_of_unknown_length_is_stored() {
    assert_uploads(0, false).await;
}

#[tokio::test]
async fn a_file_above_64_mib_is_a_multipart_upload() {
    assert_uploads(65 * MEBIBYTE, true).await;
}

#[tokio::test]
async fn an_existing_object_is_not_overwritten() {
    for (first, second) in [(Some(5), Some(7)), (Some(5), None)] {
        let (server, bucket) = start_bucket().await;
        let key = key();
        bucket.upload_stream(upload(&key, first), stream_of(&pieces(5))).await.expect("stored");
        let second_upload =
            bucket.upload_stream(upload(&key, second), stream_of(&pieces(7))).await.expect("an answer");
        assert_eq!(second_upload, UploadOutcome::AlreadyExists);
        assert_eq!(bucket.head_object(&key).await.expect("an answer").expect("there").bytes, 5);
        assert_no_open_upload(&server).await;
    }
}

#[tokio::test]
async fn a_failing_source_leaves_no_object_and_no_upload() {
    for declared_length in [Some(10 * MEBIBYTE), None] {
        let (server, bucket) = start_bucket().await;
        let key = key();
        let broken = pieces(9 * MEBIBYTE).into_iter().map(Ok);
        let broken = broken.chain([Err(Error::new(ErrorClass::SourceUnavailable, "it broke off"))]);
        let result = bucket
            .upload_stream(upload(&key, declared_length), stream::iter(broken.collect::<Vec<_>>()))
            .await;
        assert_eq!(Error::from(result.expect_err("broken")).message, "it broke off");
        assert_eq!(bucket.head_object(&key).await.expect("an answer"), None);
        assert_no_open_upload(&server).await;
    }
}

#[tokio::test]
async fn a_range_read_returns_exactly_its_bytes() {
    let (_server, bucket) = start_bucket().await;
    let (key, pieces) = (key(), pieces(2 * MEBIBYTE));
    bucket.upload_stream(upload(&key, Some(2 * MEBIBYTE)), stream_of(&pieces)).await.expect("stored");
    let read = bucket.read_range(&key, 1_000_000..1_500_001).await.expect("read");
    assert!(read == pieces.concat()[1_000_000..1_500_001], "the bytes are the same");
    assert!(bucket.read_range(&key, 2_000_000..3_000_000).await.is_err(), "a range beyond the end fails");
}

#[tokio::test]
async fn deleting_an_object_is_idempotent() {
    let (_server, bucket) = start_bucket().await;
    let key = key();
    bucket.put_if_absent(&key, "text/plain", Bytes::from_static(b"x")).await.expect("stored");
    for _ in 0..2 {
        bucket.delete_object(&key).await.expect("removed");
        assert_eq!(bucket.head_object(&key).await.expect("an answer"), None);
    }
    assert!(bucket.get_object(&bucket.object_key(&key)).await.expect("an answer").is_none());
}
