#![doc = include_str!("../README.md")]

mod abandoned_uploads;
mod bucket;
mod buffered_upload;
mod channel_body;
mod checksum;
mod errors;
mod get_object;
mod multipart_upload;
mod object_key;
mod presign_credentials;
mod presigned_url;
mod put_if_absent;
mod put_object;
mod replace_object;
mod s3_bucket;
mod upload_request;
mod upload_stream;
mod uploaded_part;

pub use bucket::Bucket;
pub use errors::UploadError;
pub use multipart_upload::PartTarget;
pub use object_key::ObjectKey;
pub use presign_credentials::PresignCredentials;
pub use presigned_url::{PresignRequest, PresignedUrl, Presigner};
pub use put_if_absent::PutOutcome;
pub use s3_bucket::ObjectInfo;
pub use upload_request::{MAX_PUT_OBJECT_BYTES, UploadOutcome, UploadRequest};
pub use uploaded_part::UploadedPart;
