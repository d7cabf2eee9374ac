#![doc = include_str!("../README.md")]

mod abandoned_uploads;
mod body;
mod buffered_upload;
mod checksum;
mod errors;
mod get_object;
mod key;
mod multipart_upload;
mod operations;
mod part;
mod presign_credentials;
mod presigned_url;
mod put_if_absent;
mod put_object;
mod s3_bucket;
mod upload;
mod upload_request;

pub use errors::UploadPartError;
pub use key::ObjectKey;
pub use multipart_upload::PartTarget;
pub use operations::Bucket;
pub use part::UploadedPart;
pub use presign_credentials::PresignCredentials;
pub use presigned_url::{PresignRequest, PresignedUrl, Presigner};
pub use put_if_absent::PutOutcome;
pub use s3_bucket::ObjectInfo;
pub use upload_request::{MAX_PUT_OBJECT_BYTES, UploadOutcome, UploadRequest};
