//! One streamed `PutObject`, for a stream of known length.

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures_util::Stream;
use model::{Checksum, Error, ErrorClass};
use tokio::sync::mpsc;

use crate::{
    Bucket, Upload,
    body::{ChannelBody, WAITING, feed},
    checksum::Running,
    errors::{WriteError, unwritten},
};

impl Bucket {
    pub(crate) async fn put_streamed(
        &self,
        upload: Upload<'_>,
        length: u64,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<(u64, Checksum), WriteError> {
        let (sender, pieces) = mpsc::channel(WAITING);
        let mut running = Running::new(self.algorithm);
        let body = SdkBody::from_body_1_x(ChannelBody { pieces, left: length });
        let put = (self.client.put_object().bucket(&self.bucket).key(self.key(upload.key)))
            .content_type(upload.content_type)
            .content_length(i64::try_from(length).unwrap_or(i64::MAX))
            .if_none_match("*")
            .body(ByteStream::new(body))
            .customize()
            .disable_payload_signing();
        let (fed, put) = tokio::join!(feed(bytes, sender, &mut running), put.send());
        // The source's error comes first: it is why the upload broke.
        fed?;
        let put = put.map_err(unwritten)?;
        let ours = running.finish();
        if running.bytes() != length {
            let message = format!("the source gave {} of {length} bytes", running.bytes());
            return Err(Error::new(ErrorClass::SourceUnavailable, message).into());
        }
        let theirs = match ours.algorithm {
            model::ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(),
            model::ChecksumAlgorithm::Crc32 => put.checksum_crc32(),
        };
        if theirs.is_some_and(|theirs| theirs != ours.value) {
            self.delete(upload.key).await?;
            let message = "the bucket stored other bytes than were sent; they were removed";
            return Err(Error::new(ErrorClass::StorageUnavailable, message).into());
        }
        Ok((length, ours))
    }
}
