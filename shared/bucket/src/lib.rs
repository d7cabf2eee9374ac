#![doc = include_str!("../README.md")]

mod abandoned_uploads;
mod body;
mod bucket;
mod checksum;
mod errors;
mod get_object;
mod key;
mod multipart_upload;
mod presign_credentials;
mod presigned_url;
mod put_if_absent;
mod put_object;
mod upload;
mod upload_part;

pub use bucket::{Bucket, ObjectInfo};
pub use key::Key;
pub use presign_credentials::PresignCredentials;
pub use presigned_url::{DownloadRequest, PresignedUrl, Presigner};
pub use put_if_absent::PutOutcome;
pub use upload::{MAX_PUT_OBJECT_BYTES, Upload, UploadedObject};
pub use upload_part::{Part, UploadPartError};
